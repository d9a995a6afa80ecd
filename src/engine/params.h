/* SPDX-License-Identifier: MIT */
/* params.h - the parameters of speech: the table, and what is right. */
#ifndef ECHO_PARAMS_H
#define ECHO_PARAMS_H

#include "echotts.h"

/* The reference's. */
echo_params echo_params_reference(void);

/* Is the field of this row in its range?  of: the struct that the offset is in. */
echo_status echo_param_check(const echo_param *row, const void *of, echo_error *err);

#endif

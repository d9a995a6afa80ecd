/* SPDX-License-Identifier: MIT */
/* params.h - the parameters of speech: the table, and what is right. */
#ifndef ECHO_PARAMS_H
#define ECHO_PARAMS_H

#include "echotts.h"

/* The reference's. */
echo_params echo_params_reference(void);

/* ECHO_ERR_ARG with the field and its range. */
echo_status echo_params_check(const echo_params *p, echo_error *err);

#endif

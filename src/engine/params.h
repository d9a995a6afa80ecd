/* SPDX-License-Identifier: MIT */
/* params.h - the parameters of speech: the table, and what is right. */
#ifndef ECHO_PARAMS_H
#define ECHO_PARAMS_H

#include "echotts.h"

/* The reference's. */
echo_params echo_params_reference(void);

#endif

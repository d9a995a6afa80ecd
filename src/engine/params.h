/* SPDX-License-Identifier: MIT */
/* params.h - the knobs of a generation: defaults, ranges, a model's own defaults. */
#ifndef ECHO_PARAMS_H
#define ECHO_PARAMS_H

#include "echotts.h"

/* The reference's. */
echo_params echo_params_reference(void);

/* ECHO_ERR_ARG with the field and its range. */
echo_status echo_params_check(const echo_params *p, echo_error *err);

/* Change what the JSON object in a model's echotts.json names. */
echo_status echo_params_read(echo_params *p, const char *path, echo_error *err);
/* The same from its text; path is for messages. */
echo_status echo_params_parse(echo_params *p, const char *path, const char *text,
                              echo_error *err);

#endif

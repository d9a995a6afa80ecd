/* SPDX-License-Identifier: MIT */
/* params.h - the knobs of a generation: defaults, ranges, what a model brings of its own. */
#ifndef ECHO_PARAMS_H
#define ECHO_PARAMS_H

#include "text/vocabulary.h"

/* The reference's. */
echo_params echo_params_reference(void);

/* ECHO_ERR_ARG with the field and its range. */
echo_status echo_params_check(const echo_params *p, echo_error *err);

/* Change what the JSON object in a model's echotts.json names; v, empty before, is to be given
 * back after failures, too. */
echo_status echo_params_read(echo_params *p, struct vocabulary *v, const char *path,
                             echo_error *err);
/* The same from its text; path is for messages. */
echo_status echo_params_parse(echo_params *p, struct vocabulary *v, const char *path,
                              const char *text, echo_error *err);

#endif

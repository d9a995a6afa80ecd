/* SPDX-License-Identifier: MIT */
/* parameters.h - the library's parameters of speech, as options. */
#ifndef CLI_PARAMETERS_H
#define CLI_PARAMETERS_H

#include "options.h"

/* A row for each of echo_param_at(), in its order; `at` is the offset in echo_params.  The last
 * one has no name. */
const struct option *parameters_rows(void);

/* --preset, a group of its own for commands that have the parameters. */
extern const struct option preset_options[];

#endif

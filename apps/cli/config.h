/* SPDX-License-Identifier: MIT */
/* config.h - settings as they are in the end, for --print-config and for reports. */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include <jansson.h>

#include "options.h"

/* The value of an option, or of a parameter's row: a word where one stands for the number, and
 * null where nothing is given.  `at` is where it lies. */
json_t *config_value(const struct option *o, const void *at);

/* The same as a command line takes it: "auto", "0.8", "128,64". */
void config_text(char *out, size_t size, const struct option *o, const void *at);

/* All parameters by their names in echo_params. */
json_t *config_of_params(const echo_params *p);

/* All options of the command but its parameters, by their names with underscores: as given,
 * else by the environment, else as preset. */
json_t *config_of_options(const struct command *c, const void *job);

/* Put the model's defaults (the reference's, if it is NULL) under the parameters that were
 * given, and draw a seed, if none was. */
echo_status config_complete(const struct command *c, void *job, const echo_model *model,
                            echo_error *err);

/* Do what --print-config asks for: print config_of_options(), the command, the paths of the
 * model and of the file of settings, "origins" of all of them, and "parameters".  No weights
 * are read. */
echo_status config_print(const struct command *c, void *job, echo_error *err);

#endif

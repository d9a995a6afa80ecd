/* SPDX-License-Identifier: MIT */
/*
 * config_file.h - a file of settings: options by their long names, for all commands, for one,
 * and for one model.  docs/CONFIG.md describes it.
 */
#ifndef CLI_CONFIG_FILE_H
#define CLI_CONFIG_FILE_H

#include "options.h"

struct config_file;

/* Open the file that is named, else that of $ECHOTTS_CONFIG, else the usual one, and check all
 * of it, whatever it is for.  NULL where there is none: "none" was asked for, or the usual one
 * does not exist. */
echo_status config_file_open(struct config_file **out, const char *named, echo_error *err);
void config_file_close(struct config_file **f);

/* May the command be given a --config? */
bool config_file_is_for(const struct command *c);

/*
 * Give the job what it was not given on the command line: what the file (NULL: none) has for
 * its model, for the command, and for all, and a preset's values where the preset was named.
 * The file has to stay open while the job runs.
 */
echo_status config_file_apply(struct config_file *f, const struct command *c, void *job,
                              echo_error *err);

/* Add to the line about a value of the file where it was set. */
void config_file_explain(const struct config_file *f, const struct command *c, const void *job,
                         echo_error *err);

#endif

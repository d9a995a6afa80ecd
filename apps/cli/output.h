/* SPDX-License-Identifier: MIT */
/* output.h - files to be written, looked at before minutes of work go into them. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "echotts.h"

/* Can this be written?  "-" is standard output.  The file itself stays as it is. */
echo_status output_check(const char *path, echo_error *err);

/* The same for a file that cannot go to standard output. */
echo_status output_check_named(const char *path, echo_error *err);

/* Write it whole: "-" is standard output, and a file appears complete or not at all. */
echo_status output_save(const char *path, const void *data, size_t bytes, echo_error *err);

/* As a person calls it. */
const char *output_name(const char *path);

/* What went to stdout so far has arrived. */
echo_status output_flush(echo_error *err);

#endif

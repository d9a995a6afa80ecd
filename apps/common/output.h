/* SPDX-License-Identifier: MIT */
/* output.h - files to be written, looked at before minutes of work go into them. */
#ifndef COMMON_OUTPUT_H
#define COMMON_OUTPUT_H

#include "echotts.h"

/* Can this be written?  "-" is standard output.  The file itself stays as it is. */
echo_status output_check(const char *path, echo_error *err);

/* The same for sound, and for latents, which cannot go to standard output: names that end like
 * something else are refused, since their bytes would not be what they say. */
echo_status output_check_sound(const char *path, echo_error *err);
echo_status output_check_latents(const char *path, echo_error *err);

/* Write it whole: "-" is standard output, and a file appears complete or not at all. */
echo_status output_save(const char *path, const void *data, size_t bytes, echo_error *err);

/* As a person calls it. */
const char *output_name(const char *path);

/* Make sure that everything written to stdout has arrived. */
echo_status output_flush(echo_error *err);

#endif

/* SPDX-License-Identifier: MIT */
/* report.h - what a command did, as one JSON object on standard output. */
#ifndef COMMON_REPORT_H
#define COMMON_REPORT_H

#include <jansson.h>

#include "echotts.h"

/* A copy that is UTF-8: if text is none, or no longer when it is cut to size, with a '?' for
 * each byte that is not ASCII. */
void report_plain(char *out, size_t size, const char *text);

/* Strings that are not UTF-8, as file names may be, get a '?' for each such byte. */
void report_string(json_t *object, const char *key, const char *value);
void report_integer(json_t *object, const char *key, json_int_t value);
void report_real(json_t *object, const char *key, double value);
/* In whole milliseconds, as if it had never been a float. */
void report_seconds(json_t *object, const char *key, double value);

/* A number, or, from 2^63 on, which jansson has no number for, a string of its digits. */
void report_seed(json_t *object, const char *key, uint64_t value);

/* audio_s, total_s, and rtf, one through the other; null when there is no audio. */
void report_speed(json_t *object, double audio_s, double work_s);

/* The most memory that the process had so far. */
json_int_t report_peak_bytes(void);

/* The end of every report: device, precision, model, load_s, peak_bytes. */
void report_model(json_t *object, const echo_model_info *info);

/* Print it and let go of it.  NULL counts as out of memory. */
echo_status report_print(json_t *object, echo_error *err);

#endif

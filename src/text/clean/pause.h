/* SPDX-License-Identifier: MIT */
/* pause.h - pauses that a text asks for, as "1.5", "1,5 s", "500ms". */
#ifndef ECHO_TEXT_PAUSE_H
#define ECHO_TEXT_PAUSE_H

#include <stdbool.h>
#include <stddef.h>

#define PAUSE_MOST_S 60.0 /* longer ones are cut to it */

/* All of the n bytes are a duration. */
bool echo_pause_duration(const char *text, size_t n, double *seconds);
/* Bytes of "[pause:1.5]", "[pause 2s]", "[PAUSE]" at s, or 0. */
size_t echo_pause_tag(const char *s, double *seconds);

#endif

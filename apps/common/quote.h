/* SPDX-License-Identifier: MIT */
/* quote.h - a word as a shell takes it, for commands that can be pasted. */
#ifndef COMMON_QUOTE_H
#define COMMON_QUOTE_H

#include <stddef.h>

/* word in quotes, written to out, or, if it is long or has what cannot be pasted safely,
 * `instead` as it is. */
const char *quote(char *out, size_t size, const char *word, const char *instead);

/* The same for the name of a file, with quotes only where it needs them. */
const char *quote_file(char *out, size_t size, const char *path, const char *instead);

#endif

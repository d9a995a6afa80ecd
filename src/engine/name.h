/* SPDX-License-Identifier: MIT */
/* name.h - names of voices and of their clips; text/fold.h compares them. */
#ifndef ECHO_ENGINE_NAME_H
#define ECHO_ENGINE_NAME_H

#include <stdbool.h>
#include <stddef.h>

/* Without ASCII's control characters. */
bool echo_name_is_printable(const char *name);

/* The bytes of a file's name before an ending that clips have, and which one that is, the
 * lower, the better; 0 if it has none. */
size_t echo_name_stem(const char *file, int *rank);

#endif

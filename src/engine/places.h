/* SPDX-License-Identifier: MIT */
/* places.h - the folders in which a model is looked for when nobody names one. */
#ifndef ECHO_PLACES_H
#define ECHO_PLACES_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Place i, in the order of looking; false past the last.  out is "" for one that cannot be
 * said here, as without $HOME.
 */
bool echo_place(char *out, size_t size, int i);

enum { PLACES_OF_BASE = 5 }; /* the first of them; the small model is in the rest */

#endif

/* SPDX-License-Identifier: MIT */
/* flac.h - sound kept without loss: FLAC of 24 bits, mono at 44.1 kHz, in memory. */
#ifndef ECHO_FLAC_H
#define ECHO_FLAC_H

#include <stdbool.h>
#include <stddef.h>

#include "echotts.h"

/* *out by malloc().  Samples from -1 to below 1, so that those of a file of up to 24 bits come
 * back as they were; others are clipped. */
echo_status echo_flac_make(unsigned char **out, size_t *bytes, const float *pcm, size_t n,
                           echo_error *err);

/* Do these bytes begin like FLAC? */
bool echo_flac_is(const void *data, size_t bytes);

#endif

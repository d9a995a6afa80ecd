/* SPDX-License-Identifier: MIT */
/*
 * resample.h - the resampler as a stream, for files that are longer than what is kept.
 */
#ifndef ECHO_RESAMPLE_H
#define ECHO_RESAMPLE_H

#include <stddef.h>

#include "echotts.h"

/* From `rate` to 44.1 kHz; collects what comes out. */
struct resampler;

/* expected: samples that will come in, a hint that saves copying. */
echo_status echo_resampler_open(struct resampler **out, int rate, size_t expected,
                                echo_error *err);
echo_status echo_resampler_push(struct resampler *r, const float *pcm, size_t n,
                                echo_error *err);
/* Hands over everything, by echo_alloc(): n_in * 44100 / rate samples, rounded. */
echo_status echo_resampler_finish(struct resampler *r, float **out, size_t *n, echo_error *err);
void echo_resampler_close(struct resampler **r);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * resample.h - the resampler as a stream, for files that are longer than what is kept.
 */
#ifndef ECHO_RESAMPLE_H
#define ECHO_RESAMPLE_H

#include <stddef.h>

#include "echotts.h"

/* From one rate to another, both from AUDIO_MIN_RATE to AUDIO_MAX_RATE; collects what comes
 * out. */
struct resampler;

/* expected: samples that will be collected at a time, a hint that saves copying. */
echo_status echo_resampler_open(struct resampler **out, int from, int to, size_t expected,
                                echo_error *err);
echo_status echo_resampler_push(struct resampler *r, const float *pcm, size_t n,
                                echo_error *err);
/* Borrow what has been collected since the last time, until the next push; it is forgotten. */
const float *echo_resampler_take(struct resampler *r, size_t *n);
/* Nothing more comes in: collects up to n_in * to / from samples, rounded. */
echo_status echo_resampler_end(struct resampler *r, echo_error *err);
/* The same, and hands over what is collected, by echo_alloc(). */
echo_status echo_resampler_finish(struct resampler *r, float **out, size_t *n, echo_error *err);
void echo_resampler_close(struct resampler **r);

#endif

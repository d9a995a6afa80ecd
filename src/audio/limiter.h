/* SPDX-License-Identifier: MIT */
/* limiter.h - true peaks, those between the samples, and a gain that keeps them low. */
#ifndef ECHO_LIMITER_H
#define ECHO_LIMITER_H

#include <stddef.h>

#include "echotts.h"

#define PEAK_TAPS   24 /* samples that a value between two of them is computed from */
#define PEAK_PHASES 8  /* values for each sample */
#define PEAK_BLOCK  4096

/* The highest value from each sample to the next, PEAK_TAPS / 2 samples late. */
struct peaks {
    float fir[PEAK_PHASES][PEAK_TAPS];
    float window[PEAK_TAPS - 1 + PEAK_BLOCK]; /* what came before, then a block */
};

void echo_peaks_start(struct peaks *p);

/* Up to PEAK_BLOCK samples.  What cannot be above `floor` may be left at 0. */
void echo_peaks_run(struct peaks *p, const float *pcm, size_t n, float floor, float *out);

struct limiter;

echo_status echo_limiter_open(struct limiter **out, int rate, float ceiling, echo_error *err);

/* In place; returns how many of the samples are there: the first ones come out later. */
size_t echo_limiter_run(struct limiter *l, float *pcm, size_t n);

/* Samples that are still inside: run so many zeros to get them. */
size_t echo_limiter_delay(const struct limiter *l);

/* As if it had just been opened. */
void echo_limiter_restart(struct limiter *l);

void echo_limiter_close(struct limiter **l);

#endif

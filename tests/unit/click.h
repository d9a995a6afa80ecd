/* SPDX-License-Identifier: MIT */
/*
 * click.h - finds clicks in sound: samples where the waveform bends far more than beside them.
 *
 * A step in a tone, or sound that is cut to silence, bends in one sample what bends over many
 * elsewhere.  The second difference there is compared with its level on the quieter side.
 */
#ifndef ECHO_CLICK_H
#define ECHO_CLICK_H

#include <math.h>
#include <stddef.h>

#define CLICK_SIDE  64   /* samples on each side */
#define CLICK_RATIO 8.0  /* noise and tones stay below 4 */
#define CLICK_FLOOR 0.01 /* of the level: less than this times the ratio is not heard */

static inline double click_bend(const float *pcm, size_t i)
{
    return (double)pcm[i - 1] - 2.0 * pcm[i] + pcm[i + 1];
}

/* The level of the bends from..to; at an end of the n samples, where there are few of them, the
 * other side alone counts. */
static inline double click_level(const float *pcm, size_t n, ptrdiff_t from, ptrdiff_t to)
{
    double sum = 0;
    ptrdiff_t first = from < 1 ? 1 : from, end = to < (ptrdiff_t)n - 1 ? to : (ptrdiff_t)n - 1;

    for (ptrdiff_t i = first; i < end; i++)
        sum += click_bend(pcm, (size_t)i) * click_bend(pcm, (size_t)i);
    return end - first > CLICK_SIDE / 4 ? sqrt(sum / (double)(end - first)) : INFINITY;
}

/* The first click at `from` or behind it, or n. */
static inline size_t click_find(const float *pcm, size_t n, size_t from)
{
    for (size_t i = from < 1 ? 1 : from; i + 1 < n; i++) {
        double bend = fabs(click_bend(pcm, i));
        ptrdiff_t at = (ptrdiff_t)i;

        if (bend < CLICK_RATIO * CLICK_FLOOR) /* most samples: soon done */
            continue;
        double before = click_level(pcm, n, at - 2 - CLICK_SIDE, at - 2);
        double behind = click_level(pcm, n, at + 3, at + 3 + CLICK_SIDE);

        if (bend > CLICK_RATIO * (fmin(before, behind) + CLICK_FLOOR))
            return i;
    }
    return n;
}

#endif

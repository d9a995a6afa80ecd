/* SPDX-License-Identifier: MIT */
#include "audio/examine.h"

#include <math.h>

#define WINDOW (ECHO_SAMPLE_RATE / 100) /* 10 ms: silence is looked for in such windows */
#define SILENT 2e-3                     /* rms of a window, -54 dB of full scale */

static double rms(const float *pcm, size_t n)
{
    double sum = 0, squares = 0;

    for (size_t i = 0; i < n; i++) {
        sum += pcm[i];
        squares += (double)pcm[i] * pcm[i];
    }
    return sqrt(fmax(squares / (double)n - sum / (double)n * (sum / (double)n), 0));
}

static struct extent sound_of(const float *pcm, size_t n)
{
    struct extent e = { 0, n };

    while (e.begin + WINDOW <= n && rms(pcm + e.begin, WINDOW) < SILENT)
        e.begin += WINDOW;
    while (e.end >= e.begin + WINDOW && rms(pcm + e.end - WINDOW, WINDOW) < SILENT)
        e.end -= WINDOW;
    return e;
}

echo_status echo_examine(struct examined *e, const float *pcm, size_t n, echo_error *err)
{
    *e = (struct examined){ .sound = sound_of(pcm, n) };
    return echo_loudness(&e->level, pcm, n, err);
}

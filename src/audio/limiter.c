/* SPDX-License-Identifier: MIT */
/*
 * limiter.c - a limiter that looks ahead.
 *
 * The gain at a sample is the mean, over REACH on both sides, of gains each of which is low
 * enough for all samples within REACH of it.  So it is low enough there, falls before the peak
 * comes, and has no corner.  Behind a peak it recovers slowly: otherwise it would follow the
 * waves of a low voice.
 */
#include "audio/limiter.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define PI      3.14159265358979323846
#define REACH   0.003f /* seconds */
#define RECOVER 0.080f /* seconds to 63 % */
#define MARGIN  0.985f /* 0.13 dB: missed between eight values, added by the gain's slope */
#define MOST    2.6f   /* the sum of a row of `fir` without its signs is less */

/* ---- peaks ---- */

void echo_peaks_start(struct peaks *p)
{
    memset(p->window, 0, sizeof p->window);
    for (int i = 0; i < PEAK_PHASES; i++) {
        double sum = 0, row[PEAK_TAPS];

        for (int t = 0; t < PEAK_TAPS; t++) {
            double x = t - (PEAK_TAPS / 2 - 1) - (double)i / PEAK_PHASES;
            double u = cos(PI * x / (PEAK_TAPS + 1));

            row[t] = fabs(x) < 1e-9 ? 1 : sin(PI * x) / (PI * x) * u * u;
            sum += row[t];
        }
        for (int t = 0; t < PEAK_TAPS; t++)
            p->fir[i][t] = (float)(row[t] / sum);
    }
}

static float highest(const float *x, size_t n)
{
    float most = 0;

    for (size_t i = 0; i < n; i++)
        most = fmaxf(most, fabsf(x[i]));
    return most;
}

static float between(const struct peaks *p, const float *window)
{
    float most = 0;

    for (int i = 0; i < PEAK_PHASES; i++) {
        float sum = 0;

        for (int t = 0; t < PEAK_TAPS; t++)
            sum += p->fir[i][t] * window[t];
        most = fmaxf(most, fabsf(sum));
    }
    return most;
}

void echo_peaks_run(struct peaks *p, const float *pcm, size_t n, float floor, float *out)
{
    float *w = p->window;

    memcpy(w + PEAK_TAPS - 1, pcm, n * sizeof *pcm);
    for (size_t i = 0; i < n; i += PEAK_TAPS) {
        size_t some = n - i < PEAK_TAPS ? n - i : PEAK_TAPS;
        bool low = highest(w + i, PEAK_TAPS - 1 + some) * MOST < floor;

        for (size_t j = i; j < i + some; j++)
            out[j] = low ? 0 : between(p, w + j);
    }
    memmove(w, w + n, (PEAK_TAPS - 1) * sizeof *w);
}

/* ---- the limiter ---- */

struct limiter {
    float ceiling, keep; /* of what is missing from 1, from one sample to the next */
    size_t reach;
    struct peaks peaks;
    float last_peak; /* of the interval before */
    uint64_t at;     /* samples that came in */

    /* Rings of their last values; `mask` + 1 is a power of two above all delays. */
    size_t mask;
    float *delayed, *needed, *slow;
    uint64_t *lowest; /* places in `needed`, each higher than the one before: a queue */
    uint64_t first, behind;
    float recovered;
    double sum; /* of `slow`, over 2 * reach + 1 */
};

size_t echo_limiter_delay(const struct limiter *l)
{
    return 2 * l->reach + PEAK_TAPS / 2;
}

void echo_limiter_restart(struct limiter *l)
{
    echo_peaks_start(&l->peaks);
    memset(l->delayed, 0, (l->mask + 1) * sizeof *l->delayed);
    for (size_t i = 0; i <= l->mask; i++)
        l->needed[i] = l->slow[i] = 1;
    l->last_peak = 0;
    l->at = l->first = l->behind = 0;
    l->recovered = 1;
    l->sum = (double)(2 * l->reach + 1);
}

echo_status echo_limiter_open(struct limiter **out, int rate, float ceiling, echo_error *err)
{
    struct limiter *l = calloc(1, sizeof *l);
    size_t size = 64;

    *out = l;
    if (!l)
        return echo_fail_memory(err, sizeof *l, "a limiter");
    l->ceiling = ceiling * MARGIN;
    l->keep = expf(-1 / (RECOVER * (float)rate));
    l->reach = (size_t)(REACH * (float)rate);
    while (size < 2 * echo_limiter_delay(l))
        size *= 2;
    l->mask = size - 1;
    l->delayed = malloc(size * sizeof *l->delayed);
    l->needed = malloc(size * sizeof *l->needed);
    l->slow = malloc(size * sizeof *l->slow);
    l->lowest = malloc(size * sizeof *l->lowest);
    if (!l->delayed || !l->needed || !l->slow || !l->lowest) {
        echo_limiter_close(out);
        return echo_fail_memory(err, size * 20, "a limiter");
    }
    echo_limiter_restart(l);
    return ECHO_OK;
}

/* The least gain that is needed anywhere within 2 * reach + 1 samples up to `at`. */
static float least(struct limiter *l, uint64_t at)
{
    while (l->first < l->behind &&
           l->needed[l->lowest[(l->behind - 1) & l->mask] & l->mask] >= l->needed[at & l->mask])
        l->behind--;
    l->lowest[l->behind++ & l->mask] = at;
    while (l->lowest[l->first & l->mask] + 2 * l->reach < at)
        l->first++;
    return l->needed[l->lowest[l->first & l->mask] & l->mask];
}

/* The gain for the sample that came in echo_limiter_delay() ago. */
static float next_gain(struct limiter *l, float peak)
{
    uint64_t at = l->at;
    float worst = fmaxf(peak, l->last_peak), gain;

    l->last_peak = peak;
    l->needed[at & l->mask] = worst > l->ceiling ? l->ceiling / worst : 1;
    gain = least(l, at);
    l->recovered = fminf(gain, 1 - (1 - l->recovered) * l->keep);
    l->sum += (double)l->recovered - l->slow[(at - 2 * l->reach - 1) & l->mask];
    l->slow[at & l->mask] = l->recovered;
    return (float)(l->sum / (double)(2 * l->reach + 1));
}

static size_t run_block(struct limiter *l, const float *pcm, size_t n, float *out)
{
    float peaks[PEAK_BLOCK];
    size_t delay = echo_limiter_delay(l), made = 0;

    echo_peaks_run(&l->peaks, pcm, n, l->ceiling, peaks);
    for (size_t i = 0; i < n; i++, l->at++) {
        float gain = next_gain(l, peaks[i]), sample = pcm[i];

        if (l->at >= delay)
            out[made++] = gain * l->delayed[(l->at - delay) & l->mask];
        l->delayed[l->at & l->mask] = sample;
    }
    return made;
}

size_t echo_limiter_run(struct limiter *l, float *pcm, size_t n)
{
    size_t made = 0;

    for (size_t i = 0; i < n; i += PEAK_BLOCK)
        made += run_block(l, pcm + i, n - i < PEAK_BLOCK ? n - i : PEAK_BLOCK, pcm + made);
    return made;
}

void echo_limiter_close(struct limiter **l)
{
    if (!*l)
        return;
    free((*l)->delayed);
    free((*l)->needed);
    free((*l)->slow);
    free((*l)->lowest);
    free(*l);
    *l = NULL;
}

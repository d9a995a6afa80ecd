/* SPDX-License-Identifier: MIT */
/*
 * level.c - loudness as EBU R 128 has it.
 *
 * A file's samples are kept until the end.  Then they are measured, and if a limiter has work
 * to do, measured again behind it, with more gain, until the target is met.
 *
 * A stream has no end to wait for.  It is a second late, and its gain follows the loudness of
 * all that was heard so far, slowly up and faster down.
 */
#include "audio/level.h"

#include <ebur128.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audio/limiter.h"
#include "audio/loudness.h"
#include "base/error.h"
#include "base/nameless.h"

#define BLOCK    PEAK_BLOCK
#define TRIES    6    /* of a gain */
#define NEAR     0.1  /* LU: then another try is not worth it */
#define HARD     12.0 /* dB that a limiter may add to the gain that would do without it */
#define MOST     60.0 /* dB of gain: beyond it there is only noise */
#define AHEAD    1    /* second that a stream is late */
#define RISE     4.0  /* dB a second, of a stream's gain */
#define FALL     20.0
#define STEPS    100  /* of the gain, a second */
#define MOST_NOW 30.0 /* dB: a breath before the first word is no reason for more */

struct level {
    int rate;
    double target, ceiling; /* LUFS; as a factor */
    level_sink *sink;
    void *user;
    ebur128_state *r128;
    struct limiter *limiter;

    int fd; /* of what is kept; -1 in a stream */
    const char *folder;
    uint64_t samples;
    struct peaks peaks;
    float low, high, peak; /* of the samples, and true */

    float *ahead; /* the last second of a stream, a ring of rate * AHEAD */
    size_t waiting, at, step;
    double gain; /* dB */
    bool heard;

    float block[BLOCK];
};

static echo_status no_memory(echo_error *err)
{
    return echo_fail(err, ECHO_ERR_MEMORY, "out of memory for measuring loudness");
}

static double factor(double db)
{
    return pow(10, db / 20);
}

static echo_status restart_meter(struct level *l, echo_error *err)
{
    if (l->r128)
        ebur128_destroy(&l->r128);
    /* a histogram: the list of all blocks would grow with the sound */
    l->r128 = ebur128_init(1, (unsigned long)l->rate,
                           EBUR128_MODE_I | EBUR128_MODE_HISTOGRAM);
    return l->r128 ? ECHO_OK : no_memory(err);
}

echo_status echo_level_open(struct level **out, int rate, float target, float peak, bool stream,
                            level_sink *sink, void *user, echo_error *err)
{
    struct level *l = calloc(1, sizeof *l);
    echo_status s;

    *out = l;
    if (!l)
        return no_memory(err);
    l->rate = rate;
    l->target = target;
    l->ceiling = factor(peak);
    l->sink = sink;
    l->user = user;
    l->fd = -1;
    l->step = (size_t)(rate / STEPS);
    echo_peaks_start(&l->peaks);
    if ((s = restart_meter(l, err)) ||
        (s = echo_limiter_open(&l->limiter, rate, (float)l->ceiling, err)))
        goto fail;
    if (stream && !(l->ahead = calloc((size_t)rate * AHEAD, sizeof *l->ahead))) {
        s = no_memory(err);
        goto fail;
    }
    if (!stream && (l->fd = echo_nameless_open(&l->folder)) < 0) {
        s = echo_fail(err, ECHO_ERR_FILE, "%s: cannot be written: %s; TMPDIR can name another "
                                          "folder",
                      l->folder, strerror(errno));
        goto fail;
    }
    return ECHO_OK;
fail:
    echo_level_close(out);
    return s;
}

/* ---- kept until the end ---- */

static echo_status keep(struct level *l, const float *pcm, size_t n, echo_error *err)
{
    float peaks[BLOCK];

    if (!echo_write_at(l->fd, l->samples * sizeof *pcm, pcm, n * sizeof *pcm))
        return echo_fail(err, ECHO_ERR_FILE, "sound cannot be kept in %s: %s; TMPDIR can name "
                                             "another folder",
                         l->folder, strerror(errno));
    l->samples += n;
    echo_peaks_run(&l->peaks, pcm, n, l->peak, peaks);
    for (size_t i = 0; i < n; i++) {
        l->peak = fmaxf(l->peak, peaks[i]);
        l->low = fminf(l->low, pcm[i]);
        l->high = fmaxf(l->high, pcm[i]);
    }
    return ECHO_OK;
}

/* The next block of what is kept, from sample `at` on, times gain; behind its end comes
 * silence, until everything has left the limiter. */
static size_t fetch(struct level *l, uint64_t at, uint64_t end, float gain)
{
    size_t want = end - at < BLOCK ? (size_t)(end - at) : BLOCK;
    size_t got = at < l->samples ? echo_read_at(l->fd, at * sizeof *l->block, l->block,
                                                want * sizeof *l->block) / sizeof *l->block
                                 : 0;

    for (size_t i = 0; i < got; i++)
        l->block[i] *= gain;
    memset(l->block + got, 0, (want - got) * sizeof *l->block);
    return want;
}

typedef echo_status block_fn(struct level *l, size_t n, echo_error *err);

/* All that is kept, block by block, to `each`. */
static echo_status pass(struct level *l, double gain, bool limit, block_fn *each,
                        echo_error *err)
{
    uint64_t end = l->samples + (limit ? echo_limiter_delay(l->limiter) : 0);
    echo_status s = ECHO_OK;

    if (limit)
        echo_limiter_restart(l->limiter);
    for (uint64_t at = 0; at < end && !s;) {
        size_t n = fetch(l, at, end, (float)gain);

        at += n;
        if (limit)
            n = echo_limiter_run(l->limiter, l->block, n);
        s = each(l, n, err);
    }
    return s;
}

static echo_status hand_on(struct level *l, size_t n, echo_error *err)
{
    return l->sink(l->user, l->block, n, err);
}

static echo_status meter(struct level *l, size_t n, echo_error *err)
{
    return n && ebur128_add_frames_float(l->r128, l->block, n) ? no_memory(err) : ECHO_OK;
}

/* R 128 wants 400 ms; shorter sound is measured in a loop. */
static echo_status measure(struct level *l, double gain, bool limit, double *lufs,
                           echo_error *err)
{
    uint64_t least = (uint64_t)l->rate / 10 * 4, done = 0;
    echo_status s = restart_meter(l, err);

    *lufs = -INFINITY;
    while (!s && (!done || done < least)) {
        s = pass(l, gain, limit, meter, err);
        done += l->samples;
    }
    if (!s && ebur128_loudness_global(l->r128, lufs))
        s = no_memory(err);
    return s;
}

/* The gain, in dB, with which the limiter's result is as loud as it should be.  The harder it
 * works the less another dB does. */
static echo_status find_gain(struct level *l, double *gain, echo_error *err)
{
    double most = fmin(*gain + HARD, MOST), slope = 0.8, step = 0, before = 0, lufs;
    echo_status s = ECHO_OK;

    for (int i = 0; i < TRIES; i++) {
        if ((s = measure(l, factor(*gain), true, &lufs, err)))
            return s;
        if (step != 0)
            slope = fmin(fmax((lufs - before) / step, 0.1), 1);
        step = fmin(*gain + (l->target - lufs) / slope, most) - *gain;
        if (fabs(l->target - lufs) <= NEAR || fabs(step) < NEAR)
            break;
        before = lufs;
        *gain += step;
    }
    return s;
}

static echo_status finish_kept(struct level *l, echo_error *err)
{
    double top = fmax(fabsf(l->low), fabsf(l->high)), lufs, gain = 0;
    bool limit;
    echo_status s;

    if (!l->samples)
        return ECHO_OK;
    if (l->high / 2 - l->low / 2 > LOUDNESS_SILENCE) {
        /* the gate of R 128 is above many a quiet sound */
        if ((s = measure(l, 1 / top, false, &lufs, err)))
            return s;
        lufs += 20 * log10(top);
        gain = isfinite(lufs) ? fmin(l->target - lufs, MOST) : 0;
    }
    limit = l->peak * factor(gain) > l->ceiling;
    if (limit && (s = find_gain(l, &gain, err)))
        return s;
    return pass(l, factor(gain), limit, hand_on, err);
}

/* ---- as it comes ---- */

/* Where the gain goes, by what has been heard. */
static void steer(struct level *l)
{
    double lufs, wanted, by;

    if (ebur128_loudness_global(l->r128, &lufs) || !isfinite(lufs))
        return;
    wanted = fmin(l->target - lufs, MOST_NOW);
    by = wanted - l->gain;
    if (l->heard)
        by = fmin(fmax(by, -FALL / STEPS), RISE / STEPS);
    l->heard = true;
    l->gain += by;
}

/* n of the samples that have waited longest. */
static echo_status let_go(struct level *l, size_t n, echo_error *err)
{
    size_t size = (size_t)l->rate * AHEAD;
    double from = factor(l->gain), to;

    steer(l);
    to = factor(l->gain);
    for (size_t i = 0; i < n; i++) {
        double part = (double)(i + 1) / (double)n;

        l->block[i] = l->ahead[l->at] * (float)(from + (to - from) * part);
        l->at = (l->at + 1) % size;
    }
    l->waiting -= n;
    return hand_on(l, echo_limiter_run(l->limiter, l->block, n), err);
}

static echo_status push_step(struct level *l, const float *pcm, size_t n, echo_error *err)
{
    size_t size = (size_t)l->rate * AHEAD;
    echo_status s = ECHO_OK;

    if (ebur128_add_frames_float(l->r128, pcm, n))
        return no_memory(err);
    if (l->waiting + n > size)
        s = let_go(l, l->step, err);
    for (size_t i = 0; i < n; i++)
        l->ahead[(l->at + l->waiting++) % size] = pcm[i];
    return s;
}

static echo_status finish_stream(struct level *l, echo_error *err)
{
    size_t inside = echo_limiter_delay(l->limiter);
    echo_status s = ECHO_OK;

    while (l->waiting && !s)
        s = let_go(l, l->waiting < l->step ? l->waiting : l->step, err);
    memset(l->block, 0, inside * sizeof *l->block);
    return s ? s : hand_on(l, echo_limiter_run(l->limiter, l->block, inside), err);
}

/* ---- both ---- */

echo_status echo_level_push(struct level *l, const float *pcm, size_t n, echo_error *err)
{
    size_t most = l->ahead ? l->step : BLOCK;
    echo_status s = ECHO_OK;

    for (size_t i = 0, some; i < n && !s; i += some) {
        some = n - i < most ? n - i : most;
        s = l->ahead ? push_step(l, pcm + i, some, err) : keep(l, pcm + i, some, err);
    }
    return s;
}

echo_status echo_level_finish(struct level *l, echo_error *err)
{
    return l->ahead ? finish_stream(l, err) : finish_kept(l, err);
}

void echo_level_close(struct level **l)
{
    if (!*l)
        return;
    if ((*l)->r128)
        ebur128_destroy(&(*l)->r128);
    echo_limiter_close(&(*l)->limiter);
    if ((*l)->fd >= 0)
        close((*l)->fd);
    free((*l)->ahead);
    free(*l);
    *l = NULL;
}

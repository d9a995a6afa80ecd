/* SPDX-License-Identifier: MIT */
#include "audio/join.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "echotts.h"

#define WINDOW  (ECHO_SAMPLE_RATE / 100) /* 10 ms: silence is looked for in such windows */
#define SILENT  2e-3                     /* rms of a window, -54 dB of full scale */
#define LEAD    (2 * WINDOW)             /* kept before the first window that sounds */
#define TAIL    (6 * WINDOW)             /* kept behind the last: consonants fade */
#define FADE    WINDOW
#define MOST_DB 6.0  /* a piece's level is changed by at most so much */
#define PEAK    0.98 /* and not above this */
#define KNEE    0.8  /* two at once are louder than this, and than each, only under PEAK */
#define HEARD   (ECHO_SAMPLE_RATE / 2.0) /* less sound than this says little about a level */

struct joiner {
    struct join_opts o;
    float *piece; /* what is held of the piece at hand */
    size_t n, capacity;
    size_t scanned;     /* of it, looked at in whole windows */
    size_t loud_end;    /* behind the last window that sounds; 0: there was none */
    bool begun;         /* its beginning is found, or is kept as it is */
    struct join_level own; /* of what was scanned of it, before its gain */
    float peak;
    bool judged;        /* its gain is known */
    double gain;
    float *overlap;     /* the end of the piece before, where it overlaps with this one */
    size_t overlapping; /* samples of it */
    bool fading;        /* one fades into the other; else both are heard in full */
    size_t samples; /* handed on */
    size_t begins;  /* where the piece at hand does, of those */
    size_t began, ended;
    bool out_of_memory, stopped;
};

struct joiner *echo_joiner_open(const struct join_opts *opts)
{
    struct joiner *j = calloc(1, sizeof *j);
    size_t overlap = (size_t)(fmax(opts->crossfade_s, opts->overlap_s) * ECHO_SAMPLE_RATE);

    if (!j || !(j->overlap = malloc((overlap + 1) * sizeof *j->overlap))) {
        free(j);
        return NULL;
    }
    j->o = *opts;
    j->begun = !opts->goes_on;
    return j;
}

void echo_joiner_close(struct joiner **joiner)
{
    if (!*joiner)
        return;
    free((*joiner)->piece);
    free((*joiner)->overlap);
    free(*joiner);
    *joiner = NULL;
}

/* ---- handing on ---- */

static void emit(struct joiner *j, const float *pcm, size_t n)
{
    if (!n || j->stopped)
        return;
    j->stopped = !j->o.audio(j->o.user, pcm, n);
    j->samples += n;
}

bool echo_joiner_silence(struct joiner *j, double seconds)
{
    static const float zeros[4096];
    size_t n = seconds > 0 ? (size_t)llround(seconds * ECHO_SAMPLE_RATE) : 0;

    for (size_t some; n; n -= some) {
        some = n < 4096 ? n : 4096;
        emit(j, zeros, some);
    }
    j->begins = j->samples;
    return !j->stopped;
}

/* The first n samples of the piece are gone. */
static void drop(struct joiner *j, size_t n)
{
    if (!n) /* there may be no piece yet */
        return;
    memmove(j->piece, j->piece + n, (j->n - n) * sizeof *j->piece);
    j->n -= n;
    j->scanned = j->scanned > n ? j->scanned - n : 0;
    j->loud_end = j->loud_end > n ? j->loud_end - n : 0;
}

/* Two at once.  Their sum is bent below PEAK where it is louder than KNEE, and than each of
 * them alone: where one of them begins or ends, the other one is as it was. */
static float both_heard(float a, float b)
{
    float sum = a + b, loud = fabsf(sum);
    float as_is = fmaxf((float)KNEE, fmaxf(fabsf(a), fabsf(b))), room = (float)PEAK - as_is;

    if (loud <= as_is)
        return sum;
    return copysignf(room > 0 ? as_is + room * tanhf((loud - as_is) / room) : as_is, sum);
}

static float faded(float a, float b, double t)
{
    return (float)(a * sqrt(t) + b * sqrt(1 - t));
}

/* Mix the end of the piece before into the beginning of this one. */
static void mix_overlap(struct joiner *j, size_t n)
{
    size_t both = j->overlapping < n ? j->overlapping : n;
    const float *before = j->overlap + j->overlapping - both;

    emit(j, j->overlap, j->overlapping - both);
    j->begins = j->samples;
    for (size_t i = 0; i < both; i++)
        j->piece[i] = j->fading ? faded(j->piece[i], before[i], (i + 0.5) / (double)both)
                                : both_heard(j->piece[i], before[i]);
    j->overlapping = 0;
}

/* A piece may have become louder after its level was judged: its gain takes it no higher than
 * PEAK, or than it was. */
static void amplify(struct joiner *j, size_t n)
{
    for (size_t i = 0; i < n && j->gain != 1; i++) {
        float most = fmaxf((float)PEAK, fabsf(j->piece[i]));

        j->piece[i] = fmaxf(-most, fminf(most, j->piece[i] * (float)j->gain));
    }
}

static void hand_on(struct joiner *j, size_t n)
{
    amplify(j, n);
    if (j->overlapping)
        mix_overlap(j, n);
    emit(j, j->piece, n);
    drop(j, n);
}

/* ---- what is speech ---- */

static double energy(const float *pcm, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)pcm[i] * pcm[i];
    return sum;
}

static void fade_in(struct joiner *j)
{
    for (size_t i = 0; i < FADE && i < j->n; i++)
        j->piece[i] *= (float)i / FADE;
}

/* Silence before the piece goes, but for a little that fades in; so does what begins loud. */
static void begin(struct joiner *j, size_t loud)
{
    j->begun = true;
    drop(j, loud > LEAD ? loud - LEAD : 0);
    fade_in(j);
}

/* ---- how loud it is ---- */

static double gain_for(const struct joiner *j)
{
    const struct join_level *before = &j->o.level, *own = &j->own;
    double most = pow(10, MOST_DB / 20), gain;

    if (!j->o.match_levels || before->samples < HEARD || own->samples < HEARD)
        return 1;
    gain = sqrt(before->energy / before->samples / (own->energy / own->samples));
    gain = fmin(fmax(gain, 1 / most), most);
    return gain > 1 && gain * j->peak > PEAK ? fmax(1, PEAK / j->peak) : gain;
}

static void judge(struct joiner *j)
{
    j->gain = gain_for(j);
    j->judged = true;
}

/* Without anything to compare it with, a piece need not wait. */
static bool may_judge(const struct joiner *j)
{
    if (j->o.level.samples < HEARD)
        return true;
    return j->o.hold_s > 0 &&
           (double)(j->scanned + WINDOW) >= j->o.hold_s * ECHO_SAMPLE_RATE;
}

/* In whole windows, so that nothing depends on how many samples come at once. */
static void scan(struct joiner *j)
{
    for (; j->scanned + WINDOW <= j->n; j->scanned += WINDOW) {
        const float *window = j->piece + j->scanned;
        double loud = energy(window, WINDOW);

        for (int i = 0; i < WINDOW; i++)
            j->peak = fmaxf(j->peak, fabsf(window[i]));
        if (loud >= SILENT * SILENT * WINDOW) {
            j->own.energy += loud;
            j->own.samples += WINDOW;
            j->loud_end = j->scanned + WINDOW;
            if (!j->begun)
                begin(j, j->scanned);
        }
        if (j->begun && !j->judged && may_judge(j))
            judge(j);
    }
}

/* ---- a piece ---- */

static bool make_room(struct joiner *j, size_t n)
{
    size_t capacity = j->capacity ? j->capacity : 1 << 16;
    float *grown;

    while (capacity < j->n + n)
        capacity *= 2;
    if (capacity == j->capacity)
        return true;
    if (!(grown = realloc(j->piece, capacity * sizeof *grown))) {
        j->out_of_memory = true;
        return false;
    }
    j->piece = grown;
    j->capacity = capacity;
    return true;
}

/* Samples of the most that pieces overlap by. */
static size_t most_overlap(const struct joiner *j)
{
    return (size_t)(fmax(j->o.crossfade_s, j->o.overlap_s) * ECHO_SAMPLE_RATE);
}

/* Samples that no end of the piece could still change: neither a fade nor an overlap. */
static size_t settled(const struct joiner *j)
{
    size_t overlap = most_overlap(j);
    size_t back = overlap > FADE ? overlap : FADE;
    size_t to = j->loud_end + TAIL > overlap ? j->loud_end + TAIL - overlap : 0;

    to = to < j->loud_end ? to : j->loud_end;
    return j->n < back ? 0 : to < j->n - back ? to : j->n - back;
}

bool echo_joiner_write(struct joiner *j, const float *pcm, size_t n)
{
    if (j->stopped || !make_room(j, n))
        return false;
    memcpy(j->piece + j->n, pcm, n * sizeof *pcm);
    j->n += n;
    scan(j);
    if (j->judged && settled(j) >= j->overlapping) /* which is mixed in one go */
        hand_on(j, settled(j));
    return !j->stopped;
}

/* The end of a piece behind which another one comes. */
static void cut_tail(struct joiner *j)
{
    if (j->n > j->loud_end + TAIL)
        j->n = j->loud_end + TAIL;
    for (size_t i = 0; i < FADE && i < j->n; i++)
        j->piece[j->n - 1 - i] *= (float)i / FADE;
}

/* Samples of its end that the next piece overlaps with. */
static size_t overlap_behind(const struct joiner *j, double pause_s)
{
    double seconds = pause_s < 0 ? -pause_s : pause_s > 0 ? 0 : j->o.crossfade_s;
    size_t n = (size_t)llround(seconds * ECHO_SAMPLE_RATE), left = j->n;

    if (pause_s < 0) /* a third piece waits for the first to end */
        left -= j->overlapping < left ? j->overlapping : left;
    n = n < most_overlap(j) ? n : most_overlap(j);
    return n < left ? n : left;
}

/* Keep the end back, for the next piece to overlap with. */
static void keep_overlap(struct joiner *j, size_t n, bool fading)
{
    hand_on(j, j->n - n);
    amplify(j, n);
    if (n)
        memcpy(j->overlap, j->piece, n * sizeof *j->piece);
    j->overlapping = n;
    j->fading = fading;
    j->n = 0;
}

bool echo_joiner_end_piece(struct joiner *j, double pause_s, bool last)
{
    for (size_t i = j->scanned; i < j->n; i++)
        j->peak = fmaxf(j->peak, fabsf(j->piece[i]));
    if (!j->judged)
        judge(j);
    if (!j->begun)
        fade_in(j);
    if (!last)
        cut_tail(j);
    keep_overlap(j, last ? 0 : overlap_behind(j, pause_s), pause_s >= 0);
    j->o.level.energy += j->own.energy * j->gain * j->gain;
    j->o.level.samples += j->own.samples;
    j->began = j->begins;
    j->ended = j->samples + j->overlapping;
    echo_joiner_silence(j, pause_s);
    j->n = j->scanned = j->loud_end = 0;
    j->own = (struct join_level){ 0 };
    j->peak = 0;
    j->begun = j->judged = false;
    return !j->stopped && !j->out_of_memory;
}

size_t echo_joiner_began(const struct joiner *j)
{
    return j->began;
}

size_t echo_joiner_ended(const struct joiner *j)
{
    return j->ended;
}

size_t echo_joiner_samples(const struct joiner *j)
{
    return j->samples;
}

bool echo_joiner_is_settled(const struct joiner *j)
{
    return !j->overlapping && !j->n;
}

struct join_level echo_joiner_level(const struct joiner *j)
{
    return j->o.level;
}

bool echo_joiner_failed(const struct joiner *j)
{
    return j->out_of_memory;
}

/* SPDX-License-Identifier: MIT */
/*
 * examine.c - measured in frames of 20 ms: short enough to fall between words, long enough to
 * hold a period of any voice.
 */
#include "audio/examine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define FRAME   (ECHO_SAMPLE_RATE / 50)
#define FLOOR   1e-12 /* power of nothing */
#define OFF     (-80.0) /* dB, at the ends: nothing was recorded there */
#define NOTHING (-40.0) /* dB below the loud frames: breath, reverberation */
#define ABOVE   6.0     /* noise does not rise by so many dB above its mean */
#define SPEECH  (-25.0) /* dB below the loud frames: what is louder is never silence */
#define PAUSES  (2 * 50) /* frames: less need not have a pause in which noise is heard */

/* Two levels: the shares of stretches of 2 s, a second apart. */
#define STRETCH  (2 * 50)
#define STEP     50
#define ENOUGH   10   /* stretches: 11 s */
#define CLEAR    0.8  /* of the variance lies between the levels; of an even spread, 0.75 */
#define PART     0.15 /* of the stretches has the rarer level */

struct frames {
    float *db, *sorted; /* of each frame: its power without the mean */
    size_t n;
    double loud;        /* nine tenths are below */
    double silence;     /* what is below sounds like nothing */
};

static double decibel(double power)
{
    return 10 * log10(power + FLOOR);
}

static float level_of(const float *pcm)
{
    double sum = 0, squares = 0;

    for (size_t i = 0; i < FRAME; i++) {
        sum += pcm[i];
        squares += (double)pcm[i] * pcm[i];
    }
    return (float)decibel(fmax(squares / FRAME - sum / FRAME * (sum / FRAME), 0));
}

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

/* ---- noise, and silence ---- */

/* The mean of the quietest tenth, of n levels in order. */
static double quietest(const float *sorted, size_t n)
{
    size_t tenth = n / 10 ? n / 10 : 1;
    double sum = 0;

    for (size_t i = 0; i < tenth; i++)
        sum += sorted[i];
    return sum / (double)tenth;
}

/* Frames at the ends where nothing was recorded say nothing of the room. */
static double noise_of(struct frames *f)
{
    size_t begin = 0, end = f->n;

    while (begin < end && f->db[begin] < OFF)
        begin++;
    while (end > begin && f->db[end - 1] < OFF)
        end--;
    memcpy(f->sorted, f->db + begin, (end - begin) * sizeof *f->db);
    qsort(f->sorted, end - begin, sizeof *f->sorted, by_size);
    if (begin == end)
        return f->loud = OFF;
    f->loud = f->sorted[(end - begin) * 9 / 10];
    return quietest(f->sorted, end - begin);
}

static void find_sound(struct examined *e, const struct frames *f)
{
    size_t begin = 0, end = f->n, silent = 0;

    while (begin < end && f->db[begin] < f->silence)
        begin++;
    while (end > begin && f->db[end - 1] < f->silence)
        end--;
    for (size_t i = begin; i < end; i++)
        silent += f->db[i] < f->silence;
    e->sound.begin = begin * FRAME;
    e->sound.end = end == f->n ? e->samples : end * FRAME; /* less than a frame is left */
    e->silence = end > begin ? (double)silent / (double)(end - begin) : 0;
}

/* ---- levels ---- */

/* The mean power of what sounds in a stretch, if a quarter of it does. */
static bool stretch_level(const struct frames *f, size_t at, float *out)
{
    double power = 0;
    size_t sounds = 0;

    for (size_t i = at; i < at + STRETCH; i++)
        if (f->db[i] >= f->silence) {
            power += pow(10, f->db[i] / 10);
            sounds++;
        }
    if (sounds * 4 < STRETCH)
        return false;
    *out = (float)decibel(power / (double)sounds);
    return true;
}

/* Cut levels in order where most of their variance lies between the two parts (Otsu). */
static double gap_between(const float *sorted, size_t n)
{
    double total = 0, squares = 0, below = 0, most = 0, gap = 0;
    size_t cut = 0;

    for (size_t i = 0; i < n; i++) {
        total += sorted[i];
        squares += (double)sorted[i] * sorted[i];
    }
    for (size_t k = 1; k < n; k++) {
        double low = (double)k, high = (double)(n - k), apart, between;

        below += sorted[k - 1];
        apart = (total - below) / high - below / low;
        between = low * high / (double)n * apart * apart;
        if (between > most) {
            most = between;
            gap = apart;
            cut = k;
        }
    }
    if (most < CLEAR * (squares - total * total / (double)n))
        return 0;
    return fmin((double)cut, (double)(n - cut)) < PART * (double)n ? 0 : gap;
}

static double apart_of(struct frames *f)
{
    size_t n = 0;

    for (size_t at = 0; at + STRETCH <= f->n; at += STEP)
        n += stretch_level(f, at, &f->sorted[n]);
    qsort(f->sorted, n, sizeof *f->sorted, by_size);
    return n < ENOUGH ? 0 : gap_between(f->sorted, n);
}

/* ---- all of it ---- */

static void measure(struct examined *e, struct frames *f, const float *pcm)
{
    double noise;

    for (size_t i = 0; i < f->n; i++)
        f->db[i] = level_of(pcm + i * FRAME);
    noise = noise_of(f);
    if (f->n >= PAUSES)
        e->noise = f->loud - noise;
    f->silence = fmax(f->loud + NOTHING, fmin(noise + ABOVE, f->loud + SPEECH));
    find_sound(e, f);
    e->apart = apart_of(f);
}

echo_status echo_examine(struct examined *e, const float *pcm, size_t n, echo_error *err)
{
    struct frames f = { .n = n / FRAME };

    *e = (struct examined){ .samples = n, .sound = { 0, n }, .noise = INFINITY };
    if (f.n) {
        if (!(f.db = malloc(2 * f.n * sizeof *f.db)))
            return echo_fail_memory(err, 2 * f.n * sizeof *f.db, "examining a clip");
        f.sorted = f.db + f.n;
        measure(e, &f, pcm);
        free(f.db);
    }
    return echo_loudness(&e->level, pcm, n, err);
}

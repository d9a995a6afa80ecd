/* SPDX-License-Identifier: MIT */
/*
 * voice.c - somebody to imitate, without anybody's voice: syllables of a pulse train
 * through three formants, a hiss between them, and pauses.  The codec's work does not depend
 * on what it hears; sound like speech keeps a trained model where it was trained.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "bench/bench.h"

#define PI 3.14159265358979323846

enum {
    FORMANTS = 3,
    SYLLABLE = ECHO_SAMPLE_RATE / 5,
    HISS = ECHO_SAMPLE_RATE / 20, /* the end of a syllable */
    WORDS_END = 9,                /* every so many syllables one is silent */
};

/* Frequencies of a, e, i, o, u. */
static const double vowels[][FORMANTS] = {
    { 730, 1090, 2440 },
    { 530, 1840, 2480 },
    { 270, 2290, 3010 },
    { 570, 840, 2410 },
    { 300, 870, 2240 },
};

enum { VOWELS = sizeof vowels / sizeof *vowels };

struct resonator {
    double b1, b2, gain, y1, y2;
};

/* Keeps what it rings with. */
static void tune(struct resonator *r, double hz)
{
    double radius = exp(-PI * 90 / ECHO_SAMPLE_RATE); /* 90 Hz wide */

    r->b1 = 2 * radius * cos(2 * PI * hz / ECHO_SAMPLE_RATE);
    r->b2 = -radius * radius;
    r->gain = 1 - radius;
}

static double ring(struct resonator *r, double x)
{
    double y = r->gain * x + r->b1 * r->y1 + r->b2 * r->y2;

    r->y2 = r->y1;
    r->y1 = y;
    return y;
}

static double noise(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (double)(*state >> 8) / (1 << 23) - 1;
}

float *bench_voice_sound(int seconds, size_t *n)
{
    struct resonator formants[FORMANTS] = { 0 };
    uint32_t state = 1;
    double phase = 0;
    float *pcm;

    *n = (size_t)seconds * ECHO_SAMPLE_RATE;
    if (!(pcm = malloc(*n * sizeof *pcm)))
        return NULL;
    for (size_t i = 0; i < *n; i++) {
        size_t syllable = i / SYLLABLE, at = i % SYLLABLE;
        double t = (double)i / ECHO_SAMPLE_RATE, voiced, hiss, y = 0;

        if (at == 0)
            for (int k = 0; k < FORMANTS; k++)
                tune(&formants[k], vowels[syllable * 7 % VOWELS][k]);
        voiced = at < SYLLABLE - HISS ? sin(PI * (double)at / (SYLLABLE - HISS)) : 0;
        hiss = at < SYLLABLE - HISS ? 0.002 : 0.03;
        if (syllable % WORDS_END == WORDS_END - 1)
            voiced = hiss = 0;
        phase += (115 + 20 * sin(2 * PI * 0.4 * t)) / ECHO_SAMPLE_RATE;
        double pulse = phase >= 1 ? 5 * voiced : 0;

        phase -= floor(phase);
        for (int k = 0; k < FORMANTS; k++)
            y += ring(&formants[k], pulse + hiss * noise(&state)) / (k + 1);
        pcm[i] = (float)fmax(-0.9, fmin(0.9, y + hiss * noise(&state)));
    }
    return pcm;
}

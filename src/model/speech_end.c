/* SPDX-License-Identifier: MIT */
#include "model/speech_end.h"

#include <math.h>
#include <stddef.h>

#define MAX_DEVIATION 0.05
#define MAX_MEAN      0.1
#define SYLLABLE      4 /* frames */

static bool is_flat(const float *first, size_t there, size_t count)
{
    double sum = 0, squares = 0;

    for (size_t i = 0; i < there; i++)
        sum += first[i];
    double mean = sum / (double)count;

    for (size_t i = 0; i < there; i++)
        squares += (first[i] - mean) * (first[i] - mean);
    squares += (double)(count - there) * mean * mean; /* the zeros */
    return sqrt(squares / (double)(count - 1)) < MAX_DEVIATION && fabs(mean) < MAX_MEAN;
}

int echo_speech_end(const float *latent, int from, int frames, int size, bool complete)
{
    size_t count = (size_t)SPEECH_END_WINDOW * (size_t)size;
    int last = complete ? frames - 1 : frames - SPEECH_END_WINDOW;

    for (int i = from; i <= last; i++) {
        int there = frames - i < SPEECH_END_WINDOW ? frames - i : SPEECH_END_WINDOW;

        if (is_flat(latent + (size_t)i * (size_t)size, (size_t)there * (size_t)size, count))
            return i;
    }
    return -1;
}

/* However it goes on, a window deviates at least by what these numbers deviate from their own
 * mean.  A little is left for the rounding of sums. */
static bool is_never_flat(const float *first, size_t there, size_t count)
{
    double sum = 0, squares = 0;

    for (size_t i = 0; i < there; i++)
        sum += first[i];
    for (size_t i = 0; i < there; i++)
        squares += (first[i] - sum / (double)there) * (first[i] - sum / (double)there);
    return squares > 1.0001 * MAX_DEVIATION * MAX_DEVIATION * (double)(count - 1);
}

int echo_speech_settled(const float *latent, int from, int frames, int size)
{
    size_t count = (size_t)SPEECH_END_WINDOW * (size_t)size;

    for (int i = from; i < frames; i++) {
        int there = frames - i < SPEECH_END_WINDOW ? frames - i : SPEECH_END_WINDOW;
        const float *first = latent + (size_t)i * (size_t)size;

        if (there == SPEECH_END_WINDOW ? is_flat(first, count, count)
                                       : !is_never_flat(first, (size_t)(there * size), count))
            return i;
    }
    return frames;
}

/* Alone among zeros it is too much for a window of any deviation allowed. */
static bool is_loud(const float *frame, int size)
{
    double squares = 0;

    for (int i = 0; i < size; i++)
        squares += (double)frame[i] * frame[i];
    return squares > MAX_DEVIATION * MAX_DEVIATION * SPEECH_END_WINDOW * size;
}

int echo_speech_again(const float *latent, int end, int frames, int size)
{
    int loud = 0;

    for (int i = end; i < frames; i++) {
        loud = is_loud(latent + (size_t)i * (size_t)size, size) ? loud + 1 : 0;
        if (loud == SYLLABLE)
            return i + 1 - SYLLABLE;
    }
    return -1;
}

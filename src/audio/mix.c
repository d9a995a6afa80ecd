/* SPDX-License-Identifier: MIT */
#include "audio/mix.h"

#include <math.h>

#define MAX_SAMPLE 1e30f /* beyond, squares and filters overflow: as good as infinite */

/*
 * The sum of the channels is this much weaker than the loudest of them: 6 dB.  Of two channels
 * the mean is then 12 dB below the louder one, and from 10 to 15 dB on voices get lost.  Sums
 * of channels that are equal, or not related, are stronger than the loudest.
 */
#define CANCELLED 0.25

void echo_mix_start(struct mix *m, int channels, int only)
{
    *m = (struct mix){ .channels = channels, .only = only };
}

static void count(struct power *p, double x)
{
    p->sum += x;
    p->squares += x * x;
}

size_t echo_mix_frames(struct mix *m, float *samples, size_t frames)
{
    size_t channels = (size_t)m->channels;

    for (size_t i = 0; i < frames; i++) {
        const float *frame = samples + i * channels;
        float sum = 0;

        for (size_t c = 0; c < channels; c++) {
            sum += frame[c];
            if (channels > 1)
                count(&m->each[c], frame[c]);
        }
        if (channels > 1)
            count(&m->all, sum);
        samples[i] = m->only < 0 ? sum / (float)m->channels : frame[m->only];
        if (!(fabsf(samples[i]) <= MAX_SAMPLE))
            return i;
    }
    m->frames += frames;
    return frames;
}

/* Without the mean, which a cheap sound card adds to all channels. */
static double power(const struct power *p, uint64_t n)
{
    return fmax(p->squares / (double)n - p->sum / (double)n * (p->sum / (double)n), 0);
}

int echo_mix_cancelled(const struct mix *m)
{
    int loudest = 0;

    if (m->channels < 2 || !m->frames)
        return -1;
    for (int c = 1; c < m->channels; c++)
        if (power(&m->each[c], m->frames) > power(&m->each[loudest], m->frames))
            loudest = c;
    if (power(&m->all, m->frames) < CANCELLED * power(&m->each[loudest], m->frames))
        return loudest;
    return -1;
}

/* SPDX-License-Identifier: MIT */
#include "engine/pace.h"

#include <math.h>
#include <string.h>

/* A voice's next utterance may be so much slower than the slowest of late.  Of 140 sentences of
 * the small voice none was. */
#define MARGIN 1.15f

/* Short texts say little about a pace: their ends weigh too much. */
#define SHORTEST_HEARD 24

/* Of the slowest of late, one that was slower long ago counts so much less each time. */
#define FORGET 0.1f

static float frames_a_byte(const struct pace *p, const struct settings *s)
{
    return p && p->heard ? MARGIN * p->slowest : s->frames_per_byte;
}

int echo_pace_frames(const struct pace *p, const struct settings *s, int weight)
{
    double frames = ceil((double)frames_a_byte(p, s) * weight + s->frames_margin);

    return frames < 1 ? 1 : frames > ECHO_MAX_FRAMES ? ECHO_MAX_FRAMES : (int)frames;
}

double echo_pace_expected(const struct pace *p, const struct settings *s, int weight)
{
    /* The slowest that a card allows for is about a quarter above its mean. */
    double a_byte = p && p->heard ? p->slowest : s->frames_per_byte / 1.25f;

    return a_byte * weight;
}

int echo_pace_fits(const struct pace *p, const struct settings *s, int frames)
{
    double weight = (frames - s->frames_margin) / frames_a_byte(p, s);

    return weight < 1 ? 1 : weight > ECHO_MAX_TEXT ? ECHO_MAX_TEXT : (int)weight;
}

void echo_pace_heard(struct pace *p, int weight, int frames)
{
    float a_byte = (float)frames / (float)weight;

    if (weight < SHORTEST_HEARD || frames < 1)
        return;
    if (p->heard && a_byte < p->slowest)
        a_byte = FORGET * a_byte + (1 - FORGET) * p->slowest;
    p->slowest = a_byte;
    p->heard++;
}

struct pace *echo_pace_of(struct pace paces[PACES], uint64_t speaker)
{
    int i = 0;
    struct pace found = { .speaker = speaker };

    while (i < PACES - 1 && paces[i].speaker != speaker)
        i++;
    if (paces[i].speaker == speaker)
        found = paces[i];
    memmove(paces + 1, paces, (size_t)i * sizeof *paces); /* the latest first */
    paces[0] = found;
    return &paces[0];
}

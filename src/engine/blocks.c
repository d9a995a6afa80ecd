/* SPDX-License-Identifier: MIT */
#include "engine/blocks.h"

/* Of the time until playback runs out, so much is planned for. */
#define PLANNED 0.7

/* A block's measure counts so much beside those before it. */
#define LATEST 0.5

static void measure(struct blocks *b, double now)
{
    double cost = (now - b->asked) / b->last;

    if (!b->asked || !b->last)
        return;
    b->cost = b->cost > 0 ? LATEST * cost + (1 - LATEST) * b->cost : cost;
    b->asked = 0;
}

void echo_blocks_pause(struct blocks *b, double now)
{
    measure(b, now);
}

static int by_playback(const struct blocks *b, double ahead)
{
    if (!b->made || b->cost <= 0)
        return b->first;
    if (b->cost > b->frame_s) /* playback waits whatever is done: end sooner */
        return 2 * b->last;
    double frames = PLANNED * ahead / b->cost;

    return frames < b->first ? b->first : frames > ECHO_MAX_FRAMES ? ECHO_MAX_FRAMES
                                                                   : (int)frames;
}

/* No crumb at the end: all that is left, or half of it where all would come too late. */
static int last_ones(const struct blocks *b, int left, double ahead)
{
    bool late = b->made && left * b->cost > ahead;

    return late && b->cost <= b->frame_s ? (left + 1) / 2 : left;
}

int echo_blocks_next(struct blocks *b, int left, double ahead, double now)
{
    int frames;

    measure(b, now);
    if (b->given->n)
        frames = b->given->items[b->made < b->given->n ? b->made : b->given->n - 1];
    else
        frames = by_playback(b, ahead);
    if (frames > left)
        frames = left;
    else if (!b->given->n && left - frames < b->first)
        frames = last_ones(b, left, ahead);
    b->made++;
    b->last = frames;
    b->asked = now;
    return frames;
}

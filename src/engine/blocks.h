/* SPDX-License-Identifier: MIT */
/*
 * blocks.h - how large the blocks of a stream are.
 *
 * The first is small, so that sound comes soon.  Each later one is as large as can be made
 * before what was handed on has been played: large blocks cost less and sound better.
 */
#ifndef ECHO_ENGINE_BLOCKS_H
#define ECHO_ENGINE_BLOCKS_H

#include "echotts.h"

struct blocks {
    const echo_list *given; /* sizes in turn, the last one from then on; n 0: by playback */
    int first;              /* frames */
    double frame_s;         /* how long a frame sounds */
    int made;               /* blocks */
    int last;               /* frames of the latest */
    double asked;           /* when it was asked for; 0: it was not measured */
    double cost;            /* seconds that a frame took to make, of late; 0: not known */
};

/* Frames of the next block of at most `left`; ahead: seconds handed on, but not yet played. */
int echo_blocks_next(struct blocks *b, int left, double ahead, double now);

/* A piece has ended: what happens before the next block is asked for is no block's work. */
void echo_blocks_pause(struct blocks *b, double now);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * mix.h - channels to one: their mean, as the reference has it, and a watch over whether it
 * cancels what is in them.
 */
#ifndef ECHO_MIX_H
#define ECHO_MIX_H

#include <stddef.h>
#include <stdint.h>

#define MIX_CHANNELS 64 /* at most */

struct mix {
    int channels;
    int only; /* take this channel alone; -1: the mean */
    uint64_t frames;
    struct power {
        double sum, squares;
    } each[MIX_CHANNELS], all; /* of every channel; of their sum */
};

void echo_mix_start(struct mix *m, int channels, int only);

/* Frames of samples side by side to one sample each, in place; returns the index of the first
 * one that is no number, or frames if all are. */
size_t echo_mix_frames(struct mix *m, float *samples, size_t frames);

/* The loudest channel if the channels cancel each other, else -1.  Channels that have nothing
 * to do with each other do not, nor does silence in some. */
int echo_mix_cancelled(const struct mix *m);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * flat.h - samples that were cut off at a limit, told by the flat tops that this leaves.
 *
 * It looks at samples as they stand in the file: a resampler or a lossy codec makes the tops
 * round again.
 */
#ifndef ECHO_FLAT_H
#define ECHO_FLAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flat {
    struct flat_side {
        float most; /* the extreme so far */
        int run;    /* samples at it, up to the last one */
        uint64_t tops;
    } high, low;
    uint64_t samples;
};

/* n samples more; all zero is the beginning. */
void echo_flat_watch(struct flat *f, const float *pcm, size_t n);

bool echo_flat_is_clipped(const struct flat *f, int rate);

#endif

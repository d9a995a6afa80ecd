/* SPDX-License-Identifier: MIT */
/* examine.h - what is found in a recording of a voice, before a model hears it. */
#ifndef ECHO_EXAMINE_H
#define ECHO_EXAMINE_H

#include "audio/loudness.h"

/* Samples from `begin` to before `end`. */
struct extent {
    size_t begin, end;
};

struct examined {
    struct loudness level;
    struct extent sound; /* from the first that sounds to behind the last */
};

/* Of mono pcm at 44.1 kHz, finite, n of it. */
echo_status echo_examine(struct examined *e, const float *pcm, size_t n, echo_error *err);

#endif

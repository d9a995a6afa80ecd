/* SPDX-License-Identifier: MIT */
/* examine.h - what can be measured of a recording of a voice, before a model hears it. */
#ifndef ECHO_EXAMINE_H
#define ECHO_EXAMINE_H

#include "audio/loudness.h"

/* Samples from `begin` to before `end`. */
struct extent {
    size_t begin, end;
};

struct examined {
    struct loudness level;
    size_t samples;
    struct extent sound; /* from the first frame that sounds to behind the last */
    double silence;      /* share of frames in between that do not */
    double noise;        /* dB from the loud frames down to the quietest; INFINITY: not known */
    double apart;        /* dB between the two levels that it has; 0: it has one */
};

/* Of mono pcm at 44.1 kHz, finite, n of it. */
echo_status echo_examine(struct examined *e, const float *pcm, size_t n, echo_error *err);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * loudness.h - how loud a clip is.
 *
 * A quiet clip is another voice to the model: of the five that ship the first is lost between
 * 10 and 15 dB below its own level, and all at 40 (docs/CLIPS.md).
 */
#ifndef ECHO_LOUDNESS_H
#define ECHO_LOUDNESS_H

#include <stdbool.h>
#include <stddef.h>

#include "echotts.h"

#define LOUDNESS_ORDINARY (-23.0) /* LUFS, EBU R 128; the clips that ship have -22 */
#define LOUDNESS_QUIET    (-33.0) /* below this a voice may be lost */
#define LOUDNESS_SILENCE  1e-4f   /* -80 dBFS: noise of a microphone that is off */

struct loudness {
    float swing; /* half of what lies between the lowest and the highest sample */
    float peak;  /* the largest size */
    double lufs; /* of the whole, gated; of a silent clip it says nothing */
};

/* Of mono pcm at 44.1 kHz, finite, n of it. */
echo_status echo_loudness(struct loudness *l, const float *pcm, size_t n, echo_error *err);

/* The factor that brings a quiet clip to LOUDNESS_ORDINARY, or as near to it as its peak
 * allows, which stays below 1; 1 for one that is not quiet. */
float echo_loudness_lift(const struct loudness *l);

#endif

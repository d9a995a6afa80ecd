/* SPDX-License-Identifier: MIT */
/* level.h - sound on its way, brought to a loudness, its true peak kept low. */
#ifndef ECHO_LEVEL_H
#define ECHO_LEVEL_H

#include <stdbool.h>
#include <stddef.h>

#include "echotts.h"

/* Takes what comes out. */
typedef echo_status level_sink(void *user, const float *pcm, size_t n, echo_error *err);

struct level;

/* target: LUFS, peak: dB of full scale.  stream: samples go on after a second; else all of them
 * at the end, from a file in $TMPDIR. */
echo_status echo_level_open(struct level **out, int rate, float target, float peak, bool stream,
                            level_sink *sink, void *user, echo_error *err);
echo_status echo_level_push(struct level *l, const float *pcm, size_t n, echo_error *err);
echo_status echo_level_finish(struct level *l, echo_error *err);
void echo_level_close(struct level **l);

#endif

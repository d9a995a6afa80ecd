/* SPDX-License-Identifier: MIT */
/* tempo.h - speech faster or slower, its pitch kept, over libsonic. */
#ifndef ECHO_TEMPO_H
#define ECHO_TEMPO_H

#include <stddef.h>

#include "echotts.h"

struct tempo;

/* speed: 0.25 to 4. */
echo_status echo_tempo_open(struct tempo **out, int rate, float speed, echo_error *err);

/* pcm NULL: nothing more comes in. */
echo_status echo_tempo_push(struct tempo *t, const float *pcm, size_t n, echo_error *err);

/* Up to n samples of what has come out; 0: push first. */
size_t echo_tempo_take(struct tempo *t, float *out, size_t n);

void echo_tempo_close(struct tempo **t);

#endif

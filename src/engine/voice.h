/* SPDX-License-Identifier: MIT */
/* voice.h - encoded audio: latents, and perhaps the codes they came from. */
#ifndef ECHO_ENGINE_VOICE_H
#define ECHO_ENGINE_VOICE_H

#include "engine/session.h"

#define VOICE_MAX_FRAMES 6400 /* the reference encodes no more of a clip */

struct echo_voice {
    float *latent;  /* [frames][size] */
    int32_t *codes; /* [books][frames], or NULL */
    int frames, size, books;
};

/* Room for a voice, zeroed; books 0: without codes. */
echo_status echo_voice_new(echo_voice **out, int frames, int size, int books, echo_error *err);

/* Mono pcm at 44.1 kHz, n samples, to latents of v->frames frames. */
echo_status echo_encode(echo_session *s, echo_voice *v, const float *pcm, size_t n,
                        echo_progress *progress, void *user, echo_error *err);

#endif

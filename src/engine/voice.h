/* SPDX-License-Identifier: MIT */
/* voice.h - encoded audio: latents, and perhaps the codes they came from. */
#ifndef ECHO_ENGINE_VOICE_H
#define ECHO_ENGINE_VOICE_H

#include "audio/loudness.h"
#include "base/source.h"
#include "engine/session.h"

#define VOICE_MAX_FRAMES 6400 /* the reference encodes no more of a clip */

struct echo_voice {
    float *latent;  /* [frames][size] */
    int32_t *codes; /* [books][frames], or NULL */
    int frames, size, books;
    uint64_t codec; /* its identity (identity.h); 0: not known */
};

/* Room for a voice, zeroed; books 0: without codes. */
echo_status echo_voice_new(echo_voice **out, int frames, int size, int books, echo_error *err);

/* A number that voices of other latents do not have; never 0. */
uint64_t echo_voice_identity(const echo_voice *v);

/* ECHO_ERR_ARG: it was made with another model, or is too short or too long. */
echo_status echo_voice_fits(const echo_voice *v, const echo_model *m, echo_error *err);

double echo_voice_seconds(const echo_model *m, int frames);

/* Of audio or saved latents, wherever the bytes are; as echo_voice_open(). */
echo_status echo_voice_read(echo_voice **out, echo_session *s, struct source *in,
                            const echo_encode_opts *opts, echo_error *err);

/* Of audio alone. */
echo_status echo_clip_read(echo_voice **out, echo_session *s, struct source *in,
                           const echo_encode_opts *opts, echo_error *err);

/* How clips are refused: the lines have no file's name, which echo_clip_failed() puts before
 * them.  It takes the status of what was done with the file, and why. */
echo_status echo_clip_too_short(size_t n, size_t least, echo_error *err);
echo_status echo_clip_check_silence(const struct loudness *level, echo_error *err);
echo_status echo_clip_failed(echo_status status, const char *name, const echo_error *why,
                             echo_error *err);

/* Mono pcm at 44.1 kHz, n samples, each times `gain`, to latents of v->frames frames. */
echo_status echo_encode(echo_session *s, echo_voice *v, const float *pcm, size_t n, float gain,
                        echo_progress *progress, void *user, echo_error *err);

#endif

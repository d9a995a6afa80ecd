/* SPDX-License-Identifier: MIT */
/* decode.h - latents to sound, as they come. */
#ifndef ECHO_ENGINE_DECODE_H
#define ECHO_ENGINE_DECODE_H

#include "engine/session.h"

/* Its fields are decode.c's. */
struct decoding {
    echo_session *s;
    echo_stats *stats;     /* samples, decode_s, overlap_s and first_audio_s are added to it */
    const echo_sink *sink; /* with an audio callback */
    const float *latent;   /* [frames][latent], which fills up while it is decoded */
    struct codec_state state;
    int done;            /* frames decoded */
    double began, ended; /* the last decoding of what was ready */
    bool broken;         /* a sample was not finite */

    bool threaded;
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t news;
    int ready, total; /* frames to decode so far; of the whole, as far as is known */
    bool closed;      /* no more will be ready: the sampling has ended ... */
    double closed_at; /* ... at this time */
    echo_status status;
    echo_error error;
};

/*
 * Prepare to decode up to `frames` frames of latent.  overlap: in a thread beside the caller,
 * where there can be one.  On success it is for echo_decode_end().
 */
echo_status echo_decode_begin(struct decoding *d, echo_session *s, echo_stats *stats,
                              const float *latent, int frames, const echo_sink *sink,
                              bool overlap, echo_error *err);

/* The first `ready` of about `total` frames are there.  Without a thread they are decoded
 * now. */
void echo_decode_more(struct decoding *d, int ready, int total);

/* Wait for what is ready, or, where the session is to stop, for less; how it went. */
echo_status echo_decode_end(struct decoding *d, echo_error *err);

#endif

/* SPDX-License-Identifier: MIT */
/* decode.h - latents to sound, as they come. */
#ifndef ECHO_ENGINE_DECODE_H
#define ECHO_ENGINE_DECODE_H

#include "engine/session.h"

struct decoding {
    echo_session *s;
    const echo_sink *sink; /* with an audio callback */
    struct codec_streams streams;
    int done, total; /* frames; total is for the progress report */
    bool broken;     /* a sample was no finite number */
};

/* Scratch bytes and host floats that decoding so many frames takes; no more from 64 on. */
size_t echo_decode_scratch(echo_session *s, int frames, struct codec_streams *dry);
size_t echo_decode_host_floats(const echo_session *s);

/* After echo_session_reserve() and echo_session_streams(). */
void echo_decode_begin(struct decoding *d, struct run *r);

/* Decode the next `frames` latents and hand them to the sink.  It may be asked again and again:
 * the sound goes on.  Scratch is taken from r. */
echo_status echo_decode_more(struct decoding *d, struct run *r, const float *latent, int frames,
                             echo_error *err);

#endif

/* SPDX-License-Identifier: MIT */
/* encoder.h - samples, at the rate that the file has, to its bytes. */
#ifndef ECHO_ENCODER_H
#define ECHO_ENCODER_H

#include "audio/format.h"
#include "audio/outlet.h"
#include "audio/tags.h"
#include "base/filter.h"

struct encoder {
    struct encoding how;
    struct outlet *to; /* the caller's */
    struct sf_private_tag *sndfile; /* NULL: plain samples */
    uint64_t base;     /* of libsndfile's bytes */
    uint64_t samples;
    struct filter ffmpeg; /* of formats that it encodes */
    uint64_t frames;      /* that came from it, in a stream */
    size_t skip;          /* bytes of the last of them that are still to come */
    unsigned char head[6];
    size_t head_bytes;    /* of the next one's header, in head */
    unsigned char *chunks; /* of WAV: tags */
    size_t chunk_bytes;
};

/* The text of the tags may become a comment.  On failure, too, for echo_encoder_close(). */
echo_status echo_encoder_open(struct encoder *e, const struct encoding *how, struct tags *tags,
                              struct outlet *to, echo_error *err);

echo_status echo_encoder_write(struct encoder *e, const float *pcm, size_t n, echo_error *err);

/* The last bytes, and those at the beginning that say how long it is. */
echo_status echo_encoder_finish(struct encoder *e, echo_error *err);

void echo_encoder_close(struct encoder *e);

#endif

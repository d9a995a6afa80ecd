/* SPDX-License-Identifier: MIT */
/*
 * decoder.h - a source to frames of float samples, by libsndfile, or libmpg123 for MPEG audio.
 *
 * libsndfile reads MPEG by libmpg123 too, but not past junk, and it lets it write to stderr.
 */
#ifndef ECHO_DECODER_H
#define ECHO_DECODER_H

#include "audio/container.h"

struct decoder {
    struct container in;
    struct sf_private_tag *sndfile; /* one of the two */
    struct mpg123_handle_struct *mpg123;
    int rate, channels;
    int64_t frames; /* as the file says, or its length lets guess; -1: not known */
};

/* ECHO_ERR_FILE: one line that says what the file is instead.  On failure, too, the decoder is
 * for echo_decoder_close(). */
echo_status echo_decoder_open(struct decoder *d, struct source *s, echo_error *err);

/* Up to n frames, channels side by side; 0 at the end. */
size_t echo_decoder_read(struct decoder *d, float *out, size_t n);

/* All frames, also those that were read already; -1: not known.  Nothing is read after it. */
int64_t echo_decoder_length(struct decoder *d);

void echo_decoder_close(struct decoder *d);

#endif

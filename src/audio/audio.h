/* SPDX-License-Identifier: MIT */
/*
 * audio.h - files to mono float at 44.1 kHz, over libsndfile, libmpg123 and libsoxr.
 */
#ifndef ECHO_AUDIO_H
#define ECHO_AUDIO_H

#include <stdbool.h>
#include <stddef.h>

#include "base/source.h"
#include "echotts.h"

#define AUDIO_MIN_RATE 1000 /* Hz, of what is read */
#define AUDIO_MAX_RATE 768000

/* How a file's sound came to be what was read of it. */
struct audio_about {
    double seconds;     /* of all of it, if `known`; else so much was read, and there is more */
    bool longer, known; /* longer than what was read */
    int channels;
    int channel; /* taken alone, from 1 on: the channels cancel each other; 0: their mean */
    bool clipped; /* its samples were cut off at a limit */
};

/* Mix to one channel, resample, keep the first max_seconds (0 = all, up to a day).  *pcm by
 * echo_alloc().  ECHO_ERR_FILE for what is no audio, empty, not finite, or out of bounds.
 * about may be NULL.  A pipe is spooled. */
echo_status echo_audio_load_source(float **pcm, size_t *n, struct source *source,
                                   double max_seconds, struct audio_about *about,
                                   echo_error *err);

/* The same of the file path, "-" for standard input, or of bytes in memory, which are called
 * `name` in messages. */
echo_status echo_audio_load(float **pcm, size_t *n, const char *path, double max_seconds,
                            echo_error *err);
echo_status echo_audio_load_memory(float **pcm, size_t *n, const void *data, size_t bytes,
                                   const char *name, double max_seconds, echo_error *err);

/* n samples at `rate` to 44.1 kHz at libsoxr's very high quality; *out by echo_alloc().  pcm
 * must be finite.  ECHO_ERR_ARG for a rate outside 1,000 to 768,000. */
echo_status echo_audio_resample(float **out, size_t *n_out, const float *pcm, size_t n,
                                int rate, echo_error *err);

#endif

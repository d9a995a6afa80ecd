/* SPDX-License-Identifier: MIT */
/*
 * audio.h - files to mono float at 44.1 kHz and back, over libsndfile and libsoxr.
 */
#ifndef ECHO_AUDIO_H
#define ECHO_AUDIO_H

#include <stddef.h>

#include "echotts.h"

#define AUDIO_MIN_RATE 1000 /* Hz, of what is read */
#define AUDIO_MAX_RATE 768000

/* Mix to one channel, resample, keep the first max_seconds (0 = all, up to a day).  *pcm by
 * echo_alloc().  ECHO_ERR_FILE for what is no audio, empty, not finite, or out of bounds. */
echo_status echo_audio_load(float **pcm, size_t *n, const char *path, double max_seconds,
                            echo_error *err);

/* n samples at `rate` to 44.1 kHz at libsoxr's very high quality; *out by echo_alloc().  pcm
 * must be finite.  ECHO_ERR_ARG for a rate outside 1,000 to 768,000. */
echo_status echo_audio_resample(float **out, size_t *n_out, const float *pcm, size_t n,
                                int rate, echo_error *err);

/* WAV into a file or, for "-", standard output. */
echo_status echo_audio_save_wav(const char *path, const float *pcm, size_t n,
                                echo_wav_format format, echo_error *err);

#endif

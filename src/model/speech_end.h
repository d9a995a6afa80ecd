/* SPDX-License-Identifier: MIT */
/* speech_end.h - where in the latents speech has ended. */
#ifndef ECHO_SPEECH_END_H
#define ECHO_SPEECH_END_H

#include <stdbool.h>

#define SPEECH_END_WINDOW 20 /* frames that must be flat */

/*
 * The first frame from `from` on that begins a flat window: the numbers of 20 frames have an
 * unbiased standard deviation below 0.05 and a mean within 0.1 of zero.  latent [frames][size].
 * complete: nothing comes after, zeros are taken to; else only whole windows count.
 * -1: none.
 */
int echo_speech_end(const float *latent, int from, int frames, int size, bool complete);

/*
 * The first frame from `from` on at which a flat window may still begin, whatever comes behind
 * the frames there are: those before it are speech.
 */
int echo_speech_settled(const float *latent, int from, int frames, int size);

/*
 * The frame at which speech begins again behind `end`, or -1: four frames in a row (0.19 s, a
 * syllable) of which each would keep a window from being flat by itself.
 */
int echo_speech_again(const float *latent, int end, int frames, int size);

#endif

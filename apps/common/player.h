/* SPDX-License-Identifier: MIT */
/*
 * player.h - sound out of the loudspeaker while it is made: mono float at 44.1 kHz.
 *
 * PortAudio is looked for when it is needed, so nothing is linked, and a machine without it or
 * without a sound device is told what to do.  One thread writes at a time; any may ask.
 */
#ifndef COMMON_PLAYER_H
#define COMMON_PLAYER_H

#include "echotts.h"

struct player;

/* Can sound be played here?  If not, one line says why, and what to do.  While this and
 * player_open() look for devices, which takes up to a second, stderr leads nowhere: ALSA and
 * JACK complain there of all that they do not find. */
bool player_available(char *why, size_t size);

/* ECHO_ERR_DEVICE with that line.  Nothing sounds before 0.1 s is queued.  `stopped` is asked
 * while waiting, and may be NULL: once it is true, the player gives up. */
echo_status player_open(struct player **out, bool (*stopped)(void), echo_error *err);

/* Queue a copy; waits while more than 30 s are queued.  False: it was stopped, or the device
 * failed, and player_finish() says how. */
bool player_write(struct player *p, const float *pcm, size_t n);

/* Seconds that are queued and not yet in the device's own buffer. */
double player_ahead(const struct player *p);

/* How often it ran out of sound in the middle, and how many seconds of silence that made.
 * After player_drain() this is the whole truth.  seconds may be NULL. */
int player_starved(const struct player *p, double *seconds);

/* Play to the end of what is queued: nothing more can be written. */
echo_status player_drain(struct player *p, echo_error *err);

/* The same, then close.  Also closes what has failed, and says why. */
echo_status player_finish(struct player **p, echo_error *err);

/* Silence at once, and close. */
void player_abort(struct player **p);

#endif

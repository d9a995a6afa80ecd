/* SPDX-License-Identifier: MIT */
/* delivery.h - sound on its way to where it was asked for: a file, a pipe, a loudspeaker. */
#ifndef CLI_DELIVERY_H
#define CLI_DELIVERY_H

#include "common/player.h"
#include "job.h"
#include "sound_options.h"

struct delivery {
    const char *path;  /* of the file; NULL: there is none */
    echo_writer_opts opts;
    struct job *job;   /* keeps the sound until the end; NULL: it is written as it comes */
    bool play;
    /* Had while open. */
    echo_writer *file, *live;
    struct player *player;
    size_t samples;    /* taken */
    int starved;       /* how often playing ran out of sound, ... */
    double starved_s;  /* ... and for how long */
    bool failed;
    echo_error why;    /* the first failure */
    echo_error silenced; /* why playing ended before the end, where a file did not */
};

/* Open what its first fields ask for. */
echo_status delivery_open(struct delivery *d, echo_error *err);

/* As the audio of a sink; user is the struct delivery. */
bool delivery_audio(void *user, const float *pcm, size_t n);

/* The end of the call that had this sink: finish, or, if it failed, give up.  Returns the
 * reason that counts: its own, where that made the call stop. */
echo_status delivery_close(struct delivery *d, echo_status status, echo_error *err);

double delivery_seconds(const struct delivery *d);

#endif

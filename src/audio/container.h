/* SPDX-License-Identifier: MIT */
/*
 * container.h - what a sound file is made of, as far as libsndfile must be helped: MPEG frames
 * are found for libmpg123, and lengths that were never filled in are.
 *
 * A recorder writes the length of its sound when it closes the file.  If it was killed before
 * that, the header has zero there, and all samples behind it.
 */
#ifndef ECHO_CONTAINER_H
#define ECHO_CONTAINER_H

#include <stdbool.h>

#include "audio/view.h"
#include "base/signature.h"

struct container {
    struct view view;
    bool is_mpeg;          /* the view is of frames */
    struct signature kind; /* of the file, or of what stands behind its tags */
};

/* Sound, or what may be.  False: it is none, and kind says what it is if that is known.  Of a
 * pipe that is not spooled the head decides. */
bool echo_container_find(struct container *c, struct source *s);

/* Patch lengths that were not filled in, or narrow the view of a WAV file to the MPEG frames in
 * it; false: there should be some, and are none. */
bool echo_container_repair(struct container *c);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * mpeg.h - where MPEG frames (MP3 and its elders) begin and end among tags and junk.
 *
 * Such a file has no header of its own: what is before the first frame may be tags, zeros that
 * a tagger left, or the rest of a frame that was cut.
 */
#ifndef ECHO_MPEG_H
#define ECHO_MPEG_H

#include <stdbool.h>

#include "audio/view.h"

/* Bytes of the tags (ID3v2, APE) that a file begins with; 0 if there are none. */
uint64_t echo_mpeg_tags(struct view *v);

/* Narrow the view to its frames; false, and nothing done, if there are none.  A single header
 * is no proof: several have to follow each other. */
bool echo_mpeg_find(struct view *v);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * pace.h - how fast a voice speaks, and so how many frames its next text takes.
 *
 * A model's settings say how slow speech can be.  Voices differ by a factor of two, so what a
 * voice has said makes its next window smaller, or larger.
 */
#ifndef ECHO_ENGINE_PACE_H
#define ECHO_ENGINE_PACE_H

#include "engine/settings.h"

/* All zero: nothing was heard yet. */
struct pace {
    uint64_t speaker; /* identity of the voice; 0: there is none */
    float slowest;    /* frames a byte, of late */
    int heard;        /* utterances */
};

/* Frames that a text of this weight (echo_text_weight()) nearly always fits into. */
int echo_pace_frames(const struct pace *p, const struct settings *s, int weight);

/* Frames that it takes on average. */
double echo_pace_expected(const struct pace *p, const struct settings *s, int weight);

/* Weight that nearly always fits into so many frames. */
int echo_pace_fits(const struct pace *p, const struct settings *s, int frames);

/* A text of this weight took so many frames. */
void echo_pace_heard(struct pace *p, int weight, int frames);

/* Paces of the last voices of a session. */
enum { PACES = 8 };

/* That of a speaker; the oldest gives way to a new one. */
struct pace *echo_pace_of(struct pace paces[PACES], uint64_t speaker);

#endif

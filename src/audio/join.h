/* SPDX-License-Identifier: MIT */
/*
 * join.h - pieces of speech to one: silence at their ends is cut, pauses go between them, and
 * they are as loud as what came before.
 *
 * The beginning of the first piece and the end of the last one stay as they are.  So one piece
 * alone passes bit for bit.
 */
#ifndef ECHO_JOIN_H
#define ECHO_JOIN_H

#include <stdbool.h>
#include <stddef.h>

/* How loud speech was so far: it may be kept, and given to another joiner. */
struct join_level {
    double energy;  /* sum of the squares of ... */
    double samples; /* ... so many, of windows that are not silent */
};

struct join_opts {
    double crossfade_s;  /* pieces without a pause between them overlap by so much */
    double overlap_s;    /* pauses below 0 ask for no more */
    bool match_levels;
    double hold_s;       /* a piece waits for so much of it before its level is judged;
                          * 0: for all of it */
    struct join_level level; /* of what came before */
    bool goes_on;        /* something came before: no piece is the first */
    bool (*audio)(void *user, const float *pcm, size_t n); /* false: stop */
    void *user;
};

struct joiner;

/* NULL: no memory. */
struct joiner *echo_joiner_open(const struct join_opts *opts);
void echo_joiner_close(struct joiner **j);

/* False once audio() said so, or memory ran out. */
bool echo_joiner_silence(struct joiner *j, double seconds);
bool echo_joiner_write(struct joiner *j, const float *pcm, size_t n);
/* The piece has ended.  last: nothing comes behind it but the pause.  A pause below 0: the next
 * piece begins so long before this one's end, and both are heard.  At most two pieces sound at
 * once, and none begins or ends before the one before it. */
bool echo_joiner_end_piece(struct joiner *j, double pause_s, bool last);

/* Where the piece that ended last began and ended, in samples handed on. */
size_t echo_joiner_began(const struct joiner *j);
size_t echo_joiner_ended(const struct joiner *j);
/* Samples handed on; whether all of the pieces are. */
size_t echo_joiner_samples(const struct joiner *j);
bool echo_joiner_is_settled(const struct joiner *j);
struct join_level echo_joiner_level(const struct joiner *j);
bool echo_joiner_failed(const struct joiner *j);

#endif

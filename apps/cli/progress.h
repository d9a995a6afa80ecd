/* SPDX-License-Identifier: MIT */
/*
 * progress.h - one line at the bottom of the terminal, redrawn in place.
 *
 * When stderr is no terminal, or nobody wants to see it, every call does nothing.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "echotts.h"

struct progress {
    bool shown;
    double frame_s; /* how long a latent frame sounds */
    int columns;    /* that the line on the screen takes, 0: there is none */
    char head[40];  /* in front of every stage: which one of many jobs it belongs to */
    bool has_share; /* the head says what is left of all */
    const char *stage;
    double began, first; /* the time and the count when the stage began */
    double drawn;        /* the time of the last drawing */
    double speed, speed_at, speed_from; /* of bytes: a second, when and where it was taken */
};

void progress_open(struct progress *p, bool quiet);

/* A note shown while there is nothing to count. */
void progress_note(struct progress *p, const char *what);

/* Another job begins; "" is one that needs no name. */
__attribute__((format(printf, 2, 3))) void progress_head(struct progress *p,
                                                         const char *fmt, ...);

/* An echo_progress; user is the struct progress.  False once the user wants to stop. */
bool progress_stage(void *user, echo_stage stage, int done, int total);

/* In front of every stage from now on: the share of a long job that is done, and its time
 * left. */
void progress_share(struct progress *p, double done, double left_s);

/* The same for work that counts from 0 to 1. */
bool progress_write(void *user, double done);
bool progress_pack(void *user, double done);
bool progress_load(void *user, double done);

/* Bytes of a download, with speed and time left; false once the user wants to stop. */
bool progress_download(struct progress *p, uint64_t done, uint64_t total);

/* Bytes that are checked after it: a share of 1. */
bool progress_check(void *user, double done);

/* Take the line away, so that something else can be printed. */
void progress_clear(struct progress *p);

/* Replace it by a line that stays. */
__attribute__((format(printf, 2, 3))) void progress_done(struct progress *p,
                                                         const char *fmt, ...);

#endif

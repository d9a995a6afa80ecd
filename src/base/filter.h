/* SPDX-License-Identifier: MIT */
/*
 * filter.h - another program that runs beside us: what is written to it comes back changed.
 *
 * Bytes that come back are handed on in the calls of write, wait and finish, in the caller's
 * thread.  A program that neither takes nor gives anything for a minute has failed.
 */
#ifndef ECHO_FILTER_H
#define ECHO_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct filter {
    void (*take)(void *user, const void *bytes, size_t n); /* what came back */
    void *user;
    pid_t pid; /* 0: it does not run */
    int to, from, says;
    bool failed;
    char line[256]; /* why; the first that it wrote to stderr, if it did */
};

/* words: the program, looked for on PATH, its arguments, and NULL.  False: `line` says why.
 * Close it in any case. */
bool echo_filter_open(struct filter *f, const char *const *words);

bool echo_filter_write(struct filter *f, const void *bytes, size_t n);

/* Wait for up to `ms` for something to come back.  False: nothing has. */
bool echo_filter_wait(struct filter *f, int ms);

/* Nothing more is written; wait for the rest and for its end. */
bool echo_filter_finish(struct filter *f);

/* Kill it, if it still runs. */
void echo_filter_close(struct filter *f);

#endif

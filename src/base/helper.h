/* SPDX-License-Identifier: MIT */
/* helper.h - another program, without a shell: bytes in from a file, bytes out into one. */
#ifndef ECHO_HELPER_H
#define ECHO_HELPER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum helper_end {
    HELPER_DONE,
    HELPER_ABSENT,  /* there is no such program */
    HELPER_FAILED,  /* it said no; `line` has its first words */
    HELPER_STOPPED, /* the flag was set */
    HELPER_LATE,    /* it took longer than `seconds` */
    HELPER_LARGE,   /* it wrote more than `most` */
    HELPER_BROKEN,  /* we could not: errno */
};

struct helper {
    const char *const *words; /* the program, looked for on PATH, its arguments, and NULL */
    int in, out;              /* out: a file of ours, written from its beginning on */
    double seconds;
    uint64_t most;
    const atomic_bool *stop; /* or NULL */

    uint64_t bytes; /* that came */
    char line[256]; /* the first that it wrote to stderr */
};

/* Until it has ended, or is killed. */
enum helper_end echo_helper_run(struct helper *h);

/* For others that run programs: with these files as its own.  Returns errno's number. */
int echo_helper_spawn(const char *const *words, int in, int out, int err, pid_t *pid);
/* Keep the first line, of what a program says, that has anything in it. */
void echo_helper_listen(char *line, size_t size, const char *said, size_t n);

#endif

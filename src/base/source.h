/* SPDX-License-Identifier: MIT */
/*
 * source.h - bytes to be read at any place: of a file, of a pipe, of memory.
 *
 * Of what is no file (a pipe, standard input, a device) only the beginning is read at first,
 * so that it can be looked at; echo_source_spool() takes the rest into a temporary file.
 */
#ifndef ECHO_SOURCE_H
#define ECHO_SOURCE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "echotts.h"

#define SOURCE_HEAD  ((size_t)64 << 10)  /* of a pipe, read when it is opened */
#define SOURCE_SPOOL ((uint64_t)1 << 30) /* of a pipe, at most */

struct source {
    const char *name; /* for messages: the path, or "standard input" */
    uint64_t bytes;   /* of a pipe before spooling: of its head */
    int error;        /* errno of the first read that failed */

    int fd; /* -1: none */
    bool is_stream, ended;
    uint64_t start;            /* of the bytes in the file */
    const unsigned char *data; /* in memory, or NULL */
    unsigned char *head;
    const atomic_bool *stop;
};

/* "-" is standard input.  stop, if not NULL, ends waiting for a pipe: ECHO_ERR_CANCELLED.
 * ECHO_ERR_FILE for what is not there, a directory, a terminal, or empty.  On failure, too, the
 * source is for echo_source_close(). */
echo_status echo_source_open(struct source *s, const char *path, const atomic_bool *stop,
                             echo_error *err);

/* Bytes in memory, which must outlive the source. */
void echo_source_memory(struct source *s, const void *data, size_t bytes, const char *name);

/* Copy the rest of a pipe into a file without a name in $TMPDIR or /tmp; others stay. */
echo_status echo_source_spool(struct source *s, echo_error *err);

/* Up to n bytes from place `at` on; fewer at the end, or after a failure, which is noted. */
size_t echo_source_read(struct source *s, uint64_t at, void *out, size_t n);

/* All bytes as memory, until the source or the map is closed, whichever is first.  Not of a
 * pipe that was not spooled. */
echo_status echo_source_map(const struct source *s, struct file_map *m,
                            const unsigned char **data, echo_error *err);

void echo_source_close(struct source *s);

#endif

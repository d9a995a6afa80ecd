/* SPDX-License-Identifier: MIT */
/*
 * spool.h - bytes that one thread makes and another sends, however slow its reader is.
 *
 * They lie in a nameless file of $TMPDIR, so that whoever makes them never waits, and memory
 * does not grow.  One thread writes; any may read what was written.
 */
#ifndef SERVER_SPOOL_H
#define SERVER_SPOOL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/failure.h"

struct spool {
    int fd; /* below 0: nothing was written yet */
    uint64_t size;
};

#define SPOOL_EMPTY (struct spool){ .fd = -1 }

/* Append.  ECHO_ERR_FILE: the disk is full. */
echo_status spool_write(struct spool *s, const void *bytes, size_t n, echo_error *err);

/* Up to n bytes from `at` on; below 0: the disk failed. */
ssize_t spool_read(const struct spool *s, uint64_t at, void *bytes, size_t n);

void spool_close(struct spool *s);

/* Where they lie. */
const char *spool_folder(void);

/* A nameless file for reading and writing; below 0: there is no room for one. */
int spool_nameless(void);

#endif

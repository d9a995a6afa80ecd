/* SPDX-License-Identifier: MIT */
/* memory.h - aligned memory for numbers, and files as memory. */
#ifndef ECHO_BASE_MEMORY_H
#define ECHO_BASE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "echotts.h"

#define ECHO_ALIGN 64 /* a cache line, and the widest vector */

/* Aligned to ECHO_ALIGN, to huge pages if large; not cleared; NULL when there is none. */
void *echo_alloc(size_t bytes);
void echo_free(void *p);

/* count * size, or SIZE_MAX, which no allocation gets, on overflow. */
size_t echo_product(size_t count, size_t size);

/* A file mapped read-only and shared: pages come as they are touched. */
struct file_map {
    const unsigned char *data; /* NULL for an empty file */
    size_t bytes;
};

echo_status echo_map_open(struct file_map *m, const char *path, echo_error *err);
/* The first `bytes` of a file that is open; name is for messages. */
echo_status echo_map_fd(struct file_map *m, int fd, uint64_t bytes, const char *name,
                        echo_error *err);
void echo_map_close(struct file_map *m);
/* These bytes are not read again soon: whole pages inside may be taken back. */
void echo_map_forget(const void *data, size_t bytes);

#endif

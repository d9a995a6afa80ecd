/* SPDX-License-Identifier: MIT */
/*
 * arena.h - stack allocation of scratch, in any memory.
 *
 * An arena hands out offsets, not pointers, so the same code lays out host
 * memory, a GPU buffer, or nothing at all: a dry run over an arena without
 * memory measures exactly how much the real run needs (see `peak`).
 */
#ifndef ECHO_BASE_ARENA_H
#define ECHO_BASE_ARENA_H

#include <stddef.h>

#include "base/error.h"

#define ARENA_ALIGN ((size_t)256) /* largest minStorageBufferOffsetAlignment */

struct arena {
    size_t used;
    size_t peak;
    size_t cap; /* SIZE_MAX while measuring */
};

static inline size_t arena_push(struct arena *a, size_t bytes)
{
    size_t off = a->used;

    bytes = (bytes + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
    ECHO_ASSERT(bytes <= a->cap - a->used); /* else scratch was measured too small */
    a->used += bytes;
    if (a->used > a->peak)
        a->peak = a->used;
    return off;
}

/* Everything pushed after the mark is given back. */
static inline size_t arena_mark(const struct arena *a)
{
    return a->used;
}

static inline void arena_reset(struct arena *a, size_t mark)
{
    ECHO_ASSERT(mark <= a->used);
    a->used = mark;
}

#endif

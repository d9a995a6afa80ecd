/* SPDX-License-Identifier: MIT */
/* bytes.h - bytes in memory, of which more come. */
#ifndef SERVER_BYTES_H
#define SERVER_BYTES_H

#include <stdbool.h>
#include <stddef.h>

/* All zero: there are none.  A 0 is behind them once some were added. */
struct bytes {
    char *at;
    size_t n, room;
};

/* False: out of memory; those before stay. */
bool bytes_add(struct bytes *b, const void *more, size_t n);
/* The first n go. */
void bytes_drop(struct bytes *b, size_t n);
void bytes_free(struct bytes *b);

#endif

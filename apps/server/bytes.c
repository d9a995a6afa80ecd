/* SPDX-License-Identifier: MIT */
#include "bytes.h"

#include <stdlib.h>
#include <string.h>

bool bytes_add(struct bytes *b, const void *more, size_t n)
{
    if (b->n + n + 1 > b->room) {
        size_t room = (b->n + n + 1) * 2;
        char *grown = realloc(b->at, room);

        if (!grown)
            return false;
        b->at = grown;
        b->room = room;
    }
    if (n)
        memcpy(b->at + b->n, more, n);
    b->n += n;
    b->at[b->n] = 0;
    return true;
}

void bytes_drop(struct bytes *b, size_t n)
{
    if (!n)
        return;
    b->n -= n;
    memmove(b->at, b->at + n, b->n + 1);
}

void bytes_free(struct bytes *b)
{
    free(b->at);
    *b = (struct bytes){ 0 };
}

/* SPDX-License-Identifier: MIT */
/* archive.h - a ZIP archive of stored entries, made by hand. */
#ifndef ECHO_TEST_ARCHIVE_H
#define ECHO_TEST_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct archive {
    uint8_t *at; /* for free(); large enough for what is said at the start */
    size_t bytes;
    uint8_t list[1024];
    size_t list_bytes, entries;
};

static inline struct archive archive_begin(size_t data_bytes)
{
    return (struct archive){ .at = calloc(1, data_bytes + 4096) };
}

static inline void archive_number(uint8_t *to, uint64_t n, int bytes)
{
    for (int i = 0; i < bytes; i++)
        to[i] = (uint8_t)(n >> 8 * i);
}

static inline void archive_add(struct archive *a, const char *name, const void *data,
                               size_t bytes)
{
    size_t length = strlen(name);
    uint8_t *local = a->at + a->bytes, *listed = a->list + a->list_bytes;

    memcpy(local, "PK\3\4", 4);
    archive_number(local + 22, bytes, 4);
    archive_number(local + 26, length, 2);
    memcpy(local + 30, name, length);
    if (bytes)
        memcpy(local + 30 + length, data, bytes);
    memcpy(listed, "PK\1\2", 4);
    archive_number(listed + 20, bytes, 4);
    archive_number(listed + 24, bytes, 4);
    archive_number(listed + 28, length, 2);
    archive_number(listed + 42, a->bytes, 4);
    memcpy(listed + 46, name, length);
    a->bytes += 30 + length + bytes;
    a->list_bytes += 46 + length;
    a->entries++;
}

static inline void archive_end(struct archive *a)
{
    uint8_t *at = a->at + a->bytes;

    memcpy(at, a->list, a->list_bytes);
    at += a->list_bytes;
    memcpy(at, "PK\5\6", 4);
    archive_number(at + 8, a->entries, 2);
    archive_number(at + 10, a->entries, 2);
    archive_number(at + 12, a->list_bytes, 4);
    archive_number(at + 16, a->bytes, 4);
    a->bytes += a->list_bytes + 22;
}

#endif

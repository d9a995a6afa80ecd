/* SPDX-License-Identifier: MIT */
#include "weights/zip.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* Bytes of the records without what varies, and where their fields are. */
enum { END_BYTES = 22, LOCATOR_BYTES = 20, END64_BYTES = 56, LISTED_BYTES = 46,
       LOCAL_BYTES = 30 };

#define MOST_COMMENT 65535
#define MOST_ENTRIES 1000000
#define ENCRYPTED    1
#define SIZES_FOLLOW 8 /* flag: the local header has none, a descriptor behind the data has */
#define STORED       0
#define FULL32       0xffffffffu

struct reading {
    const char *path;
    const unsigned char *data;
    size_t bytes;
    size_t list; /* where the list of entries begins: data is before it */
    size_t list_end;
    echo_error *err;
};

/* An entry of the list before its data is looked for. */
struct listed {
    unsigned flags, method;
    uint64_t packed, bytes, local;
    size_t name_bytes, extra_bytes, comment_bytes;
};

static uint64_t number(const unsigned char *p, int bytes)
{
    uint64_t n = 0;

    for (int i = 0; i < bytes; i++)
        n |= (uint64_t)p[i] << 8 * i;
    return n;
}

static echo_status damaged(const struct reading *r, const char *what)
{
    return echo_fail(r->err, ECHO_ERR_FILE,
                     "%s: the ZIP archive is truncated or damaged: %s; copy it again", r->path,
                     what);
}

/* For messages: at most 60 bytes of a name. */
static int shown(size_t bytes)
{
    return bytes < 60 ? (int)bytes : 60;
}

/* The record that ends the file, with a comment that reaches just to the end. */
static const unsigned char *find_end(const struct reading *r)
{
    for (size_t comment = 0; comment <= MOST_COMMENT && r->bytes >= END_BYTES + comment;
         comment++) {
        const unsigned char *end = r->data + r->bytes - END_BYTES - comment;

        if (!memcmp(end, "PK\5\6", 4) && number(end + 20, 2) == comment)
            return end;
    }
    return NULL;
}

/* The record of 64 bits, if there is one: a locator before the end says where. */
static echo_status find_end64(const struct reading *r, const unsigned char *end,
                              const unsigned char **end64)
{
    size_t before = (size_t)(end - r->data);
    uint64_t at;

    *end64 = NULL;
    if (before < LOCATOR_BYTES || memcmp(end - LOCATOR_BYTES, "PK\6\7", 4))
        return ECHO_OK;
    before -= LOCATOR_BYTES;
    at = number(end - LOCATOR_BYTES + 8, 8);
    if (before < END64_BYTES || at > before - END64_BYTES ||
        memcmp(r->data + at, "PK\6\6", 4))
        return damaged(r, "its record of 64 bits is not where it should be");
    *end64 = r->data + at;
    return ECHO_OK;
}

/* Where the list is, and of how many entries. */
static echo_status find_list(struct reading *r, uint64_t *count)
{
    const unsigned char *end = find_end(r), *end64;
    uint64_t disk, size, at;
    size_t limit;
    echo_status s;

    if (!end)
        return damaged(r, "it has no list of its entries at the end");
    if ((s = find_end64(r, end, &end64)))
        return s;
    disk = number(end + 4, 2) | number(end + 6, 2);
    *count = number(end + 10, 2);
    size = number(end + 12, 4);
    at = number(end + 16, 4);
    limit = (size_t)((end64 ? end64 : end) - r->data);
    if (end64) {
        disk = number(end64 + 16, 4) | number(end64 + 20, 4);
        *count = number(end64 + 32, 8);
        size = number(end64 + 40, 8);
        at = number(end64 + 48, 8);
    }
    if (disk)
        return echo_fail(r->err, ECHO_ERR_FILE, "%s: a ZIP archive in several volumes is not "
                                                "read", r->path);
    if (at > limit || size > limit - at)
        return damaged(r, "its list of entries lies outside");
    if (*count > MOST_ENTRIES || *count > size / LISTED_BYTES)
        return damaged(r, "its list is too short for so many entries");
    r->list = (size_t)at;
    r->list_end = (size_t)(at + size);
    return ECHO_OK;
}

/* Sizes that do not fit stand in a field behind the name, in this order. */
static bool read_sizes64(struct listed *l, const unsigned char *extra)
{
    uint64_t *values[] = { &l->bytes, &l->packed, &l->local };
    size_t left = l->extra_bytes;
    bool needed = l->bytes == FULL32 || l->packed == FULL32 || l->local == FULL32;

    while (left >= 4) {
        size_t bytes = (size_t)number(extra + 2, 2);
        const unsigned char *p = extra + 4;

        if (bytes > left - 4)
            return false;
        if (number(extra, 2) != 1) {
            extra += 4 + bytes;
            left -= 4 + bytes;
            continue;
        }
        for (int i = 0; i < 3; i++) {
            if (*values[i] != FULL32)
                continue;
            if (bytes < 8)
                return false;
            *values[i] = number(p, 8);
            p += 8;
            bytes -= 8;
        }
        return true;
    }
    return !needed;
}

/* The header before the data must be of the same entry. */
static echo_status find_data(const struct reading *r, struct zip_entry *e,
                             const struct listed *l)
{
    const unsigned char *p;
    uint64_t start;

    if (l->local > r->list || r->list - l->local < LOCAL_BYTES)
        return damaged(r, "an entry lies outside");
    p = r->data + l->local;
    start = l->local + LOCAL_BYTES + number(p + 26, 2) + number(p + 28, 2);
    if (memcmp(p, "PK\3\4", 4) || start > r->list || number(p + 26, 2) != e->name_bytes ||
        memcmp(p + LOCAL_BYTES, e->name, e->name_bytes) || number(p + 8, 2) != l->method)
        return damaged(r, "an entry's two headers differ");
    if (!(number(p + 6, 2) & SIZES_FOLLOW) && number(p + 22, 4) != FULL32 &&
        number(p + 22, 4) != l->bytes)
        return damaged(r, "an entry's two headers differ");
    if (l->bytes > r->list - start)
        return damaged(r, "an entry lies outside");
    e->data = r->data + start;
    e->bytes = (size_t)l->bytes;
    return ECHO_OK;
}

static echo_status check_stored(const struct reading *r, const struct zip_entry *e,
                                const struct listed *l)
{
    if (memchr(e->name, 0, e->name_bytes) || !e->name_bytes)
        return damaged(r, "an entry has no name, or a zero byte in it");
    if (l->flags & ENCRYPTED)
        return echo_fail(r->err, ECHO_ERR_FILE, "%s: the entry '%.*s' is encrypted: it cannot "
                                                "be read",
                         r->path, shown(e->name_bytes), e->name);
    if (l->method != STORED)
        return echo_fail(r->err, ECHO_ERR_FILE,
                         "%s: the entry '%.*s' is compressed: torch.save() stores it as it is; "
                         "unpack the archive, and save the model again",
                         r->path, shown(e->name_bytes), e->name);
    if (l->packed != l->bytes)
        return damaged(r, "an entry has two sizes");
    return ECHO_OK;
}

/* One entry of the list at *at, which moves on. */
static echo_status read_entry(const struct reading *r, struct zip_entry *e, size_t *at)
{
    const unsigned char *p = r->data + *at;
    size_t left = r->list_end - *at, whole;
    struct listed l;
    echo_status s;

    if (left < LISTED_BYTES || memcmp(p, "PK\1\2", 4))
        return damaged(r, "its list of entries is cut");
    l = (struct listed){ .flags = (unsigned)number(p + 8, 2),
                         .method = (unsigned)number(p + 10, 2), .packed = number(p + 20, 4),
                         .bytes = number(p + 24, 4), .local = number(p + 42, 4),
                         .name_bytes = (size_t)number(p + 28, 2),
                         .extra_bytes = (size_t)number(p + 30, 2),
                         .comment_bytes = (size_t)number(p + 32, 2) };
    whole = LISTED_BYTES + l.name_bytes + l.extra_bytes + l.comment_bytes;
    if (whole > left)
        return damaged(r, "its list of entries is cut");
    e->name = (const char *)p + LISTED_BYTES;
    e->name_bytes = l.name_bytes;
    if (!read_sizes64(&l, p + LISTED_BYTES + l.name_bytes))
        return damaged(r, "an entry has no size of 64 bits");
    *at += whole;
    if ((s = check_stored(r, e, &l)))
        return s;
    return find_data(r, e, &l);
}

static int by_place(const void *a, const void *b)
{
    const unsigned char *x = ((const struct zip_entry *)a)->data;
    const unsigned char *y = ((const struct zip_entry *)b)->data;

    return ((uintptr_t)x > (uintptr_t)y) - ((uintptr_t)x < (uintptr_t)y);
}

static int compare(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
    int order = memcmp(a, b, a_bytes < b_bytes ? a_bytes : b_bytes);

    return order ? order : (a_bytes > b_bytes) - (a_bytes < b_bytes);
}

static int by_name(const void *a, const void *b)
{
    const struct zip_entry *x = a, *y = b;

    return compare(x->name, x->name_bytes, y->name, y->name_bytes);
}

/* Every byte belongs to one entry: between two there is at least the second's header. */
static echo_status check_places(const struct zip *z, const struct reading *r)
{
    qsort(z->entries, z->n, sizeof *z->entries, by_place);
    for (size_t i = 1; i < z->n; i++) {
        const struct zip_entry *a = &z->entries[i - 1], *b = &z->entries[i];

        if ((size_t)(b->data - a->data) < a->bytes + LOCAL_BYTES + b->name_bytes)
            return damaged(r, "entries overlap");
    }
    qsort(z->entries, z->n, sizeof *z->entries, by_name);
    for (size_t i = 1; i < z->n; i++)
        if (!by_name(&z->entries[i - 1], &z->entries[i]))
            return damaged(r, "two entries have the same name");
    return ECHO_OK;
}

echo_status echo_zip_open(struct zip *z, const char *path, const void *data, size_t bytes,
                          echo_error *err)
{
    struct reading r = { .path = path, .data = data, .bytes = bytes, .err = err };
    uint64_t count = 0;
    size_t at;
    echo_status s;

    *z = (struct zip){ 0 };
    if ((s = find_list(&r, &count)))
        return s;
    if (!(z->entries = calloc((size_t)count + 1, sizeof *z->entries)))
        return echo_fail_memory(err, (size_t)count * sizeof *z->entries, "a list of entries");
    at = r.list;
    while (z->n < count && !s)
        s = read_entry(&r, &z->entries[z->n++], &at);
    if (s || (s = check_places(z, &r)))
        echo_zip_close(z);
    return s;
}

void echo_zip_close(struct zip *z)
{
    free(z->entries);
    *z = (struct zip){ 0 };
}

const struct zip_entry *echo_zip_find(const struct zip *z, const char *name)
{
    struct zip_entry key = { .name = name, .name_bytes = strlen(name) };

    return z->n ? bsearch(&key, z->entries, z->n, sizeof key, by_name) : NULL;
}

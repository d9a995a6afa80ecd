/* SPDX-License-Identifier: MIT */
#include "hub/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/failure.h"

/* Small enough that a cut loses little, large enough that asking for one costs little. */
#define LEAST_PART ((uint64_t)1 << 20)
#define MOST_PART  ((uint64_t)32 << 20)
#define USUAL_PARTS 256

enum { HEAD = 64 };

/* A line of fixed length that says what the letters behind it are of. */
static void head_of(char out[HEAD + 1], const struct parts *p)
{
    char text[HEAD];

    snprintf(text, sizeof text, "echotts parts 1: %llu by %llu", (unsigned long long)p->size,
             (unsigned long long)p->part_size);
    snprintf(out, HEAD + 1, "%-*s\n", HEAD - 1, text);
}

static bool read_list(struct parts *p)
{
    char want[HEAD + 1], have[HEAD];

    head_of(want, p);
    return pread(p->fd, have, HEAD, 0) == HEAD && !memcmp(have, want, HEAD) &&
           pread(p->fd, p->state, p->n, HEAD) == (ssize_t)p->n;
}

static bool write_list(struct parts *p)
{
    char head[HEAD + 1];

    memset(p->state, '.', p->n);
    head_of(head, p);
    return !ftruncate(p->fd, 0) && pwrite(p->fd, head, HEAD, 0) == HEAD &&
           pwrite(p->fd, p->state, p->n, HEAD) == (ssize_t)p->n;
}

echo_status parts_open(struct parts *p, const char *path, uint64_t size, bool fresh,
                       echo_error *err)
{
    uint64_t part = size / USUAL_PARTS;

    part = part < LEAST_PART ? LEAST_PART : part > MOST_PART ? MOST_PART : part;
    *p = (struct parts){ .fd = -1, .size = size, .part_size = part,
                         .n = (size_t)((size + part - 1) / part) };
    p->path = strdup(path);
    p->state = malloc(p->n + 1);
    p->at = calloc(p->n + 1, sizeof *p->at);
    if (!p->path || !p->state || !p->at) {
        parts_close(p);
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory for the list of parts");
    }
    p->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (p->fd < 0 || ((fresh || !read_list(p)) && !write_list(p))) {
        echo_fail(err, ECHO_ERR_FILE, "%.600s: cannot be written: %s", path, strerror(errno));
        parts_close(p);
        return err->status;
    }
    for (size_t i = 0; i < p->n; i++) {
        if (p->state[i] != 'x')
            p->state[i] = '.';
        p->at[i] = parts_begin(p, i);
    }
    return ECHO_OK;
}

void parts_close(struct parts *p)
{
    if (p->fd >= 0)
        close(p->fd);
    free(p->path);
    free(p->state);
    free(p->at);
    *p = (struct parts){ .fd = -1 };
}

uint64_t parts_begin(const struct parts *p, size_t i)
{
    return (uint64_t)i * p->part_size;
}

uint64_t parts_end(const struct parts *p, size_t i)
{
    return i + 1 < p->n ? parts_begin(p, i + 1) : p->size;
}

size_t parts_missing(const struct parts *p)
{
    size_t i = 0;

    while (i < p->n && p->state[i] != '.')
        i++;
    return i;
}

bool parts_are_whole(const struct parts *p)
{
    size_t i = 0;

    while (i < p->n && p->state[i] == 'x')
        i++;
    return i == p->n;
}

/* A letter that could not be written costs that this part is fetched again. */
void parts_keep(struct parts *p, size_t i)
{
    p->state[i] = 'x';
    if (pwrite(p->fd, "x", 1, (off_t)(HEAD + i)) != 1)
        return;
}

uint64_t parts_bytes(const struct parts *p)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < p->n; i++)
        sum += (p->state[i] == 'x' ? parts_end(p, i) : p->at[i]) - parts_begin(p, i);
    return sum;
}

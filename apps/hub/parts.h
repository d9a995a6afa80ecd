/* SPDX-License-Identifier: MIT */
/*
 * parts.h - which parts of a large file are there already.
 *
 * A list lies beside the unfinished file, a letter for each part of fixed size, so that whoever
 * goes on later fetches only what is missing.  After a power cut it may promise too much; the
 * checksum of the whole finds that.
 */
#ifndef HUB_PARTS_H
#define HUB_PARTS_H

#include "echotts.h"

struct parts {
    char *path;
    int fd;
    uint64_t size, part_size;
    size_t n;
    char *state;   /* 'x' there, '.' missing, 't' somebody fetches it */
    uint64_t *at;  /* how far a part came that is not whole */
};

/* For a file of `size` bytes.  `fresh`: whatever the list says, nothing is there. */
echo_status parts_open(struct parts *p, const char *path, uint64_t size, bool fresh,
                       echo_error *err);
/* The list stays. */
void parts_close(struct parts *p);

uint64_t parts_begin(const struct parts *p, size_t i);
uint64_t parts_end(const struct parts *p, size_t i);

/* The first part that nobody has or fetches; p->n: none. */
size_t parts_missing(const struct parts *p);
bool parts_are_whole(const struct parts *p);

/* Part i is there. */
void parts_keep(struct parts *p, size_t i);

/* Bytes that are there, of whole parts and of others. */
uint64_t parts_bytes(const struct parts *p);

#endif

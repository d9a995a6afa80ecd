/* SPDX-License-Identifier: MIT */
/*
 * zip.h - where the entries of a ZIP archive lie, for those that are stored as they are.
 *
 * Own code, though libzip and minizip are there: both hand out an entry's bytes by reading
 * them, and tell nobody where they lie.  Weights of gigabytes are to be used in the mapping.
 * Without packing and encryption little is left: a list at the end of the file.
 */
#ifndef ECHO_ZIP_H
#define ECHO_ZIP_H

#include <stddef.h>

#include "echotts.h"

/* Borrowed from the archive's bytes. */
struct zip_entry {
    const char *name; /* not ended by a zero */
    size_t name_bytes;
    const unsigned char *data;
    size_t bytes;
};

struct zip {
    struct zip_entry *entries; /* sorted by name */
    size_t n;
};

/*
 * List the entries of an archive in memory.  ECHO_ERR_FILE with one line that names path: for
 * what is packed, encrypted or in several volumes, and for entries that overlap, that lie
 * outside, or whose two headers differ.
 */
echo_status echo_zip_open(struct zip *z, const char *path, const void *data, size_t bytes,
                          echo_error *err);
void echo_zip_close(struct zip *z);

/* NULL if there is none of this name. */
const struct zip_entry *echo_zip_find(const struct zip *z, const char *name);

#endif

/* SPDX-License-Identifier: MIT */
/* checksum.h - the hub's names of files: SHA-256 of large ones, git's SHA-1 of small ones. */
#ifndef HUB_CHECKSUM_H
#define HUB_CHECKSUM_H

#include "echotts.h"

/* Is this such a name: 64 or 40 hexadecimal digits? */
bool checksum_is_name(const char *name);

/*
 * Is the file at path what its name, `hash`, says?  *good tells.  progress gets the share that
 * is read; false stops (ECHO_ERR_CANCELLED).
 */
echo_status checksum_file(bool *good, const char *path, const char *hash,
                          bool (*progress)(void *user, double done), void *user,
                          echo_error *err);

#endif

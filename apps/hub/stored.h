/* SPDX-License-Identifier: MIT */
/* stored.h - what a repository takes of the cache, and how it leaves. */
#ifndef HUB_STORED_H
#define HUB_STORED_H

#include "hub/cache.h"

/* Is the repository there at all? */
bool stored_is_there(const struct cache *c);

/* Does a program fetch it just now? */
bool stored_is_busy(const struct cache *c);

/* Bytes that leaving would free: of one snapshot those that no other links to; commit NULL: of
 * all. */
uint64_t stored_bytes(const struct cache *c, const char *commit);

/*
 * Remove one snapshot, and what no other links to; commit NULL: the whole repository.  Links
 * are removed, never followed.
 */
echo_status stored_remove(const struct cache *c, const char *commit, echo_error *err);

#endif

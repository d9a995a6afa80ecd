/* SPDX-License-Identifier: MIT */
/* lock.h - the locks of the cache, as Python's filelock takes them. */
#ifndef HUB_LOCK_H
#define HUB_LOCK_H

#include "hub/cache.h"
#include "hub/hub.h"

/* Wait until nobody else fetches the file of this hash; a note says so, with its name.  *out is
 * for lock_close(). */
echo_status lock_open(int *out, const struct hub *h, const struct cache *c, const char *hash,
                      const char *name, echo_error *err);
void lock_close(int *lock);

#endif

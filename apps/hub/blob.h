/* SPDX-License-Identifier: MIT */
/* blob.h - one file on its way into the cache: fetched, checked, linked. */
#ifndef HUB_BLOB_H
#define HUB_BLOB_H

#include "hub/cache.h"
#include "hub/fetch.h"

/* Is it there?  If only its link is missing, that is made. */
echo_status blob_find(bool *there, const struct hub *h, const struct hub_file *f,
                      echo_error *err);

/* Bytes of the disk that an unfinished one has already. */
uint64_t blob_begun(const struct hub *h, const struct hub_file *f);

/* Fetch what is missing of it.  before, total, fetched: as fetch_file().  *there: another
 * program brought it meanwhile. */
echo_status blob_fetch(bool *there, const struct hub *h, struct hub_file *f, uint64_t before,
                       uint64_t total, uint64_t *fetched, echo_error *err);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * cache.h - Hugging Face's cache, shared with its Python tools.
 *
 *     models--OWNER--NAME/blobs/HASH
 *     models--OWNER--NAME/snapshots/COMMIT/FILE -> ../../blobs/HASH
 *     models--OWNER--NAME/refs/main              COMMIT
 *
 * An unfinished file lies at blobs/HASH.echotts.incomplete, with its parts beside it: older
 * Python tools would take HASH.incomplete for a beginning without gaps.
 */
#ifndef HUB_CACHE_H
#define HUB_CACHE_H

#include "hub/settings.h"

/* Of a repository, "owner/name". */
struct cache {
    char root[HUB_PATH], folder[HUB_PATH];
    bool no_links; /* snapshots have the files themselves */
};

echo_status cache_open(struct cache *c, const char *root, const char *repository,
                       echo_error *err);

/* Is a name safe as a part of a path: no "..", nothing absolute? */
bool cache_name_is_safe(const char *name);

/* folder/blobs/HASH, and more behind it: "", ".echotts.incomplete". */
echo_status cache_blob(char out[HUB_PATH], const struct cache *c, const char *hash,
                       const char *more, echo_error *err);

/* Make the folders that blobs, and this file of a snapshot, go into. */
echo_status cache_make(const struct cache *c, const char *commit, const char *name,
                       echo_error *err);

/* Let the file of a snapshot be the blob.  Where links cannot be made, a fresh blob is moved
 * there, another copied. */
echo_status cache_link(const struct cache *c, const char *commit, const char *name,
                       const char *hash, bool fresh, echo_error *err);

/* Is this file of a snapshot there, and as long?  Links may not have been possible. */
bool cache_has(const struct cache *c, const char *commit, const char *name, uint64_t size);

/* Revision is this commit from now on. */
echo_status cache_refer(const struct cache *c, const char *revision, const char *commit,
                        echo_error *err);

/* Make a folder and those above it. */
echo_status cache_make_folder(const char *path, echo_error *err);

#endif

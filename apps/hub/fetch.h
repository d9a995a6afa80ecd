/* SPDX-License-Identifier: MIT */
/* fetch.h - one file of the hub, by several connections at once, in one thread. */
#ifndef HUB_FETCH_H
#define HUB_FETCH_H

#include "hub/hub.h"
#include "hub/parts.h"

/* A file in a repository, and where its bytes are. */
struct hub_file {
    char repository[200], commit[64], name[256]; /* "owner/name"; the name may have folders */
    char hash[80];                               /* of what it contains: as checksum.h */
    uint64_t size;
    char url[4096]; /* of the bytes; those on other hosts have an end in time */
};

/* Ask the hub about repository, commit and name: the rest is filled in. */
echo_status fetch_locate(const struct hub *h, struct hub_file *f, echo_error *err);

/*
 * Fetch what parts says is missing, into fd.  *before are the bytes of other files that are
 * there, for the progress, whose total is `total`.  *fetched counts what came over the wire.
 */
echo_status fetch_file(const struct hub *h, struct hub_file *f, int fd, struct parts *parts,
                       uint64_t before, uint64_t total, uint64_t *fetched, echo_error *err);

#endif

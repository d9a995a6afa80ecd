/* SPDX-License-Identifier: MIT */
/* access.h - who may ask: the key, and the pages of other origins. */
#ifndef SERVER_ACCESS_H
#define SERVER_ACCESS_H

#include <stdbool.h>
#include <stddef.h>

struct access {
    const char *key;     /* NULL: none is needed */
    const char *origins; /* "https://a.org,https://b.org", "*"; NULL: none */
    bool loopback;       /* only this machine reaches the server */
};

/* The value of an Authorization header, or NULL.  Takes as long for a wrong key as for the
 * right one. */
bool access_has_key(const struct access *a, const char *authorization);

/* May pages of this origin read answers? */
bool access_allows_origin(const struct access *a, const char *origin);

/*
 * May this request be meant for us?  A page of another origin could send one that changes
 * something without asking first, and a name that was bound to 127.0.0.1 could pass for ours.
 * origin and host are headers, or NULL.
 */
bool access_is_meant(const struct access *a, const char *origin, const char *host);

#endif

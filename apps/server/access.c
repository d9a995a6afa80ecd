/* SPDX-License-Identifier: MIT */
#include "access.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Every byte of what was given is looked at, whatever the first ones are. */
static bool equal_in_constant_time(const char *key, const char *given)
{
    size_t n = strlen(key), m = strlen(given);
    unsigned char different = n != m;

    for (size_t i = 0; i < m; i++)
        different |= (unsigned char)(key[n ? i % n : 0] ^ given[i]);
    return !different;
}

bool access_has_key(const struct access *a, const char *authorization)
{
    if (!a->key)
        return true;
    if (!authorization || strncasecmp(authorization, "Bearer ", 7))
        return false;
    authorization += 7;
    authorization += strspn(authorization, " ");
    return equal_in_constant_time(a->key, authorization);
}

static bool is_listed(const char *list, const char *origin)
{
    size_t n = strlen(origin);

    while (list && *list) {
        size_t length = strcspn(list, ",");

        if (length == n && !strncasecmp(list, origin, n))
            return true;
        list += length + (list[length] == ',');
    }
    return false;
}

bool access_allows_origin(const struct access *a, const char *origin)
{
    return a->origins && (!strcmp(a->origins, "*") || is_listed(a->origins, origin));
}

/* Without its port. */
static size_t host_length(const char *host)
{
    const char *end = *host == '[' ? strchr(host, ']') : NULL;

    return end ? (size_t)(end + 1 - host) : strcspn(host, ":");
}

/* Digits and dots alone: 127.a.org is a name. */
static bool is_127(const char *host, size_t n)
{
    return n > 4 && !strncmp(host, "127.", 4) && strspn(host, "0123456789.") >= n;
}

static bool is_local(const char *host)
{
    size_t n = host_length(host);

    return (n == 9 && !strncasecmp(host, "localhost", n)) || is_127(host, n) ||
           (n == 5 && !strncmp(host, "[::1]", n)) ||
           (n > 10 && !strncasecmp(host + n - 10, ".localhost", 10));
}

static bool is_same(const char *origin, const char *host)
{
    const char *name = strstr(origin, "://");

    return name && !strcasecmp(name + 3, host);
}

/* A host that is named as an origin is ours, as behind a proxy. */
static bool is_named(const struct access *a, const char *host)
{
    char origin[300];

    snprintf(origin, sizeof origin, "https://%.250s", host);
    if (is_listed(a->origins, origin))
        return true;
    snprintf(origin, sizeof origin, "http://%.250s", host);
    return is_listed(a->origins, origin);
}

bool access_is_meant(const struct access *a, const char *origin, const char *host)
{
    if (a->loopback && host && !is_local(host) && !is_named(a, host))
        return false;
    if (!origin || access_allows_origin(a, origin))
        return true;
    return host && is_same(origin, host);
}

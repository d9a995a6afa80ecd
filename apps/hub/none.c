/* SPDX-License-Identifier: MIT */
/* none.c - the hub in a program that was built without libcurl and libcrypto. */
#include <string.h>

#include "common/failure.h"
#include "hub/checksum.h"
#include "hub/fetch.h"
#include "hub/http.h"

static const char none[] =
    "this program was built without libcurl, so it fetches nothing: build it again where "
    "libcurl4-openssl-dev is installed (ECHOTTS_CURL), or fetch with `hf download`";

echo_status hub_can_fetch(echo_error *err)
{
    return echo_fail(err, ECHO_ERR_DEVICE, "%s", none);
}

bool checksum_is_name(const char *name)
{
    (void)name;
    return false;
}

echo_status checksum_file(bool *good, const char *path, const char *hash,
                          bool (*progress)(void *user, double done), void *user,
                          echo_error *err)
{
    (void)path, (void)hash, (void)progress, (void)user;
    *good = false;
    return echo_fail(err, ECHO_ERR_DEVICE, "%s", none);
}

/* Nobody gets here. */
echo_status http_ask(const struct hub *h, struct http_answer *a, const char *url, bool head,
                     echo_error *err)
{
    (void)h, (void)url, (void)head;
    *a = (struct http_answer){ 0 };
    return hub_can_fetch(err);
}

void http_answer_free(struct http_answer *a)
{
    *a = (struct http_answer){ 0 };
}

echo_status fetch_locate(const struct hub *h, struct hub_file *f, echo_error *err)
{
    (void)h, (void)f;
    return hub_can_fetch(err);
}

echo_status fetch_file(const struct hub *h, struct hub_file *f, int fd, struct parts *parts,
                       uint64_t before, uint64_t total, uint64_t *fetched, echo_error *err)
{
    (void)h, (void)f, (void)fd, (void)parts, (void)before, (void)total, (void)fetched;
    return hub_can_fetch(err);
}

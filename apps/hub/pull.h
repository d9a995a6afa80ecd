/* SPDX-License-Identifier: MIT */
/* pull.h - a model from the hub to the cache: all of its files, or what was missing. */
#ifndef HUB_PULL_H
#define HUB_PULL_H

#include "hub/fetch.h"
#include "hub/license.h"
#include "hub/repository.h"

enum { PULL_REPOSITORIES = 2 };

/* Whether the user accepts a licence. */
struct pull_consent {
    bool given; /* beforehand */
    bool (*ask)(void *user, const struct license *l); /* NULL: nobody can be asked */
    void *user;
};

struct pull_file {
    struct hub_file file;
    int repository;
    bool was_there;
};

struct pull {
    const char *name; /* as it was asked for */
    struct license license;
    struct repository repositories[PULL_REPOSITORIES];
    int n_repositories;
    struct pull_file *files;
    int n_files;
    uint64_t bytes, fetched; /* of all files; over the wire */
};

/* Whatever fails, pull_free() comes behind it.  What has arrived stays for the next try. */
echo_status pull_run(struct pull *p, const struct hub *h, const char *name,
                     const struct pull_consent *consent, echo_error *err);
void pull_free(struct pull *p);

#endif

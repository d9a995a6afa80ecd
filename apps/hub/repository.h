/* SPDX-License-Identifier: MIT */
/* repository.h - a repository on the hub: its commit, its files, its licence. */
#ifndef HUB_REPOSITORY_H
#define HUB_REPOSITORY_H

#include "hub/hub.h"

struct repository {
    char name[200], revision[100], commit[64], license[100];
    char (*files)[256];
    int n_files;
};

/* "owner/name", or "owner/name@revision".  ECHO_ERR_ARG: it is neither. */
echo_status repository_parse(struct repository *r, const char *word, echo_error *err);

/* Ask the hub for the rest. */
echo_status repository_ask(struct repository *r, const struct hub *h, echo_error *err);
void repository_free(struct repository *r);

bool repository_has(const struct repository *r, const char *file);

#endif

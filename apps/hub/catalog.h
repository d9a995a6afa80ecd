/* SPDX-License-Identifier: MIT */
/* catalog.h - the models that have a name of their own. */
#ifndef HUB_CATALOG_H
#define HUB_CATALOG_H

#include "echotts.h"

/* A repository of a model, and those of its files that the model is made of. */
struct catalog_part {
    const char *repository;
    const char *const *files; /* the last one is NULL */
};

struct catalog_model {
    const char *name, *title;
    const struct catalog_part *parts; /* the last one has no repository */
    const char *license, *license_line, *license_url;
    double bytes; /* about */
};

/* Model i, NULL past the last. */
const struct catalog_model *catalog_at(int i);

/* By its name, or by that of its first repository; NULL: there is none. */
const struct catalog_model *catalog_find(const char *name);

/* The part of the base model that fine-tunes share: its codec. */
const struct catalog_part *catalog_codec(void);

#endif

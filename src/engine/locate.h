/* SPDX-License-Identifier: MIT */
/* locate.h - which three files a model is made of. */
#ifndef ECHO_LOCATE_H
#define ECHO_LOCATE_H

#include "echotts.h"

/* Strings by malloc(); settings may be NULL. */
struct model_files {
    char *dir, *echo, *dac, *pca;
    char *settings; /* echotts.json beside them: defaults that suit the model */
};

/*
 * Find the files in dir: a packed file (all names are the same), plain names, the hub's
 * folders, or a Hugging Face cache.  dir NULL looks at $ECHOTTS_MODEL, then for an installed
 * base model, then for the small model that ships.
 */
echo_status echo_locate(struct model_files *f, const char *dir, echo_error *err);
void echo_locate_free(struct model_files *f);

#endif

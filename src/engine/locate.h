/* SPDX-License-Identifier: MIT */
/* locate.h - which three files a model is made of. */
#ifndef ECHO_LOCATE_H
#define ECHO_LOCATE_H

#include "echotts.h"

/* Strings by malloc(); settings, note and why may be NULL. */
struct model_files {
    char *dir, *echo, *dac, *pca; /* a file in shards by the first of them */
    char *settings; /* echotts.json beside them: defaults that suit the model */
    char *note;     /* what the user should know of the choice */
    char *why;      /* a single file was named: why it was not taken as one of a folder's */
};

/*
 * Find the files in dir: a packed file (all names are the same), plain names, the hub's
 * folders, or a Hugging Face cache; dir may be one of the two repositories, if the other lies
 * beside it, or a file of them.  A transformer alone (a .pt, or safetensors of another name)
 * gets the codec from beside it, else from $ECHOTTS_MODEL or an installed base model, and a
 * note says so.  dir NULL looks at $ECHOTTS_MODEL, then for an installed base
 * model, then for the small model that ships; a place with a part of a model ends the search.
 */
echo_status echo_locate(struct model_files *f, const char *dir, echo_error *err);
void echo_locate_free(struct model_files *f);

#endif

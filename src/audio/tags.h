/* SPDX-License-Identifier: MIT */
/* tags.h - what a file says about itself, in each format's own way. */
#ifndef ECHO_TAGS_H
#define ECHO_TAGS_H

#include <stdbool.h>
#include <stddef.h>

#include "echotts.h"

enum { TAG_TITLE,
       TAG_ARTIST,
       TAG_ALBUM,
       TAG_DATE,
       TAG_GENRE,
       TAG_COMMENT,
       TAG_COPYRIGHT,
       TAG_LICENSE,
       TAG_SOFTWARE,
       TAG_TEXT,
       TAG_KINDS };

#define TAG_BYTES 8192 /* of each: libsndfile has 100 kB for all */

struct sf_private_tag; /* libsndfile's SNDFILE */

struct tags {
    char *values[TAG_KINDS]; /* NULL: not given */
};

/* Copies; for echo_tags_close(), on failure too.  ECHO_ERR_ARG: a name that is not known. */
echo_status echo_tags_take(struct tags *t, const echo_tag *tags, int n, echo_error *err);

/* The text becomes the comment, or what stands behind it. */
echo_status echo_tags_fold_text(struct tags *t, echo_error *err);

/* As an ID3v2.4 tag, or the chunk "LIST" of WAV; *bytes by malloc(), NULL if there are none. */
echo_status echo_tags_id3(const struct tags *t, unsigned char **bytes, size_t *n,
                          echo_error *err);
echo_status echo_tags_list(const struct tags *t, unsigned char **bytes, size_t *n,
                           echo_error *err);

/* Hand them to libsndfile, before any sample. */
void echo_tags_set(const struct tags *t, struct sf_private_tag *file);

void echo_tags_close(struct tags *t);

#endif

/* SPDX-License-Identifier: MIT */
/* tag.h - one tag of HTML or SSML, read as browsers do: whatever it says, there is an end. */
#ifndef ECHO_TEXT_TAG_H
#define ECHO_TEXT_TAG_H

#include <stdbool.h>
#include <stddef.h>

#include "text/buffer.h"

#define TAG_NAME_BYTES 32

struct tag {
    char name[TAG_NAME_BYTES]; /* in small letters */
    bool closes;               /* "</p>" */
    bool alone;                /* "<br/>" */
    const char *attributes;    /* borrowed from the text */
    size_t attributes_length;
    size_t length; /* of all of it */
};

/* False: "<" is not the beginning of one. */
bool echo_tag_read(struct tag *t, const char *s);
/* Append the value of an attribute, its entities read.  False: there is none. */
bool echo_tag_attribute(const struct tag *t, const char *name, struct text_buffer *out);

#endif

/* SPDX-License-Identifier: MIT */
/* characters.h - what a text has that a model may never have seen: echo_text_unusual(). */
#ifndef CLI_CHARACTERS_H
#define CLI_CHARACTERS_H

#include <jansson.h>

#include "runtime.h"

enum { CHARACTERS = 1000 };

/* Each once, in the order of the text. */
struct characters {
    int n;
    struct {
        uint32_t code;
        int apart; /* how often it stands where no unknown word does */
    } items[CHARACTERS]; /* those that come first */
};

void characters_find(struct characters *c, const echo_model *m, const char *text);

/* Say so, if there are any, of those that no warning of words names already. */
void characters_warn(const struct characters *c, struct runtime *e);

/* "U+00AD" and so on. */
json_t *characters_array(const struct characters *c);

#endif

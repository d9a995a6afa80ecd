/* SPDX-License-Identifier: MIT */
/* words.h - the words of a text that a model was not trained on: it cannot say them right. */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H

#include <jansson.h>

#include "runtime.h"

enum { WORDS = 1000 };

/* Each once, as the text has it first, which they lie in. */
struct words {
    int n;
    struct {
        const char *at;
        size_t length;
    } items[WORDS]; /* those that come first */
};

void words_find(struct words *w, const echo_model *m, const char *text);

/* Say so, if there are any; model is the name it was asked for by, or NULL. */
void words_warn(const struct words *w, struct runtime *e, const char *model);

json_t *words_array(const struct words *w);

#endif

/* SPDX-License-Identifier: MIT */
/* vocabulary.h - the words that a model says well, where these are few. */
#ifndef ECHO_VOCABULARY_H
#define ECHO_VOCABULARY_H

#include "echotts.h"

#define VOCABULARY_MOST 100000 /* words */
#define VOCABULARY_BYTES 64     /* bytes of a word with its final 0 */

struct json_t;

/* All zero knows every word. */
struct vocabulary {
    char (*words)[VOCABULARY_BYTES]; /* sorted, lower-case */
    int n;
};

/* From a JSON array of strings; `path` is for messages.  Give it back after failures, too. */
echo_status echo_vocabulary_read(struct vocabulary *v, const char *path,
                                 const struct json_t *list, echo_error *err);
void echo_vocabulary_free(struct vocabulary *v);

/* Is this word, of a text, one of them?  Case of ASCII letters does not matter. */
bool echo_vocabulary_has(const struct vocabulary *v, const char *word, size_t length);

#endif

/* SPDX-License-Identifier: MIT */
#include "text/vocabulary.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "text/text.h"

#define CURLY_APOSTROPHE "’" /* which normalisation makes a plain one */

/* A word as vocabularies have it; false: it is longer than any of theirs. */
static bool fold(char out[VOCABULARY_BYTES], const char *word, size_t length)
{
    size_t curly = strlen(CURLY_APOSTROPHE), n = 0;

    for (size_t i = 0; i < length; n++) {
        bool is_curly = length - i >= curly && !memcmp(word + i, CURLY_APOSTROPHE, curly);
        bool is_upper = word[i] >= 'A' && word[i] <= 'Z';

        if (n == VOCABULARY_BYTES - 1)
            return false;
        out[n] = is_curly ? '\'' : is_upper ? (char)(word[i] - 'A' + 'a') : word[i];
        i += is_curly ? curly : 1;
    }
    out[n] = 0;
    return true;
}

/* Can a text have this word, and would it be looked for as it stands here? */
static bool is_folded_word(const char *word)
{
    char folded[VOCABULARY_BYTES];
    size_t length;

    return echo_text_word(word, &length) == word && !word[length] &&
           fold(folded, word, length) && !strcmp(folded, word);
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

echo_status echo_vocabulary_read(struct vocabulary *v, const char *path, const json_t *list,
                                 echo_error *err)
{
    size_t n = json_array_size(list);

    if (!n || n > VOCABULARY_MOST)
        return echo_fail(err, ECHO_ERR_FILE, "%s: vocabulary is not a list of 1 to %d words",
                         path, VOCABULARY_MOST);
    if (!(v->words = calloc(n, sizeof *v->words)))
        return echo_fail_memory(err, n * sizeof *v->words, "a vocabulary");
    for (size_t i = 0; i < n; i++) {
        const char *word = json_string_value(json_array_get(list, i));

        if (!word)
            return echo_fail(err, ECHO_ERR_FILE, "%s: number %zu of the vocabulary is not a "
                                                 "string", path, i + 1);
        if (!is_folded_word(word))
            return echo_fail(err, ECHO_ERR_FILE, "%s: '%.60s' in the vocabulary is not one "
                                                 "lower-case word of at most %d bytes",
                             path, word, VOCABULARY_BYTES - 1);
        strcpy(v->words[i], word);
    }
    qsort(v->words, n, sizeof *v->words, compare);
    for (size_t i = 1; i < n; i++)
        if (!strcmp(v->words[i - 1], v->words[i]))
            return echo_fail(err, ECHO_ERR_FILE, "%s: '%s' is in the vocabulary twice", path,
                             v->words[i]);
    v->n = (int)n;
    return ECHO_OK;
}

void echo_vocabulary_free(struct vocabulary *v)
{
    free(v->words);
    *v = (struct vocabulary){ 0 };
}

bool echo_vocabulary_has(const struct vocabulary *v, const char *word, size_t length)
{
    char folded[VOCABULARY_BYTES];

    return !v->n || (fold(folded, word, length) &&
                     bsearch(folded, v->words, (size_t)v->n, sizeof *v->words, compare));
}

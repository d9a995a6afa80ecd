/* SPDX-License-Identifier: MIT */
/* texts.c - what is said: three lengths that never change, or old results are worth
 * nothing. */
#include <assert.h>
#include <string.h>

#include "bench/bench.h"
#include "common/failure.h"

#define SHORT "The quick brown fox jumps over the lazy dog near the riverbank."

#define MEDIUM                                                                             \
    "On a clear morning in early spring, the old ferry left the harbour with a dozen "     \
    "passengers on board. Nobody spoke much, because everyone was watching the sun climb " \
    "slowly over the quiet hills across the bay."

#define LONG                                                                                   \
    "When the library opened its doors for the first time, half the town came to see it. "     \
    "Children ran between the shelves, and their parents sat down in the tall chairs by the "  \
    "windows and began to read. In the afternoon the mayor gave a speech, which was short, "   \
    "and a band played on the stairs, which was not. By the evening every single book about "  \
    "gardens, ships and distant countries had been borrowed. The librarian looked at the "     \
    "empty shelves, smiled and wrote a long letter to the publishers. She asked them to send " \
    "more of everything, and soon."

#define LENGTH(text) ((int)sizeof text - 1)

static_assert(LENGTH(SHORT) == 63 && LENGTH(MEDIUM) == 207 && LENGTH(LONG) == 545,
              "results are compared by these lengths");

const struct bench_text bench_texts[BENCH_TEXTS] = {
    { "short", LENGTH(SHORT), SHORT },
    { "medium", LENGTH(MEDIUM), MEDIUM },
    { "long", LENGTH(LONG), LONG },
};

static const struct bench_text *find(const char *name, size_t length)
{
    for (int i = 0; i < BENCH_TEXTS; i++)
        if (strlen(bench_texts[i].name) == length && !memcmp(bench_texts[i].name, name, length))
            return &bench_texts[i];
    return NULL;
}

echo_status bench_texts_find(struct bench *b, const char *names, echo_error *err)
{
    if (!names) {
        for (; b->n_texts < BENCH_TEXTS; b->n_texts++)
            b->texts[b->n_texts] = &bench_texts[b->n_texts];
        return ECHO_OK;
    }
    for (;; names++) {
        size_t length = strcspn(names, ",");
        const struct bench_text *text = find(names, length);

        if (!text)
            return echo_fail(err, ECHO_ERR_ARG, "--texts: '%.*s' is not short, medium or long",
                             (int)(length < 60 ? length : 60), names);
        for (int i = 0; i < b->n_texts; i++)
            if (b->texts[i] == text)
                return echo_fail(err, ECHO_ERR_ARG, "--texts: %s is given twice", text->name);
        b->texts[b->n_texts++] = text;
        names += length;
        if (!*names)
            return ECHO_OK;
    }
}

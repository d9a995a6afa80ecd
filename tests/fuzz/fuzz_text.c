/* SPDX-License-Identifier: MIT */
/* fuzz_text.c - any text: refused with a line, or normalised to text that would be accepted;
 * and its words. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "model/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Words lie in the text, one behind the other, and are what they are when alone, too. */
static void check_words(const char *text)
{
    const char *end = text + strlen(text), *word;
    size_t length, again;

    for (const char *at = text; (word = echo_text_word(at, &length)); at = word + length) {
        ECHO_ASSERT(word >= at && length > 0 && length <= (size_t)(end - word));
        char *alone = strndup(word, length);

        ECHO_ASSERT(echo_text_word(alone, &again) == alone && again == length);
        ECHO_ASSERT(!echo_text_valid(alone, NULL));
        free(alone);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), *whole, part[8];
    echo_error e = { 0 };
    size_t length;
    int bad;

    memcpy(text, data, size);
    text[size] = 0;
    bad = echo_text_valid(text, &e);
    ECHO_ASSERT(!bad == !e.text[0]);
    check_words(text);
    length = echo_text_normalize(text, true, NULL, 0);
    whole = malloc(length + 1); /* exact: one byte too many is seen */
    ECHO_ASSERT(echo_text_normalize(text, true, whole, length + 1) == length);
    ECHO_ASSERT(strlen(whole) == length);
    ECHO_ASSERT(bad || !echo_text_valid(whole, &e));
    ECHO_ASSERT(echo_text_normalize(text, true, part, sizeof part) == length);
    ECHO_ASSERT(!strncmp(part, whole, sizeof part - 1) && strlen(part) < sizeof part);
    free(whole);
    free(text);
    return 0;
}

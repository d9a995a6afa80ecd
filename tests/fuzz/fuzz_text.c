/* SPDX-License-Identifier: MIT */
/* fuzz_text.c - any text: refused with a line, or normalised to text that would be accepted;
 * its words and unusual characters; and the same bytes as a file. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "text/character.h"
#include "text/text.h"
#include "text_input.h"

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

/* They lie in the text, too, and are no part of a line end. */
static int check_unusual(const char *text)
{
    const char *end = text + strlen(text), *found;
    size_t length;
    uint32_t code;
    int n = 0;

    for (const char *at = text; (found = echo_text_unusual(at, &length, &code)); n++) {
        ECHO_ASSERT(found >= at && length > 0 && length <= (size_t)(end - found));
        ECHO_ASSERT(code >= 0xa0 && code <= 0x10ffff && !echo_character_line_end(found));
        at = found + length;
    }
    return n;
}

/* Normalisation leaves no line ends, or plain ones. */
static void check_lines(const char *text, const char *plain)
{
    for (const char *s = text; *s; s++)
        ECHO_ASSERT(!echo_character_line_end(s));
    for (const char *s = plain; *s; s++)
        ECHO_ASSERT(*s == '\n' || !echo_character_line_end(s));
}

static char *normalized(const char *text, bool normalize)
{
    size_t length = echo_text_normalize(text, normalize, NULL, 0);
    char *out = malloc(length + 1), part[8]; /* exact: one byte too many is seen */

    ECHO_ASSERT(echo_text_normalize(text, normalize, out, length + 1) == length);
    ECHO_ASSERT(strlen(out) == length);
    ECHO_ASSERT(echo_text_normalize(text, normalize, part, sizeof part) == length);
    ECHO_ASSERT(!strncmp(part, out, sizeof part - 1) && strlen(part) < sizeof part);
    return out;
}

/* As a file it is refused with a line, or is a text in UTF-8. */
static void check_file(const uint8_t *data, size_t size)
{
    struct text_input t;
    char path[32];
    int fd = memfd_create("text", 0);
    echo_error e = { 0 };

    ECHO_ASSERT(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (text_input_read(&t, NULL, path, &e))
        ECHO_ASSERT(e.status == ECHO_ERR_ARG && !strncmp(e.text, path, strlen(path)));
    else
        ECHO_ASSERT(echo_text_readable(t.text) == strlen(t.text) && strlen(t.text) <= size);
    text_input_close(&t);
    close(fd);
}

/* Sentences that are complete are UTF-8, and a word comes behind them. */
static void check_complete(const char *text)
{
    size_t n = echo_text_complete(text, NULL), length;

    ECHO_ASSERT(n <= echo_text_readable(text));
    ECHO_ASSERT(!n || ((text[n] & 0xc0) != 0x80 && echo_text_word(text + n, &length)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), *whole, *plain;
    echo_error e = { 0 };
    int bad, unusual;

    memcpy(text, data, size);
    text[size] = 0;
    bad = echo_text_valid(text, &e);
    ECHO_ASSERT(!bad == !e.text[0]);
    ECHO_ASSERT(bad || echo_text_letters(text) > 0);
    ECHO_ASSERT(bad || echo_text_readable(text) == strlen(text));
    check_words(text);
    check_complete(text);
    unusual = check_unusual(text);
    whole = normalized(text, true);
    plain = normalized(text, false);
    check_lines(whole, plain);
    ECHO_ASSERT(bad || !echo_text_valid(whole, &e));
    ECHO_ASSERT(bad || !echo_text_valid(plain, &e));
    ECHO_ASSERT(bad || (check_unusual(plain) == unusual && check_unusual(whole) == unusual));
    free(whole);
    free(plain);
    free(text);
    check_file(data, size);
    return 0;
}

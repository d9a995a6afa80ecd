/* SPDX-License-Identifier: MIT */
/* fuzz_speller.c - any text is said as valid UTF-8 on one line, of a length in proportion, with
 * the tags of voices in it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "text/character.h"
#include "text/spell/speller.h"
#include "text/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A byte becomes a few words at most: "≥" has three bytes, "%" is a word, "¾" two. */
enum { GROWTH = 40 };

static int count(const char *text, const char *what)
{
    int n = 0;

    for (; (text = strstr(text, what)); text += strlen(what))
        n++;
    return n;
}

static void check(const char *text, const char *said)
{
    ECHO_ASSERT(echo_text_readable(said) == strlen(said));
    for (const char *c = said; *c; c++)
        ECHO_ASSERT(!echo_character_line_end(c));
    ECHO_ASSERT(strlen(said) <= GROWTH * (strlen(text) + 1));
    ECHO_ASSERT(!strstr(said, "  ") && *said != ' ');
    ECHO_ASSERT(!*said || said[strlen(said) - 1] != ' ');
}

static void spell(struct speller *s, const char *text, const char *as, const char *format)
{
    struct text_buffer out = { 0 };

    if (as)
        echo_spell_as(s, &out, text, as, format);
    else
        echo_spell(s, &out, text);
    ECHO_ASSERT(!out.failed);
    check(text, echo_buffer_text(&out));
    if (!as)
        ECHO_ASSERT(count(text, "[S1]") <= count(echo_buffer_text(&out), "[S1]"));
    echo_buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const ways[] = { "characters", "cardinal", "ordinal", "digits",
                                        "fraction",   "unit",     "date",    "time",
                                        "telephone",  "currency" };
    static const char *const formats[] = { NULL, "mdy", "dmy", "ymd", "md", "y", "digits" };
    static const char *const languages[] = { "en", "de", "pl", "fr", "en-GB", "ja", "ar" };
    static struct speller *spellers[7]; /* kept: to open one takes longer than to spell */
    char *text = malloc(size + 1);

    memcpy(text, data, size);
    text[size] = '\0';
    for (size_t i = 0; !spellers[6] && i < 7; i++)
        ECHO_ASSERT(!echo_speller_open(&spellers[i], languages[i], NULL));
    if (echo_text_readable(text) == strlen(text)) {
        spell(spellers[0], text, NULL, NULL);
        if (size && *data % 2) {
            spell(spellers[1 + size % 6], text, NULL, NULL);
            spell(spellers[0], text, ways[size % 10], formats[size / 10 % 7]);
        }
    }
    free(text);
    return 0;
}

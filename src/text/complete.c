/* SPDX-License-Identifier: MIT */
/* complete.c - the sentences of a text that still grows. */
#include <stdint.h>
#include <string.h>
#include <unicode/uchar.h>

#include "text/boundary.h"
#include "text/character.h"
#include "text/spell/speller.h"
#include "text/text.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* An empty line lies between the text before `at` and what follows. */
static bool ends_paragraph(const char *text, size_t at)
{
    int lines = 0;

    while (at && is_blank(text[at - 1]))
        lines += text[--at] == '\n';
    return lines > 1;
}

/* Of the character that ends at `at`; 0 at the beginning. */
static uint32_t character_before(const char *text, size_t *at)
{
    uint32_t code = 0;

    if (!*at)
        return 0;
    do
        --*at;
    while (*at && ((unsigned char)text[*at] & 0xc0) == 0x80);
    return echo_character(text + *at, &code) ? code : 0;
}

/* A full stop or the like, and behind it at most quotes, brackets, marks of emphasis. */
static bool ends_sentence(const char *text, size_t at)
{
    uint32_t code;

    while ((code = character_before(text, &at)))
        if (u_hasBinaryProperty((UChar32)code, UCHAR_S_TERM))
            return true;
        else if (u_isalnum((UChar32)code))
            return false;
    return false;
}

static bool ends_abbreviation(const char *text, size_t at)
{
    size_t end = at, begin;

    while (end && is_blank(text[end - 1]))
        end--;
    for (begin = end; begin && !is_blank(text[begin - 1]); begin--)
        ;
    return echo_is_abbreviation(text + begin, end - begin);
}

/* In a listing of a program, whose end has not come yet. */
static bool is_in_listing(const char *text, size_t at)
{
    bool open = false;

    for (const char *p = text; (p = strstr(p, "```")) && p < text + at; p += 3)
        open = !open;
    return open;
}

/* More text cannot change that a sentence ends here: another one has begun. */
static bool is_settled(const char *text, size_t at)
{
    size_t length;

    if (!is_blank(text[at - 1]) && !(text[at - 1] & 0x80)) /* "**Yes.**": 。 needs no blank */
        return false;
    return echo_text_word(text + at, &length) &&
           (ends_sentence(text, at) || ends_paragraph(text, at)) &&
           !ends_abbreviation(text, at) && !echo_boundary_in_event(text, 0, at) &&
           !echo_boundary_behind_tag(text, 0, at) && !echo_boundary_goes_on(text, 0, at) &&
           !is_in_listing(text, at);
}

size_t echo_text_complete(const char *text, const char *language)
{
    UBreakIterator *it = echo_boundary_open(UBRK_SENTENCE, language);
    size_t n = echo_text_readable(text);
    UText view = UTEXT_INITIALIZER;
    UErrorCode status = U_ZERO_ERROR;
    int32_t at = 0;

    if (!it)
        return 0;
    utext_openUTF8(&view, text, (int64_t)n, &status);
    ubrk_setUText(it, &view, &status);
    if (!U_FAILURE(status))
        at = ubrk_preceding(it, (int32_t)n);
    while (at > 0 && !is_settled(text, (size_t)at))
        at = ubrk_previous(it);
    ubrk_close(it);
    utext_close(&view);
    return at > 0 ? (size_t)at : 0;
}

/* SPDX-License-Identifier: MIT */
#include "text/boundary.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unicode/uchar.h>

#include "text/character.h"

/* Brackets that close within so many bytes hold an event or a remark, which is not cut. */
#define LONGEST_EVENT 40

UBreakIterator *echo_boundary_open(UBreakIteratorType type, const char *language)
{
    UErrorCode status = U_ZERO_ERROR;
    UBreakIterator *it;
    char locale[64];

    /* "ss": no sentence ends behind an abbreviation */
    snprintf(locale, sizeof locale, "%.40s@ss=standard", language ? language : "en");
    it = ubrk_open(type, locale, NULL, 0, &status);
    return U_FAILURE(status) ? NULL : it;
}

int echo_boundary_tag(const char *text)
{
    return text[0] == '[' && text[1] == 'S' && text[2] >= '1' && text[2] <= '9' &&
                   text[3] == ']'
               ? text[2] - '0'
               : 0;
}

size_t echo_boundary_trim(const char *text, size_t from, size_t to)
{
    while (to > from && text[to - 1] == ' ')
        to--;
    return to;
}

bool echo_boundary_behind_tag(const char *text, size_t from, size_t at)
{
    size_t end = echo_boundary_trim(text, from, at);

    return end >= from + TAG_BYTES - 1 && echo_boundary_tag(text + end - (TAG_BYTES - 1));
}

size_t echo_boundary_trim_tags(const char *text, size_t from, size_t to)
{
    to = echo_boundary_trim(text, from, to);
    while (echo_boundary_behind_tag(text, from, to))
        to = echo_boundary_trim(text, from, to - (TAG_BYTES - 1));
    return to;
}

size_t echo_boundary_mark(const char *text, size_t n, const char *const *marks)
{
    for (; *marks; marks++) {
        size_t length = strlen(*marks);

        if (n >= length && !memcmp(text + n - length, *marks, length))
            return length;
    }
    return 0;
}

bool echo_boundary_in_event(const char *text, size_t from, size_t at)
{
    static const char pairs[][2] = { { '[', ']' }, { '(', ')' } };
    size_t first = at - from > LONGEST_EVENT ? at - LONGEST_EVENT : from;

    for (int i = 0; i < 2; i++)
        for (size_t open = at; open-- > first && text[open] != pairs[i][1];) {
            if (text[open] != pairs[i][0])
                continue;
            const char *close = memchr(text + open, pairs[i][1],
                                       strnlen(text + open, LONGEST_EVENT));

            if (close && close >= text + at)
                return true;
            break;
        }
    return false;
}

bool echo_boundary_goes_on(const char *text, size_t from, size_t at)
{
    static const char *const quotes[] = { "\"", "'", "”", "’", "»", NULL };
    size_t end = echo_boundary_trim(text, from, at);
    uint32_t code;

    return echo_boundary_mark(text + from, end - from, quotes) &&
           echo_character(text + at, &code) && u_islower((UChar32)code);
}

/* SPDX-License-Identifier: MIT */
#include "text/clean/entity.h"

#include <cmark.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES 34 /* "&CounterClockwiseContourIntegral;" */

/* Web pages mean the characters of Windows by these numbers; 0: there is none. */
static const uint16_t windows[32] = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
};

/* Controls, halves of characters and private use, which marks are made of, are dropped. */
static bool is_text(unsigned long code)
{
    return (code >= ' ' && code < 0x7f) || (code >= 0xa0 && code < 0xd800) ||
           (code >= 0xf900 && code < 0xf0000) || code == '\t' || code == '\n';
}

size_t echo_entity_number(struct text_buffer *out, const char *s)
{
    bool numeric = s[0] == '&' && s[1] == '#', hex = numeric && (s[2] | 0x20) == 'x';
    const char *digits = s + (hex ? 3 : 2);
    unsigned long code;
    size_t n;

    if (!numeric || !(n = strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789")))
        return 0;
    code = n > 8 ? 0 : strtoul(digits, NULL, hex ? 16 : 10);
    if (code >= 0x80 && code < 0xa0)
        code = windows[code - 0x80];
    if (is_text(code))
        echo_buffer_character(out, (uint32_t)code);
    return (size_t)(digits - s) + n + (digits[n] == ';');
}

/* Of these the final semicolon is often forgotten. */
static const struct {
    const char *name, *text;
} common[] = {
    { "&amp", "&" },  { "&lt", "<" },    { "&gt", ">" },
    { "&quot", "\"" }, { "&nbsp", "\xc2\xa0" }, { "&apos", "'" },
};

static bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* cmark knows all names. */
static size_t named(struct text_buffer *out, const char *s)
{
    size_t n = 1;
    cmark_node *document, *text;
    const char *meaning = NULL;

    while (n < NAME_BYTES && is_alphanumeric(s[n]))
        n++;
    if (n < 3 || s[n++] != ';')
        return 0;
    document = cmark_parse_document(s, n, CMARK_OPT_DEFAULT);
    text = cmark_node_first_child(cmark_node_first_child(document));
    if (text && !cmark_node_next(text))
        meaning = cmark_node_get_literal(text);
    if (!meaning || *meaning == '&')
        n = 0;
    else
        echo_buffer_string(out, meaning);
    cmark_node_free(document);
    return n;
}

size_t echo_entity(struct text_buffer *out, const char *s)
{
    if (s[0] != '&' || s[1] == '#')
        return s[0] ? echo_entity_number(out, s) : 0;
    for (size_t i = 0; i < sizeof common / sizeof *common; i++) {
        size_t n = strlen(common[i].name);

        if (!strncmp(s, common[i].name, n) && !is_alphanumeric(s[n]) && s[n] != '=') {
            echo_buffer_string(out, common[i].text);
            return n + (s[n] == ';');
        }
    }
    return named(out, s);
}

/* SPDX-License-Identifier: MIT */
/*
 * text.c - normalisation as the reference does it, byte for byte, the check before it, and
 * what a word is.
 */
#include "model/text.h"

#include <string.h>

#include "base/error.h"

/* No replacement makes text that another one matches, so one pass does.  The reference
 * forgets the opening quote; the model was trained that way. */
static const struct replacement {
    const char *from, *to;
} replacements[] = {
    { "…", "..." }, { "’", "'" }, { "”", "\"" }, { "\n", " " },
    { ":", "," },   { ";", "," }, { "—", ", " },
};

#define DEFAULT_SPEAKER "[S1] "

static const struct replacement *match(const char *text)
{
    for (size_t i = 0; i < sizeof replacements / sizeof *replacements; i++)
        if (!strncmp(text, replacements[i].from, strlen(replacements[i].from)))
            return &replacements[i];
    return NULL;
}

/* Bytes of the character at s, 0 if it is not UTF-8: cut short, overlong, a surrogate or
 * above U+10FFFF (table 3-7 of the Unicode standard). */
static size_t utf8_length(const unsigned char *s)
{
    static const struct {
        unsigned char first, last; /* of the first byte */
        unsigned char second_min, second_max;
        unsigned char length;
    } forms[] = {
        { 0x01, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 },
        { 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
        { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
        { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
        { 0xf4, 0xf4, 0x80, 0x8f, 4 },
    };

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (s[0] < forms[i].first || s[0] > forms[i].last)
            continue;
        if (forms[i].length > 1 && (s[1] < forms[i].second_min || s[1] > forms[i].second_max))
            return 0;
        for (size_t j = 2; j < forms[i].length; j++)
            if ((s[j] & 0xc0) != 0x80) /* the final 0 stops here too */
                return 0;
        return forms[i].length;
    }
    return 0;
}

echo_status echo_text_valid(const char *text, echo_error *err)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t n;

    if (!s || !*s)
        return echo_fail(err, ECHO_ERR_ARG, "text is empty");
    if (!text[strspn(text, " \t\r\n")])
        return echo_fail(err, ECHO_ERR_ARG, "text is blank");
    for (size_t at = 0; s[at]; at += n) {
        if (!(n = utf8_length(s + at)))
            return echo_fail(err, ECHO_ERR_ARG, "text is not valid UTF-8 at byte %zu",
                             at + 1);
        if ((s[at] < ' ' && !strchr("\t\r\n", s[at])) || s[at] == 0x7f)
            return echo_fail(err, ECHO_ERR_ARG,
                             "text has a control character (0x%02x) at byte %zu", s[at],
                             at + 1);
    }
    return ECHO_OK;
}

/* Text that is written as far as there is room and counted in full. */
struct writer {
    char *out;
    size_t size, length;
};

static void put(struct writer *w, const char *text, size_t n)
{
    if (w->length < w->size)
        memcpy(w->out + w->length, text, n < w->size - w->length ? n : w->size - w->length);
    w->length += n;
}

size_t echo_text_normalize(const char *text, bool normalize, char *out, size_t size)
{
    struct writer w = { .out = out, .size = size };
    const struct replacement *r;

    /* Neither the first character's being a bracket nor "S1" is changed by a replacement. */
    if (normalize && *text != '[' && *text != '(' && !strstr(text, "S1") &&
        !strstr(text, "S2"))
        put(&w, DEFAULT_SPEAKER, strlen(DEFAULT_SPEAKER));
    while (*text) {
        if (normalize && (r = match(text))) {
            put(&w, r->to, strlen(r->to));
            text += strlen(r->from);
        } else {
            put(&w, text++, 1);
        }
    }
    if (size)
        out[w.length < size ? w.length : size - 1] = 0;
    return w.length;
}

/* ---- words ---- */

static unsigned code_point(const unsigned char *s, size_t length)
{
    unsigned c = s[0] & (0x7fu >> length);

    for (size_t i = 1; i < length; i++)
        c = c << 6 | (s[i] & 0x3fu);
    return c;
}

/* Above ASCII nearly everything is a letter, but for these stretches. */
static bool is_letter_above_ascii(unsigned c)
{
    static const struct {
        unsigned first, last;
    } others[] = {
        { 0x80, 0xa9 },       { 0xab, 0xb4 },     { 0xb6, 0xb9 },     /* Latin-1's signs, */
        { 0xbb, 0xbf },       { 0xd7, 0xd7 },     { 0xf7, 0xf7 },     /* not its ª, µ, º */
        { 0x2000, 0x2bff },   { 0x2e00, 0x2e7f },                     /* signs of all kinds */
        { 0x3000, 0x3004 },   { 0x3008, 0x3020 }, { 0x3030, 0x3030 }, /* of East Asia */
        { 0xe000, 0xf8ff },   { 0xfe00, 0xfe1f }, { 0xfe30, 0xfe6f }, /* private; small */
        { 0xfeff, 0xff0f },   { 0xff1a, 0xff20 }, { 0xff3b, 0xff40 }, /* wide */
        { 0xff5b, 0xff65 },   { 0xffe0, 0xffff },
        { 0x1f000, 0x1faff }, /* pictures */
        { 0xe0000, 0x10ffff },
    };

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (c >= others[i].first && c <= others[i].last)
            return false;
    return true;
}

/* Bytes of the letter or digit at the beginning of text, or 0. */
static size_t letter(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    unsigned lower = s[0] | 0x20u;
    size_t length;

    if (s[0] < 0x80)
        return (lower >= 'a' && lower <= 'z') || (s[0] >= '0' && s[0] <= '9');
    length = utf8_length(s);
    return length && is_letter_above_ascii(code_point(s, length)) ? length : 0;
}

/* Bytes of the apostrophe at s, plain or curly, or 0. */
static size_t apostrophe(const char *s)
{
    return *s == '\'' ? 1 : !strncmp(s, "’", strlen("’")) ? strlen("’") : 0;
}

/* Bytes of the tag of a speaker ("[S1]") at s, or 0. */
static size_t tag(const char *s)
{
    size_t digits = strncmp(s, "[S", 2) ? 0 : strspn(s + 2, "0123456789");

    return digits && s[2 + digits] == ']' ? 2 + digits + 1 : 0;
}

const char *echo_text_word(const char *text, size_t *length)
{
    size_t n;

    /* Inside a character of several bytes no letter begins. */
    for (; !letter(text); text += n ? n : 1) {
        if (!*text)
            return NULL;
        n = tag(text);
    }
    for (*length = 0; (n = letter(text + *length)); *length += n) {
        size_t joint = apostrophe(text + *length + n);

        if (joint && letter(text + *length + n + joint))
            n += joint;
    }
    return text;
}

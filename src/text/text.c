/* SPDX-License-Identifier: MIT */
/*
 * text.c - normalisation as the reference does it, byte for byte, the check before it, words,
 * and characters that a model may not know.
 */
#include "text/text.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "text/character.h"

/* No replacement makes text that another one matches, so one pass does.  The reference
 * forgets the opening quote; the model was trained that way.  Line ends, which its text has had
 * made plain while it was read, are apart. */
static const struct replacement {
    const char *from, *to;
} replacements[] = {
    { "…", "..." }, { "’", "'" }, { "”", "\"" }, { ":", "," }, { ";", "," }, { "—", ", " },
};

#define DEFAULT_SPEAKER "[S1] "

static const struct replacement *match(const char *text)
{
    for (size_t i = 0; i < sizeof replacements / sizeof *replacements; i++)
        if (!strncmp(text, replacements[i].from, strlen(replacements[i].from)))
            return &replacements[i];
    return NULL;
}

/* Where in a text, as an editor counts it; line ends of two bytes do not shift it. */
struct place {
    size_t line, byte; /* from 1 */
};

static echo_status fail_at(echo_error *err, struct place at, const char *fault)
{
    if (at.line == 1)
        return echo_fail_field(err, "text", "text %s at byte %zu", fault, at.byte);
    return echo_fail_field(err, "text", "text %s at byte %zu of line %zu", fault, at.byte,
                           at.line);
}

/* The fault of the character at text, which has length bytes; NULL: none. */
static const char *fault_of(char line[static 48], uint32_t code, size_t length, bool controls)
{
    if (!length)
        return "is not valid UTF-8";
    if (controls || (code >= ' ' && code < 0x7f) || code > 0x9f || code == '\t')
        return NULL;
    if (code < 0x80)
        snprintf(line, 48, "has a control character (0x%02x)", (unsigned)code);
    else
        snprintf(line, 48, "has a control character (U+%04X)", (unsigned)code);
    return line;
}

static echo_status check(const char *text, bool controls, echo_error *err)
{
    struct place at = { 1, 1 };
    const char *fault;
    char line[48];
    uint32_t code;
    size_t n;

    if (!text || !*text)
        return echo_fail_field(err, "text", "text is empty");
    for (const char *s = text; *s; s += n) {
        if ((n = echo_character_line_end(s))) {
            at = (struct place){ at.line + 1, 1 };
            continue;
        }
        n = echo_character(s, &code);
        if ((fault = fault_of(line, code, n, controls)))
            return fail_at(err, at, fault);
        at.byte += n;
    }
    if (!text[strspn(text, " \t\r\n\f\v")])
        return echo_fail_field(err, "text", "text is blank");
    return ECHO_OK;
}

echo_status echo_text_utf8(const char *text, echo_error *err)
{
    return check(text, true, err);
}

echo_status echo_text_nothing(echo_error *err)
{
    echo_fail_field(err, "text", "text has nothing to speak: no letter or digit");
    if (err)
        err->status = ECHO_ERR_NOTHING;
    return ECHO_ERR_NOTHING;
}

echo_status echo_text_valid(const char *text, echo_error *err)
{
    echo_status status = check(text, false, err);
    size_t n;

    return status || echo_text_word(text, &n) ? status : echo_text_nothing(err);
}

size_t echo_text_readable(const char *text)
{
    const char *s = text;
    uint32_t code;
    size_t n;

    while ((n = echo_character(s, &code)))
        s += n;
    return (size_t)(s - text);
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
    size_t n;

    /* Neither the first character's being a bracket nor "S1" is changed by a replacement. */
    if (normalize && *text != '[' && *text != '(' && !strstr(text, "S1") &&
        !strstr(text, "S2"))
        put(&w, DEFAULT_SPEAKER, strlen(DEFAULT_SPEAKER));
    while (*text) {
        if ((n = echo_character_line_end(text))) {
            put(&w, normalize ? " " : "\n", 1);
            text += n;
        } else if (normalize && (r = match(text))) {
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

/* ---- how long it is to say ---- */

/* A comma or a stop takes 4 to 5 frames more than its byte; a byte takes 1.1 (the small voice,
 * least squares over 68 sentences). */
#define BYTES_A_PAUSE 4

int echo_text_weight(const char *text, size_t n)
{
    size_t weight = n;

    for (size_t i = 0; i < n; i++)
        if (strchr(",;:.!?", text[i]) && (i + 1 == n || text[i + 1] == ' '))
            weight += BYTES_A_PAUSE;
    return (int)weight;
}

/* ---- words ---- */

/* Bytes of the letter or digit at the beginning of text, or 0. */
static size_t letter(const char *text)
{
    uint32_t code;
    size_t length = echo_character(text, &code);

    return length && echo_character_is_letter(code) ? length : 0;
}

/* The same, and marks, which go on with a word but begin none. */
static size_t part(const char *text)
{
    uint32_t code;
    size_t length = echo_character(text, &code);

    if (!length || !(echo_character_is_letter(code) || echo_character_is_mark(code)))
        return 0;
    return length;
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
    for (*length = 0; (n = part(text + *length)); *length += n) {
        size_t joint = apostrophe(text + *length + n);

        if (joint && letter(text + *length + n + joint))
            n += joint;
    }
    return text;
}

int echo_text_letters(const char *text)
{
    size_t length;
    int n = 0;

    for (; (text = echo_text_word(text, &length)); text += length)
        for (size_t i = 0; i < length; i++)
            n += ((unsigned char)text[i] & 0xc0) != 0x80; /* the first byte of each */
    return n;
}

/* ---- characters ---- */

const char *echo_text_unusual(const char *text, size_t *length, uint32_t *character)
{
    uint32_t code, before = 0;
    size_t n;

    for (; *text; text += n, before = code) {
        if (!(n = echo_character(text, &code))) {
            n = 1; /* a byte of something else */
            code = 0;
        }
        if (echo_character_is_joiner(code) && echo_character_joins(before))
            continue;
        if (echo_character_is_unusual(code))
            break;
    }
    if (!*text)
        return NULL;
    *length = n;
    if (character)
        *character = code;
    return text;
}

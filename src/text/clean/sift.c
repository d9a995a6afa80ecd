/* SPDX-License-Identifier: MIT */
/* sift.c - what is taken out of a text before its markup is read. */
#include <string.h>
#include <strings.h>

#include "text/character.h"
#include "text/clean/readers.h"
#include "text/text.h"

#define ESCAPE 0x1b

/* ---- terminals ---- */

static const char *skip(const char *s, char first, char last)
{
    while (*s >= first && *s <= last)
        s++;
    return s;
}

/* Up to the final byte of "ESC [ 3 1 m"; s is behind the bracket. */
static const char *control_sequence(const char *s)
{
    s = skip(skip(s, 0x30, 0x3f), 0x20, 0x2f);
    return *s >= 0x40 && *s <= 0x7e ? s + 1 : s;
}

/* A title or a link: up to BEL or ESC \, on this line. */
static const char *command(const char *s)
{
    size_t n = strcspn(s, "\a\x1b\n");

    if (s[n] == ESCAPE && s[n + 1] == '\\')
        return s + n + 2;
    return s[n] == '\a' ? s + n + 1 : s + n;
}

/* s is behind ESC. */
static const char *escape(const char *s)
{
    if (*s == '[')
        return control_sequence(s + 1);
    if (*s && strchr("]P^_X", *s))
        return command(s + 1);
    s = skip(s, 0x20, 0x2f);
    return *s >= 0x30 && *s <= 0x7e ? s + 1 : s;
}

/* ---- lines and controls ---- */

static bool is_control(uint32_t code)
{
    return (code < ' ' && code != '\t') || (code >= 0x7f && code <= 0x9f) ||
           (code >= 0xe000 && code <= 0xf8ff) || code >= 0xf0000 || code == 0xfeff;
}

/* A backspace takes back the character before it, as in pages for printers. */
static void back(struct text_buffer *out)
{
    size_t n = out->length;

    while (n && (out->bytes[--n] & 0xc0) == 0x80)
        continue;
    if (out->length && out->bytes[n] != '\n')
        echo_buffer_cut(out, n);
}

static void line_end(struct text_buffer *out, const char *s, size_t n)
{
    bool paragraph = *s == '\f' || (n == 3 && (unsigned char)s[2] == 0xa9);

    echo_buffer_string(out, paragraph ? "\n\n" : "\n");
}

void echo_sift(struct text_buffer *out, const char *text)
{
    uint32_t code;
    size_t n;

    while (*text) {
        if ((n = echo_character_line_end(text))) {
            line_end(out, text, n);
            text += n;
            continue;
        }
        if (!(n = echo_character(text, &code)))
            return;
        if (code == '\b')
            back(out);
        else if (!is_control(code))
            echo_buffer_put(out, text, n);
        text += n;
        if (code == ESCAPE)
            text = escape(text);
        else if (code == 0x9b)
            text = control_sequence(text);
    }
}

/* ---- thoughts ---- */

static const char *const thoughts[] = { "think>", "thinking>", "reasoning>", "thought>" };

struct bracket {
    const char *at; /* NULL: there is none */
    size_t length;
    bool closes;
};

/* Of a thought, from s on.  One in quotes of code is only spoken of. */
static struct bracket next_bracket(const char *start, const char *s)
{
    for (; (s = strchr(s, '<')); s++) {
        bool closes = s[1] == '/';
        const char *name = s + 1 + closes;

        if (s > start && s[-1] == '`')
            continue;
        for (size_t i = 0; i < sizeof thoughts / sizeof *thoughts; i++) {
            size_t n = strlen(thoughts[i]);

            if (!strncasecmp(name, thoughts[i], n))
                return (struct bracket){ s, (size_t)(name - s) + n, closes };
        }
    }
    return (struct bracket){ 0 };
}

static bool has_word(const char *s)
{
    size_t n;

    return echo_text_word(s, &n) != NULL;
}

void echo_drop_thoughts(struct text_buffer *text)
{
    const char *start = echo_buffer_text(text), *s = start;
    struct text_buffer out = { 0 };
    struct bracket b;
    bool inside = false;

    if (!next_bracket(start, s).at)
        return;
    for (; (b = next_bracket(start, s)).at; s = b.at + b.length) {
        if (!inside && !b.closes)
            echo_buffer_put(&out, s, (size_t)(b.at - s));
        else if (!inside && s == start && !has_word(b.at + b.length))
            echo_buffer_put(&out, s, (size_t)(b.at - s));
        else if (!inside && s != start)
            echo_buffer_put(&out, s, (size_t)(b.at - s));
        inside = !b.closes;
    }
    if (!inside || !has_word(echo_buffer_text(&out)))
        echo_buffer_string(&out, s);
    out.failed |= text->failed;
    echo_buffer_free(text);
    *text = out;
}

/* SPDX-License-Identifier: MIT */
#include "text/clean/shield.h"

#include <string.h>

#include "text/clean/entity.h"
#include "text/clean/html.h"
#include "text/clean/marks.h"
#include "text/clean/pause.h"
#include "text/clean/table.h"

#define FORMULA_BYTES 400

struct shield {
    struct text_buffer *out;
    const char *fence;    /* the line that began a block of code; NULL: outside */
    const char *no_dollar; /* from here on there is no formula's end in this paragraph */
};

static void mask(struct shield *h, char c)
{
    echo_buffer_character(h->out, MARK_ASCII + (uint32_t)c);
}

/* ---- beginnings of lines ---- */

/* A list of keys and values at the beginning is for programs.  Its bytes, or 0. */
static size_t front_matter(const char *text)
{
    const char *s = text;
    int keys = 0;

    if (strncmp(s, "---\n", 4))
        return 0;
    for (s += 4; *s; s++) {
        size_t n = strcspn(s, "\n");

        if (n == 3 && (!strncmp(s, "---", 3) || !strncmp(s, "...", 3)))
            return keys ? (size_t)(s - text) + 3 : 0;
        if (memchr(s, ':', n))
            keys++;
        else if (n && !strchr(" \t-#", *s))
            return 0;
        s += n;
        if (!*s)
            break;
    }
    return 0;
}

static size_t fence_length(const char *s)
{
    size_t n = *s == '`' || *s == '~' ? strspn(s, *s == '`' ? "`" : "~") : 0;

    return n > 2 ? n : 0;
}

/* Behind the marks of lists and quotations. */
static const char *behind_marks(const char *s)
{
    for (;;) {
        s += strspn(s, " \t>");
        if (!*s || !strchr("-*+", *s) || s[1] != ' ')
            return s;
        s += 2;
    }
}

/* Is the line part of a block of code, its fences included? */
static bool in_code(struct shield *h, const char *line)
{
    const char *s = behind_marks(line);
    size_t n = fence_length(s);

    if (!h->fence) {
        size_t rest = strcspn(s + n, "\n");

        if (n && !(*s == '`' && memchr(s + n, '`', rest)))
            h->fence = s;
        return h->fence != NULL;
    }
    if (*s == *h->fence && n >= fence_length(h->fence) &&
        strchr("\n", s[n + strspn(s + n, " ")]))
        h->fence = NULL;
    return true;
}

/* "[word]: url" defines a link.  A name before what somebody says does not. */
static bool is_url(const char *s)
{
    size_t n = strcspn(s, " \t\n");

    if (strchr("<#/.", *s))
        return true;
    for (const char *c = s; c + 1 < s + n; c++)
        if ((*c == ':' && c[1] == '/') || (*c == '.' && (c[1] | 0x20) >= 'a' && c > s))
            return true;
    return !strncmp(s, "mailto:", 7);
}

/* Put the beginning of a line that is not what it seems to be.  Bytes that are done. */
static size_t line_start(struct shield *h, const char *line)
{
    const char *s = behind_marks(line);
    size_t n = (size_t)(s - line), label;
    struct tag t;

    if (*s == '<' && echo_tag_read(&t, s) && !echo_html_is_block(t.name)) {
        echo_buffer_put(h->out, line, n);
        echo_buffer_character(h->out, MARK_GAP);
        return n;
    }
    label = *s == '[' ? strcspn(s, "]\n") : 0;
    if (!label || strncmp(s + label, "]:", 2))
        return 0;
    if (s[1] == '^') { /* a footnote */
        echo_buffer_string(h->out, "\n");
        echo_buffer_put(h->out, line, n);
        return n + label + 2;
    }
    if (is_url(s + label + 2 + strspn(s + label + 2, " \t")))
        return 0;
    echo_buffer_put(h->out, line, n);
    mask(h, '[');
    return n + 1;
}

/* ---- within lines ---- */

/* Bytes of a formula between dollars, both included, or 0.  Money is none. */
static size_t formula(struct shield *h, const char *text, const char *s)
{
    size_t fence = s[1] == '$' ? 2 : 1, n = fence;
    bool sure = fence == 2;

    if (s < h->no_dollar || (s > text && strchr("\\$", s[-1])) || strchr(" \n", s[n]))
        return 0;
    for (; s[n] && s[n] != '$' && n < FORMULA_BYTES; n++) {
        if (s[n] == '\n' && (fence == 1 || s[n + 1] == '\n'))
            break;
        sure |= strchr("\\^_={}", s[n]) != NULL;
    }
    if (s[n] != '$') {
        h->no_dollar = s + (fence == 2 ? 2 : n);
        return 0;
    }
    sure |= n == fence + 1 && (s[fence] | 0x20) >= 'a' && (s[fence] | 0x20) <= 'z';
    if (!sure || (fence == 1 && s[n - 1] == ' ') || (s[n + 1] >= '0' && s[n + 1] <= '9') ||
        (fence == 2 && s[n + 1] != '$'))
        return 0;
    return n + fence;
}

static void put_formula(struct shield *h, const char *s, size_t n)
{
    for (const char *end = s + n; s < end; s++) {
        if (*s == '$')
            continue;
        if (strchr("*_\\[]<>`~=", *s) || (*s == '&' && s[1] == '#'))
            mask(h, *s);
        else
            echo_buffer_put(h->out, s, 1);
    }
}

static bool is_speaker(const char *s)
{
    size_t n = strncmp(s, "[S", 2) ? 0 : strspn(s + 2, "0123456789");

    return n && s[2 + n] == ']';
}

/* Put what a sign at s begins.  Bytes that are done. */
static size_t put_sign(struct shield *h, const char *text, const char *s)
{
    double seconds;
    size_t n;

    if (*s == '[' && (is_speaker(s) || echo_pause_tag(s, &seconds))) {
        mask(h, '[');
        n = strcspn(s, "]") + 1;
        echo_buffer_put(h->out, s + 1, n - 2);
        mask(h, ']');
        return n;
    }
    if (*s == '[' && s[1] == '[' && s > text && s[-1] == '!') {
        mask(h, '['); /* many of "![[]()" take cmark up to 0.30.2 minutes */
        return 1;
    }
    if (*s == '$' && (n = formula(h, text, s))) {
        put_formula(h, s, n);
        return n;
    }
    if (*s == '&' && (n = echo_entity_number(h->out, s)))
        return n;
    echo_buffer_put(h->out, s, 1);
    return 1;
}

/* Where it ends: at `end`, or behind what goes on there, as long formulas do. */
static const char *put_signs(struct shield *h, const char *text, const char *s,
                             const char *end)
{
    while (s < end) {
        size_t n = strcspn(s, "[$&");

        n = n < (size_t)(end - s) ? n : (size_t)(end - s);
        echo_buffer_put(h->out, s, n);
        s += n;
        if (s < end)
            s += put_sign(h, text, s);
    }
    return s;
}

/* Bytes of the table at the line. */
static size_t put_table(struct shield *h, const char *line)
{
    struct text_buffer rows = { 0 };
    struct shield within = { .out = h->out };
    size_t n = echo_table_put(&rows, line);
    const char *text = echo_buffer_text(&rows);

    within.no_dollar = text;
    put_signs(&within, text, text, text + rows.length);
    h->out->failed |= rows.failed;
    echo_buffer_free(&rows);
    return n;
}

static const char *put_line(struct shield *h, const char *text, const char *line)
{
    const char *s = line;

    if (in_code(h, line)) {
        s += strcspn(s, "\n");
        echo_buffer_put(h->out, line, (size_t)(s - line));
    } else if (echo_table_begins(line)) {
        return line + put_table(h, line);
    } else {
        const char *start = s + line_start(h, line);

        s = put_signs(h, text, start, start + strcspn(start, "\n"));
    }
    if (!*s)
        return s;
    echo_buffer_put(h->out, "\n", 1);
    return s + 1;
}

void echo_shield(struct text_buffer *out, const char *text)
{
    struct shield h = { .out = out, .no_dollar = text };
    const char *line = text + front_matter(text);

    while (*line)
        line = put_line(&h, text, line);
}

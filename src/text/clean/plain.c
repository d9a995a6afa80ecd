/* SPDX-License-Identifier: MIT */
/* plain.c - text without markup: paragraphs between empty lines, and what its lines mean. */
#include <stdlib.h>
#include <string.h>

#include "text/clean/chapter.h"
#include "text/character.h"
#include "text/clean/readers.h"
#include "text/text.h"

#define VERSE_WIDTH 60 /* characters; longer lines are of prose */
#define VERSE_LINES 3

struct line {
    const char *s; /* without the blanks around it */
    size_t n;
    size_t indent;
    size_t width;  /* characters */
    size_t first;  /* the same of its first word */
};

struct plain {
    struct passage *p;
    struct html *h;
    struct line *lines; /* of the paragraph */
    size_t n, capacity;
};

/* ---- one line ---- */

static size_t characters(const char *s, size_t n)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += ((unsigned char)s[i] & 0xc0) != 0x80;
    return count;
}

static size_t blank_at(const char *s)
{
    static const char wide[] = "\xe3\x80\x80";

    return *s == ' ' || *s == '\t' ? 1 : !strncmp(s, wide, 3) ? 3 : 0;
}

static struct line line_of(const char *s, size_t n)
{
    struct line line = { .s = s, .n = n };
    size_t blank;

    while (line.n && (blank = blank_at(line.s))) {
        line.indent += *line.s == ' ' ? 1 : 4;
        line.s += blank;
        line.n -= blank;
    }
    while (line.n && strchr(" \t", line.s[line.n - 1]))
        line.n--;
    line.width = characters(line.s, line.n);
    for (size_t i = 0; i < line.n && line.s[i] != ' '; i++)
        line.first += ((unsigned char)line.s[i] & 0xc0) != 0x80;
    return line;
}

static bool ends_sentence(const struct line *l)
{
    size_t n = l->n;

    while (n && strchr("\"')]", l->s[n - 1]))
        n--;
    return n && strchr(".!?:", l->s[n - 1]);
}

static bool ends_quote(const struct line *l)
{
    return l->n > 2 && (!strncmp(l->s + l->n - 3, "\xe2\x80\x9d", 3) ||
                        !strncmp(l->s + l->n - 3, "\xe2\x80\x99", 3));
}

/* Bytes of the sign of a list's item that is not said, or 0. */
static size_t bullet(const struct line *l)
{
    static const char *const signs[] = {
        "-", "*", "+", "•", "◦", "▪", "‣", "●", "·", "○", "■",
    };

    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        size_t n = strlen(signs[i]);

        if (l->n > n + 1 && !strncmp(l->s, signs[i], n) && blank_at(l->s + n) &&
            !strchr("-*", l->s[n + 1]))
            return n;
    }
    return 0;
}

/* "3." or "3)" and a space: its number; -1: it has none. */
static long item_number(const struct line *l)
{
    size_t n = strspn(l->s, "0123456789");

    if (!n || n > 3 || n + 1 >= l->n || !strchr(".)", l->s[n]) || !blank_at(l->s + n + 1))
        return -1;
    return strtol(l->s, NULL, 10);
}

/* Three or more signs and no word: a scene ends. */
static bool is_rule(const struct line *l)
{
    size_t signs = 0, n;
    uint32_t code;

    for (const char *s = l->s; s < l->s + l->n; s += n) {
        n = echo_character(s, &code);
        if (code < 0x80 ? !strchr("*-_~=#+ \t", (int)code) : echo_character_is_letter(code))
            return false;
        signs += code != ' ' && code != '\t';
    }
    return signs > 2;
}

static bool begins_high(const struct line *l)
{
    const char *s = l->s + strspn(l->s, "\"'([_*");

    return (*s >= 'A' && *s <= 'Z') || (unsigned char)*s > 0x7f || l->n == 0;
}

/* ---- a paragraph ---- */

/* Lines that are all short and begin with capitals. */
static bool is_verse(const struct plain *t)
{
    size_t high = 0;

    for (size_t i = 0; i < t->n; i++) {
        if (t->lines[i].width > VERSE_WIDTH)
            return false;
        high += begins_high(&t->lines[i]);
    }
    return t->n >= VERSE_LINES && 4 * high >= 3 * t->n;
}

static size_t widest(const struct plain *t)
{
    size_t width = 0;

    for (size_t i = 0; i < t->n; i++)
        width = t->lines[i].width > width ? t->lines[i].width : width;
    return width;
}

enum joint {
    JOINT_SPACE,
    JOINT_LINE, /* it ends where it was meant to */
    JOINT_BLOCK,
};

struct list_state {
    bool in_item;
    long number; /* of the last one; 0: none yet */
};

static bool is_item(const struct list_state *list, const struct line *l, bool first)
{
    long number = item_number(l);

    return bullet(l) || (number >= 0 && (first || number == 1 || number == list->number + 1));
}

/* Between two lines of one paragraph. */
static enum joint joint(const struct plain *t, size_t i, const struct list_state *list,
                        size_t width, bool verse)
{
    const struct line *before = &t->lines[i - 1], *l = &t->lines[i];
    bool stop = ends_sentence(before) || ends_quote(before);

    if (is_item(list, l, false))
        return JOINT_BLOCK;
    if (!list->in_item && stop && l->indent >= before->indent + 2)
        return JOINT_BLOCK; /* books without empty lines */
    if (verse || (stop && before->width + 1 + l->first <= width))
        return JOINT_LINE;
    return JOINT_SPACE;
}

static void put(struct plain *t, const char *s, size_t n)
{
    char *copy;

    if (!t->h) {
        echo_passage_put(t->p, s, n);
        return;
    }
    if (!(copy = strndup(s, n))) {
        t->p->failed = true;
        return;
    }
    echo_html_read(t->h, copy);
    free(copy);
}

static void put_line(struct plain *t, const struct line *l, struct list_state *list, bool first)
{
    size_t sign = bullet(l);

    if (is_item(list, l, first)) {
        t->p->stop = true;
        list->in_item = true;
        list->number = item_number(l) > 0 ? item_number(l) : list->number;
    }
    put(t, l->s + sign, l->n - sign);
}

static void put_paragraph(struct plain *t)
{
    struct list_state list = { 0 };
    size_t width = widest(t);
    bool verse = is_verse(t);

    for (size_t i = 0; i < t->n; i++) {
        enum joint how = i ? joint(t, i, &list, width, verse) : JOINT_BLOCK;

        if (how == JOINT_BLOCK && i)
            echo_passage_end(t->p, SCRIPT_PARAGRAPH);
        else if (how == JOINT_LINE)
            echo_passage_mark(t->p, MARK_LINE);
        else if (i)
            put(t, "\n", 1);
        put_line(t, &t->lines[i], &list, how == JOINT_BLOCK);
    }
}

/* "CHAPTER I" alone, or above its title. */
static bool put_chapter(struct plain *t)
{
    bool whole = false;

    if (!t->n || t->n > 2 || !echo_chapter(t->lines[0].s, t->lines[0].n, &whole) ||
        (t->n == 2 && !whole))
        return false;
    t->p->level = 1;
    t->p->stop = true;
    put(t, t->lines[0].s, t->lines[0].n);
    if (t->n == 2) {
        put(t, ends_sentence(&t->lines[0]) ? " " : ". ", ends_sentence(&t->lines[0]) ? 1 : 2);
        put(t, t->lines[1].s, t->lines[1].n);
    }
    return true;
}

static void end_paragraph(struct plain *t)
{
    if (t->n == 1 && is_rule(&t->lines[0])) {
        echo_passage_rule(t->p);
    } else if (t->n) {
        if (!put_chapter(t))
            put_paragraph(t);
        echo_passage_end(t->p, SCRIPT_PARAGRAPH);
    }
    t->n = 0;
}

static void add_line(struct plain *t, struct line line)
{
    if (t->n == t->capacity) {
        size_t capacity = t->capacity ? 2 * t->capacity : 64;
        struct line *lines = realloc(t->lines, capacity * sizeof *lines);

        if (!lines) {
            t->p->failed = true;
            return;
        }
        t->lines = lines;
        t->capacity = capacity;
    }
    t->lines[t->n++] = line;
}

void echo_read_plain(struct passage *p, struct html *h, const char *text)
{
    struct plain t = { .p = p, .h = h };

    while (*text) {
        size_t n = strcspn(text, "\n");
        struct line line = line_of(text, n);

        if (line.n)
            add_line(&t, line);
        else
            end_paragraph(&t);
        text += n + (text[n] == '\n');
    }
    end_paragraph(&t);
    free(t.lines);
}

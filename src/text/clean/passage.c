/* SPDX-License-Identifier: MIT */
#include "text/clean/passage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/character.h"
#include "text/clean/pause.h"
#include "text/clean/row.h"
#include "text/text.h"
#include "text/clean/tidy.h"

#define RULE_S 1.0    /* the pause of a rule */
#define CODE_BYTES 80 /* a line of code that is not longer is said */

void echo_passage_put(struct passage *p, const char *bytes, size_t n)
{
    echo_buffer_put(&p->text, bytes, n);
}

void echo_passage_mark(struct passage *p, enum mark mark)
{
    echo_buffer_character(&p->text, mark);
}

void echo_passage_pause(struct passage *p, double seconds)
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%.0f", seconds * 1000);

    echo_passage_mark(p, MARK_PAUSE);
    echo_passage_put(p, digits, (size_t)n);
    echo_passage_mark(p, MARK_PAUSE);
}

bool echo_passage_is_blank(const struct passage *p)
{
    const char *text = echo_buffer_text(&p->text);

    return !text[strspn(text, " \t\n")];
}

/* ---- a piece of it: what lies between two pauses ---- */

/* Bytes of the tag of a speaker at s, or 0. */
static size_t speaker(const char *s)
{
    size_t digits = strncmp(s, "[S", 2) ? 0 : strspn(s + 2, "0123456789");

    return digits && s[2 + digits] == ']' ? 2 + digits + 1 : 0;
}

static bool ends_blank(const struct text_buffer *b)
{
    return !b->length || b->bytes[b->length - 1] == ' ';
}

struct run {
    const char *text, *end;
    const char *as, *format; /* NULL: nothing is said about it */
};

/* As it is said.  The speller drops blanks at the ends, where other runs may be beside it. */
static void say(struct passage *p, struct text_buffer *out, const char *text,
                const struct run *run)
{
    size_t n = strlen(text);

    if (!p->speller) {
        echo_buffer_string(out, text);
        return;
    }
    if (*text == ' ')
        echo_buffer_string(out, " ");
    if (run->as)
        echo_spell_as(p->speller, out, text, run->as, run->format);
    else
        echo_spell(p->speller, out, text);
    if (n > 1 && text[n - 1] == ' ')
        echo_buffer_string(out, " ");
}

/* Tidy it, spell it and append it. */
static void add_run(struct passage *p, struct text_buffer *out, struct run run)
{
    struct text_buffer tidy = { 0 };
    const char *text;

    echo_tidy(&tidy, run.text, (size_t)(run.end - run.text));
    text = echo_buffer_text(&tidy);
    if (*text == ' ' && ends_blank(out))
        text++;
    say(p, out, text, &run);
    p->failed |= tidy.failed;
    echo_buffer_free(&tidy);
}

/* Up to the mark, which *s is then behind; NULL if it is not there. */
static char *field(const char **s, const char *end, enum mark mark)
{
    const char *start = *s;

    for (; *s < end; ++*s) {
        if (echo_mark_at(*s) == (uint32_t)mark) {
            *s += MARK_BYTES;
            return strndup(start, (size_t)(*s - MARK_BYTES - start));
        }
        if (echo_mark_at(*s) > 0x7f)
            break;
    }
    *s = start;
    return NULL;
}

/* Text that is said in a way of its own; *s is behind its mark. */
static void add_said(struct passage *p, struct text_buffer *out, const char **s,
                     const char *end)
{
    char *as = field(s, end, MARK_FORMAT);
    char *format = field(s, end, MARK_SAY);
    struct run run = { .text = *s, .as = as, .format = format && *format ? format : NULL };

    while (*s < end && echo_mark_at(*s) <= MARK_GAP && !speaker(*s))
        ++*s;
    run.end = *s;
    add_run(p, out, run);
    free(as);
    free(format);
}

/* Text in one way, up to a mark or to the tag of a speaker, which goes through as it is. */
static void add_plain(struct passage *p, struct text_buffer *out, const char **s,
                      const char *end)
{
    struct run run = { .text = *s };
    size_t n = speaker(*s);

    if (n) {
        echo_buffer_put(out, *s, n);
        *s += n;
        return;
    }
    while (*s < end && echo_mark_at(*s) <= MARK_GAP && !speaker(*s))
        ++*s;
    run.end = *s;
    add_run(p, out, run);
}

static void compose(struct passage *p, struct text_buffer *out, const char *s, const char *end)
{
    while (s < end) {
        uint32_t mark = echo_mark_at(s);

        if (mark <= MARK_GAP) {
            add_plain(p, out, &s, end);
            continue;
        }
        s += MARK_BYTES;
        if (mark == MARK_AS)
            add_said(p, out, &s, end);
    }
    while (out->length && ends_blank(out))
        echo_buffer_cut(out, out->length - 1);
}

/* A piece without a word has a pause, and perhaps a speaker for the next one. */
static void add_piece(struct passage *p, const char *s, const char *end, struct script_part how)
{
    struct text_buffer text = { 0 };
    size_t length;
    const char *said;

    compose(p, &text, s, end);
    said = echo_buffer_text(&text);
    if (echo_text_word(said, &length)) {
        if (p->speaker.length)
            echo_buffer_put(&p->speaker, " ", *said != ' ');
        echo_buffer_string(&p->speaker, said);
        p->failed |= p->speaker.failed;
        echo_script_add(p->out, echo_buffer_text(&p->speaker), how);
        echo_buffer_cut(&p->speaker, 0);
    } else {
        for (; *said; said++)
            if (speaker(said))
                echo_buffer_put(&p->speaker, said, speaker(said));
        echo_script_add(p->out, "", how);
    }
    p->failed |= text.failed;
    echo_buffer_free(&text);
}

/* ---- the whole of it ---- */

/* Bytes of the pause at s, asked for by a tag or by a reader; 0: there is none. */
static size_t pause_at(const char *s, double *seconds)
{
    const char *digits = s + MARK_BYTES;

    if (*s == '[')
        return echo_pause_tag(s, seconds);
    if (echo_mark_at(s) != MARK_PAUSE)
        return 0;
    *seconds = strtol(digits, NULL, 10) / 1000.0;
    digits += strspn(digits, "0123456789");
    return (size_t)(digits - s) + (echo_mark_at(digits) == MARK_PAUSE ? MARK_BYTES : 0);
}

static bool is_empty(const char *s, const char *end)
{
    while (s < end && strchr(" \t\n", *s))
        s++;
    return s == end;
}

/* A line that goes on in small letters, without a stop before it, ends only on paper. */
static bool goes_on(const char *start, const char *end, const char *next)
{
    while (end > start && strchr(" \t\n", end[-1]))
        end--;
    next += strspn(next, " \t\n");
    return end > start && !strchr(".!?:;\"'", end[-1]) && *next >= 'a' && *next <= 'z';
}

/* Bytes of a line end at s, as it is on paper or as it is meant; 0: there is none. */
static size_t line_end(const char *s)
{
    return *s == '\n' ? 1 : echo_mark_at(s) == MARK_LINE ? MARK_BYTES : 0;
}

/* Bytes up to behind the name and its colon, where the line at s begins a turn; 0: it does
 * not. */
static size_t name_at(const struct passage *p, const char *s, int *role)
{
    return p->cast && !p->nameless ? echo_cast_line(p->cast, s, role) : 0;
}

/* Where a line begins with a name, what is before it ends, and a turn begins.  Bytes of the
 * line end and the name at s, or 0. */
static size_t turn(struct passage *p, const char *start, const char *s)
{
    const struct script_part before = { .end = SCRIPT_PARAGRAPH, .pause_s = -1 };
    size_t end = line_end(s), name;
    int role;

    if (!end || !(name = name_at(p, s + end, &role)))
        return 0;
    add_piece(p, start, s, before);
    echo_script_turn(p->out, role);
    return end + name;
}

/* A heading is nobody's; other blocks may begin with a name, whose bytes these are. */
static size_t first_turn(struct passage *p, const char *text)
{
    int role = 0;
    size_t name = p->level ? 0 : name_at(p, text, &role);

    if (name || (p->level && p->out->role))
        echo_script_turn(p->out, role);
    return name;
}

static void split(struct passage *p, char *text, enum script_end end)
{
    char *start = text + first_turn(p, text), *s = start;
    struct script_part how = { .level = p->level };
    size_t n;

    while (*s) {
        if ((n = turn(p, start, s))) {
            start = s += n;
            continue;
        }
        how.end = SCRIPT_PAUSE;
        if (echo_mark_at(s) == MARK_LINE) {
            n = MARK_BYTES;
            if (goes_on(start, s, s + n)) {
                memset(s, ' ', n);
                s += n;
                continue;
            }
            how.pause_s = -1;
            how.end = is_empty(start, s) ? SCRIPT_PARAGRAPH : SCRIPT_SENTENCE;
        } else if (!(n = pause_at(s, &how.pause_s))) {
            s++;
            continue;
        }
        add_piece(p, start, s, how);
        start = s += n;
    }
    how.end = end;
    how.pause_s = -1;
    add_piece(p, start, s, how);
}

/* Show again the characters that were hidden from markup. */
static void unmask(struct text_buffer *out, const char *s)
{
    while (*s) {
        uint32_t code = echo_mark_at(s);
        char c = (char)code;
        const char *start = s;

        if (code && code < 0x80) {
            echo_buffer_put(out, &c, 1);
            s += MARK_BYTES;
            continue;
        }
        while (*s && !(*s == (char)0xee && s != start))
            s++;
        echo_buffer_put(out, start, (size_t)(s - start));
    }
}

static bool has_stop(const char *text)
{
    static const char *const stops[] = {
        ".", "?", "!", ":", ";", ",", "\"", "'", ")", "]", "}",
        "。", "！", "？", "：", "；", "，", "、", "।", "؟", "۔", "」", "』", "）", "။", "።",
    };
    size_t n = strlen(text);

    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
        size_t length = strlen(stops[i]);

        if (n >= length && !strcmp(text + n - length, stops[i]))
            return true;
    }
    return false;
}

static void add_stop(struct passage *p, struct script_part *part)
{
    size_t n = strlen(part->text);
    char *longer;

    if (has_stop(part->text))
        return;
    if (!(longer = realloc(part->text, n + 2))) {
        p->failed = true;
        return;
    }
    memcpy(longer + n, ".", 2);
    part->text = longer;
}

/* The block as it is cut: hidden characters shown, a number before it, rows made sentences. */
static void prepare(struct passage *p, struct text_buffer *out)
{
    const char *text = echo_buffer_text(&p->text);
    struct text_buffer shown = { 0 };
    size_t length;

    if (p->number.length && echo_text_word(text, &length)) {
        echo_buffer_string(&shown, echo_buffer_text(&p->number));
        echo_buffer_cut(&p->number, 0);
    }
    unmask(&shown, text);
    if (echo_row_is(echo_buffer_text(&shown))) {
        echo_row_say(out, &p->columns, echo_buffer_text(&shown));
        p->stop = p->nameless = true;
    } else {
        echo_buffer_string(out, echo_buffer_text(&shown));
    }
    p->failed |= shown.failed | out->failed | p->text.failed | p->number.failed |
                 p->columns.failed;
    echo_buffer_free(&shown);
}

void echo_passage_end(struct passage *p, enum script_end end)
{
    struct text_buffer text = { 0 };
    int before = p->out->n;

    prepare(p, &text);
    if (text.bytes)
        split(p, text.bytes, end);
    else
        echo_script_add(p->out, "", (struct script_part){ .end = end, .pause_s = -1 });
    if (p->stop && p->out->n > before)
        add_stop(p, &p->out->parts[p->out->n - 1]);
    echo_buffer_free(&text);
    echo_buffer_cut(&p->text, 0);
    p->level = 0;
    p->stop = p->nameless = false;
}

void echo_passage_begin(struct passage *p)
{
    if (!echo_passage_is_blank(p))
        echo_passage_end(p, SCRIPT_PARAGRAPH);
}

void echo_passage_rule(struct passage *p)
{
    echo_passage_end(p, SCRIPT_PARAGRAPH);
    echo_passage_pause(p, RULE_S);
    echo_passage_end(p, SCRIPT_PARAGRAPH);
}

void echo_passage_number(struct passage *p, long number)
{
    char text[32];

    snprintf(text, sizeof text, "%ld. ", number);
    echo_buffer_cut(&p->number, 0);
    echo_buffer_string(&p->number, text);
}

void echo_passage_code(struct passage *p, const char *code)
{
    char told[64];
    size_t n;
    int lines = 0;

    echo_passage_begin(p);
    p->nameless = true;
    code += strspn(code, "\n");
    for (n = strlen(code); n && strchr(" \t\n", code[n - 1]);)
        n--;
    for (const char *s = code; s < code + n; s++)
        lines += *s == '\n';
    if (!lines && n <= CODE_BYTES) {
        echo_passage_put(p, code, n);
    } else {
        snprintf(told, sizeof told, "Code example, %d %s.", lines + 1,
                 lines ? "lines" : "line");
        echo_passage_put(p, told, strlen(told));
    }
    echo_passage_end(p, SCRIPT_PARAGRAPH);
}

bool echo_passage_image(struct passage *p)
{
    bool first = echo_passage_is_blank(p);
    const char *lead = first ? "Image: " : " image: ";

    echo_passage_put(p, lead, strlen(lead));
    return first;
}

void echo_passage_close(struct passage *p)
{
    echo_buffer_free(&p->text);
    echo_buffer_free(&p->number);
    echo_buffer_free(&p->speaker);
    echo_buffer_free(&p->columns);
}

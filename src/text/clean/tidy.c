/* SPDX-License-Identifier: MIT */
/* tidy.c - the last step: spaces, dashes, quotes and what is left of decoration, by what is
 * beside them. */
#include "text/clean/tidy.h"

#include <string.h>

#include "text/character.h"
#include "text/clean/marks.h"
#include "text/clean/sieve.h"

struct writer {
    struct text_buffer *out;
    size_t start;    /* of what is written now */
    const char *s;   /* what is read next */
    uint32_t before; /* the character that was written last; 0 at the beginning */
    bool space;      /* before the next one */
    bool gap;        /* something was dropped */
};

static uint32_t peek(const char *s)
{
    uint32_t code;

    return echo_character(s, &code) ? code : 0;
}

static bool is_space(uint32_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == MARK_GAP;
}

/* The first character from s on that is no blank. */
static const char *beyond(const char *s)
{
    while (is_space(peek(s)))
        s += peek(s) == MARK_GAP ? MARK_BYTES : 1;
    return s;
}

static bool is_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(uint32_t c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_one_of(uint32_t c, const char *ascii)
{
    return c && c < 0x80 && strchr(ascii, (int)c);
}

static void put(struct writer *w, uint32_t code)
{
    bool word = echo_character_is_letter(code);

    if (w->space || (w->gap && word && echo_character_is_letter(w->before)))
        echo_buffer_put(w->out, " ", 1);
    echo_buffer_character(w->out, code);
    w->before = code;
    w->space = w->gap = false;
}

/* ---- dashes ---- */

/* A quote that ends what was said; *s is it. */
static bool closes(const char *s)
{
    return is_one_of(*s, "\"')]") && !echo_character_is_letter(peek(s + 1));
}

/* A break in a sentence; w->s is behind its sign. */
static void dash(struct writer *w)
{
    const char *next = beyond(w->s);
    bool spaced = w->space || next != w->s;
    uint32_t after = peek(next);

    if (!w->before || is_one_of(w->before, "([{")) {
        w->space = w->space && w->before;
    } else if (!after || (closes(w->s) && !w->space)) {
        w->space = false;
        put(w, '-'); /* broken off */
    } else if (is_digit(w->before) && is_digit(after) && !spaced) {
        put(w, 0x2013);
    } else if (is_one_of(after, ".,;:!?)]}")) {
        w->gap = true;
    } else {
        w->space = false;
        if (!is_one_of(w->before, ".,;:!?-"))
            put(w, ',');
        w->space = true;
    }
}

/* "40", "$5" */
static bool is_amount(const char *s)
{
    static const char *const money[] = { "$", "€", "£", "¥" };

    for (size_t i = 0; i < sizeof money / sizeof *money; i++)
        if (!strncmp(s, money[i], strlen(money[i])))
            s += strlen(money[i]);
    return is_digit(peek(s));
}

/* En dash: between numbers it is the speller's. */
static void range(struct writer *w)
{
    const char *next = beyond(w->s);
    bool number = is_digit(w->before) || is_one_of(w->before, "%") || w->before == 0xb0;

    if (number && is_amount(next))
        put(w, 0x2013);
    else if (next == w->s && is_digit(peek(next)) && (w->space || !w->before))
        put(w, '-'); /* minus */
    else if (w->space || next != w->s || !w->before || !*next)
        dash(w);
    else
        put(w, '-');
}

/* ---- words that a line's end has parted ---- */

/* They keep their hyphen before another word. */
static const char *const firsts[] = {
    "all",  "anti", "co",    "cross", "deep", "double", "eight", "ex",   "far",  "five", "four",
    "free", "full", "good",  "half",  "hard", "high",   "ill",   "left", "long", "low",  "mid",
    "near", "nine", "non",   "old",   "one",  "open",   "part",  "post", "pre",  "right",
    "self", "semi", "seven", "short", "six",  "so",     "ten",   "three", "two", "ultra",
    "vice", "well", "wide",
};

static bool keeps_hyphen(const struct writer *w)
{
    const char *text = echo_buffer_text(w->out);
    size_t end = w->out->length, start = end;

    while (start > w->start && text[start - 1] != ' ' && end - start < 64)
        start--;
    if (memchr(text + start, '-', end - start))
        return true;
    for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++)
        if (strlen(firsts[i]) == end - start && !strncmp(firsts[i], text + start, end - start))
            return true;
    return false;
}

/* ---- one sign ---- */

static void hyphen(struct writer *w)
{
    const char *next = beyond(w->s);
    bool word = echo_character_is_letter(w->before) && !w->space;

    if (w->space && *w->s == '-' && is_lower((uint32_t)w->s[1])) {
        put(w, '-'); /* an option of a program */
        put(w, '-');
        w->s++;
    } else if (*w->s == '-' || (*w->s == '>' && is_space(peek(w->s + 1)))) {
        w->s += strspn(w->s, "-");
        w->s += *w->s == '>';
        dash(w);
    } else if (word && *w->s == '\n' && echo_character_is_letter(peek(next))) {
        if (!is_lower(w->before) || !is_lower(peek(next)) || keeps_hyphen(w))
            put(w, '-');
        w->s = next;
    } else if (w->before || !is_space(*w->s)) {
        put(w, '-');
    }
}

/* Signs of emphasis, which some texts have without markup. */
static void emphasis(struct writer *w, uint32_t code)
{
    bool open, close;

    while (*w->s == (char)code)
        w->s++;
    open = !w->before || w->space || is_one_of(w->before, "\"'([{-,");
    close = !*w->s || is_space(peek(w->s)) || is_one_of(*w->s, "\"')]}.,;:!?-");
    if (open != close || (code == '_' && open)) {
        w->gap = true;
        return;
    }
    put(w, code);
}

static void tick(struct writer *w)
{
    if (*w->s == '`') {
        w->s++;
        put(w, '"');
    } else if (!w->space && echo_character_is_letter(w->before) &&
               echo_character_is_letter(peek(w->s))) {
        put(w, '\'');
    } else {
        w->gap = true;
    }
}

/* French ones have a space inside. */
static void guillemet(struct writer *w, uint32_t code)
{
    bool opens = code == 0xab || code == 0x2039;
    uint32_t plain = code == 0xab || code == 0xbb ? '"' : '\'';
    const char *next = beyond(w->s);

    if (!opens && w->space && !echo_character_is_letter(peek(w->s)))
        w->space = false;
    put(w, plain);
    if (opens && next != w->s && echo_character_is_letter(peek(next)))
        w->s = next;
}

/* Dots in a row are three, with spaces between them too. */
static void stop(struct writer *w)
{
    const char *s = w->s;
    int n = 1;

    for (; *s == '.' || (*s == ' ' && s[1] == '.'); s += *s == ' ' ? 2 : 1)
        n++;
    if (n < 3) {
        put(w, '.');
        return;
    }
    for (n = 0; n < 3; n++)
        put(w, '.');
    w->s = s;
}

static void bar(struct writer *w, uint32_t code)
{
    if (w->space || !w->before || !*w->s || is_space(peek(w->s)))
        dash(w);
    else
        put(w, code);
}

/* A space before it is a habit of some languages, or what was between is gone. */
static void punctuation(struct writer *w, uint32_t code)
{
    const char *next = w->s + (peek(w->s) == 0xbb ? 0 : strspn(w->s, "\"'"));

    if ((w->space && w->gap) || (!*next || is_space(peek(next))))
        w->space = false;
    put(w, code);
}

static void sign(struct writer *w, uint32_t code)
{
    switch (code) {
    case 0x2014:
        dash(w);
        break;
    case 0x2012:
    case 0x2013:
        range(w);
        break;
    case 0xab:
    case 0xbb:
    case 0x2039:
    case 0x203a:
        guillemet(w, code);
        break;
    case '-':
        hyphen(w);
        break;
    case '*':
    case '_':
        emphasis(w, code);
        break;
    case '`':
        tick(w);
        break;
    case '\'':
        put(w, *w->s == '\'' ? '"' : '\'');
        w->s += *w->s == '\'';
        break;
    case '|':
    case 0xb7:
        bar(w, code);
        break;
    case '.':
        if (*w->s == '.' || (*w->s == ' ' && w->s[1] == '.')) {
            stop(w);
            break;
        }
        /* fall through */
    case ',':
    case ';':
    case ':':
    case '!':
    case '?':
        punctuation(w, code);
        break;
    default:
        put(w, code);
    }
}

static void write_tidy(struct writer *w)
{
    uint32_t code;
    size_t n;

    while ((n = echo_character(w->s, &code))) {
        w->s += n;
        if (code == MARK_GAP)
            w->gap = true;
        else if (is_space(code))
            w->space = true;
        else
            sign(w, code);
    }
    if (w->space)
        echo_buffer_put(w->out, " ", 1);
}

void echo_tidy(struct text_buffer *out, const char *text, size_t n)
{
    struct text_buffer sieved = { 0 };
    struct writer w = { .out = out, .start = out->length };

    echo_sieve(&sieved, text, n);
    echo_compose(&sieved);
    echo_unmix(&sieved);
    w.s = echo_buffer_text(&sieved);
    write_tidy(&w);
    out->failed |= sieved.failed;
    echo_buffer_free(&sieved);
}

/* SPDX-License-Identifier: MIT */
/* as.c - text of which its author says how to read it. */
#include <string.h>

#include "text/character.h"
#include "text/spell/parts.h"

/* Says all of r->text, or says nothing and returns false. */
typedef bool as_rule(struct reading *r, const char *format);

static const char digits[] = "0123456789";

static const struct {
    char sign;
    const char *name;
} sign_names[] = {
    { '.', "dot" },      { '-', "dash" },        { '_', "underscore" }, { '/', "slash" },
    { '@', "at" },       { '#', "hash" },        { '*', "star" },       { '+', "plus" },
    { '&', "and" },      { '%', "percent" },     { '$', "dollar" },     { '=', "equals" },
    { ':', "colon" },    { ',', "comma" },       { '!', "exclamation mark" },
    { '?', "question mark" },
};

static bool say_sign(struct reading *r)
{
    for (size_t i = 0; i < sizeof sign_names / sizeof *sign_names; i++) {
        if (*r->at == sign_names[i].sign) {
            echo_say(r, sign_names[i].name);
            return true;
        }
    }
    return false;
}

/* Letters are said as capitals, so that "a" is no article. */
static bool as_characters(struct reading *r, const char *format)
{
    uint32_t code;
    size_t n;

    (void)format;
    for (; (n = echo_character(r->at, &code)); r->at += n) {
        char capital = (char)(*r->at - 'a' + 'A');

        if (*r->at >= 'a' && *r->at <= 'z')
            echo_say_bytes(r, &capital, 1);
        else if (echo_digit(*r->at))
            echo_say_digits(r, r->at, 1);
        else if (echo_character_line_end(r->at) || *r->at == '\t' || *r->at == ' ')
            continue;
        else if (echo_character_is_mark(code))
            echo_buffer_put(r->out, r->at, n);
        else if (!r->speller->english || !say_sign(r))
            echo_say_bytes(r, r->at, n);
    }
    return true;
}

/* All of it is one number, perhaps below zero. */
static bool whole_number(struct reading *r, struct numeral *n)
{
    size_t minus = echo_minus(r, r->at);

    return echo_numeral(n, r->speller, r->at + minus) && !*n->end;
}

static bool say_negative(struct reading *r, const struct numeral *n)
{
    if (n->at == r->text)
        return false;
    if (r->speller->english)
        echo_say(r, "minus");
    else
        echo_put(r, r->text, (size_t)(n->at - r->text));
    return true;
}

static bool as_cardinal(struct reading *r, const char *format)
{
    struct numeral n;

    (void)format;
    if (!whole_number(r, &n) || n.digits > 15)
        return false;
    say_negative(r, &n);
    if (n.whole < 0) { /* zeros in front are nothing */
        n.at += strspn(n.at, "0");
        if (!echo_digit(*n.at))
            n.at--;
        echo_numeral(&n, r->speller, n.at);
    }
    echo_say_numeral(r, &n);
    return true;
}

static bool as_ordinal(struct reading *r, const char *format)
{
    struct numeral n;
    char end[3] = "";

    (void)format;
    if (!echo_numeral(&n, r->speller, r->at) || n.whole < 0 || n.fraction)
        return false;
    strncpy(end, n.end, 2);
    if (*end && (strlen(n.end) > 2 || !echo_is((struct span){ end, strlen(end) },
                                               "st nd rd th . º ª")))
        return false;
    echo_say_number(r, n.whole, NUMBER_ORDINAL);
    return true;
}

static bool as_digits(struct reading *r, const char *format)
{
    (void)format;
    if (!r->text[strcspn(r->text, digits)] ||
        strspn(r->text, "0123456789 -.,") != strlen(r->text))
        return false;
    echo_say_digits(r, r->text, strlen(r->text));
    return true;
}

/* "mdy" and so on: which number is which. */
static bool as_date(struct reading *r, const char *format)
{
    struct date d = { 0 };
    const char *at = r->text;

    if (!format || !*format || strspn(format, "mdy") != strlen(format) || strlen(format) > 3 ||
        !r->speller->english)
        return false;
    for (const char *f = format; *f; f++) {
        int v[1];
        const char *end;

        at += strspn(at, " -/.");
        if (!(end = echo_shape(at, "%n", v)))
            return false;
        *(*f == 'm' ? &d.month : *f == 'd' ? &d.day : &d.year) = v[0];
        at = end;
    }
    if (*at)
        return false;
    if (!strcmp(format, "y") || !strcmp(format, "d")) {
        echo_say_number(r, d.year + d.day, *format == 'y' ? NUMBER_YEAR : NUMBER_ORDINAL);
        return true;
    }
    if (!echo_date_good(d) || (strchr(format, 'd') && !d.day))
        return false;
    echo_say_date(r, d, *format == 'd');
    return true;
}

/* Groups of digits with a breath between them. */
static bool as_telephone(struct reading *r, const char *format)
{
    bool first = true;

    (void)format;
    if (strspn(r->text, "0123456789+-(). /") != strlen(r->text) || !strpbrk(r->text, digits))
        return false;
    for (const char *at = r->text; *at;) {
        size_t n = strspn(at, digits);

        if (*at == '+' && r->speller->english)
            echo_say(r, "plus");
        if (n && !first)
            echo_put(r, ",", 1);
        first = first && !n;
        echo_say_digits(r, at, n);
        at += n + !n;
    }
    return true;
}

static bool as_fraction(struct reading *r, const char *format)
{
    int v[2];
    const char *end = echo_shape(r->text, "%n/%n", v);

    (void)format;
    if (!r->speller->english || !end || *end)
        return false;
    echo_say_fraction(r, v[0], v[1]);
    return true;
}

/* Not said, but heard. */
static bool as_expletive(struct reading *r, const char *format)
{
    (void)format;
    echo_say(r, "beep");
    return true;
}

/* As it is spelled anyway. */
static bool as_usual(struct reading *r, const char *format)
{
    (void)r, (void)format;
    return false;
}

static const struct {
    const char *name;
    as_rule *rule;
} ways[] = {
    { "characters", as_characters },
    { "spell-out", as_characters },
    { "verbatim", as_characters },
    { "cardinal", as_cardinal },
    { "number", as_cardinal },
    { "ordinal", as_ordinal },
    { "digits", as_digits },
    { "fraction", as_fraction },
    { "unit", as_usual },
    { "date", as_date },
    { "time", as_usual },
    { "telephone", as_telephone },
    { "currency", as_usual },
    { "expletive", as_expletive },
    { "bleep", as_expletive },
};

static as_rule *rule_of(const char *name)
{
    for (size_t i = 0; name && i < sizeof ways / sizeof *ways; i++)
        if (!strcmp(name, ways[i].name))
            return ways[i].rule;
    return NULL;
}

bool echo_spell_as(struct speller *s, struct text_buffer *out, const char *text, const char *as,
                   const char *format)
{
    struct reading r = { .speller = s, .out = out, .begin = out->length, .text = text,
                         .at = text };
    as_rule *rule = rule_of(as);

    /* older SSML says "number" with the way as its format */
    if (rule == as_cardinal && rule_of(format))
        rule = rule_of(format);
    if (!rule || !rule(&r, format)) {
        echo_buffer_cut(out, r.begin);
        echo_spell(s, out, text);
    }
    return rule != NULL;
}

/* SPDX-License-Identifier: MIT */
/* quantity.c - how much: numbers with fractions, ranges, sizes, units. */
#include <string.h>

#include "text/spell/parts.h"

/* "a 5 km run": what follows an article is one thing. */
static bool after_article(const struct reading *r)
{
    return echo_is(echo_word_before(r, r->at), "a an");
}

/* 1½, 2 1/2: where the fraction ends, or NULL. */
static const char *mixed(const char *at, int *over, int *under)
{
    const char *end = echo_vulgar_fraction(at, over, under);
    int v[2];

    if (end)
        return end;
    if ((*at != ' ' && *at != '-') || !(end = echo_shape(at + 1, "%1/%1", v)) || *end == '/' ||
        v[0] >= v[1] || v[0] < 1)
        return NULL;
    *over = v[0];
    *under = v[1];
    return end;
}

static void say_mixed(struct reading *r, const struct numeral *n, int over, int under)
{
    echo_say_numeral(r, n);
    echo_say(r, "and");
    if (over == 1 && (under == 2 || under == 4))
        echo_say(r, under == 2 ? "a half" : "a quarter");
    else
        echo_say_fraction(r, over, under);
}

/* Both ends of a range look like ends: 10-20, 10 – 20, not 1-2-3. */
static const char *range_to(const struct reading *r, const char *at, struct numeral *to)
{
    const char *dash = echo_past_blank(at), *next;
    size_t n = echo_dash(dash);

    if (!n && *dash == '~')
        n = 1;
    next = dash + n;
    if (dash != at && *next != ' ')
        return NULL;
    if (dash != at)
        next++;
    if (!n || !echo_numeral(to, r->speller, next))
        return NULL;
    n = echo_dash(to->end);
    return (n && echo_digit(to->end[n])) || *echo_past_blank(to->end) == '=' ? NULL : to->end;
}

/* The last word of what is counted; "1st" and such. */
static const char *ordinal_end(const char *at)
{
    static const char *const ends[] = { "st", "nd", "rd", "th" };

    for (int i = 0; i < 4; i++)
        if (echo_starts_lower(at, ends[i]) && !echo_letter_at(at + 2))
            return at + 2;
    return NULL;
}

/* Both ends have their own units: 5%-10%, 5th-7th. */
static void say_to(struct reading *r)
{
    size_t n = echo_dash(r->at);

    if (n && !echo_digit(r->at[-1]) && echo_digit(r->at[n]))
        echo_read_as(r, r->at + n, "to");
}

static bool read_ordinal(struct reading *r, const struct numeral *n)
{
    const char *end = ordinal_end(n->end);

    if (!end || n->fraction || n->whole < 0)
        return false;
    echo_say_number(r, n->whole, NUMBER_ORDINAL);
    r->at = end;
    say_to(r);
    return true;
}

/* 5M people, 50k: letters for thousands.  Those that are units, too, need what is counted. */
static const char *count_letter(const char *at, const char **word)
{
    bool counted = echo_is(echo_word_behind(at + (*at != 0)),
                           "people users views downloads followers copies subscribers members "
                           "customers jobs homes units records tokens parameters");

    static const struct {
        char letter;
        const char *word;
    } letters[] = {
        { 'M', "million" }, { 'k', "thousand" }, { 'm', "million" }, { 'B', "billion" }
    };

    for (int i = 0; i < 4; i++) {
        if (*at == letters[i].letter && !echo_letter_at(at + 1) && (i < 2 || counted)) {
            *word = letters[i].word;
            return at + 1;
        }
    }
    return NULL;
}

/* 10x faster, but not 2x + 1. */
static bool is_times(const char *at)
{
    return *at == 'x' && !echo_letter_at(at + 1) &&
           !(at[1] == ' ' && !echo_ascii_letter(at[2])) &&
           !strchr("+-*/^=", at[1] ? at[1] : '.');
}

/* Letters that stay letters: 3D, 4K, 1080p. */
static bool read_lettered(struct reading *r, const struct numeral *n)
{
    const char *word;

    if (n->fraction || n->grouped || !echo_letter_at(n->end) || n->digits > 4 ||
        is_times(n->end) || ((n->end[0] | 32) == 'e' && (echo_digit(n->end[1]) ||
                                                        echo_dash(n->end + 1))))
        return false;
    if (count_letter(n->end, &word)) {
        echo_say_numeral(r, n);
        return echo_read_as(r, n->end + 1, word);
    }
    if (n->end[0] == 'p' && !echo_letter_at(n->end + 1) && n->whole >= 144) {
        echo_say_by_pairs(r, (int)n->whole);
        return echo_read_as(r, n->end + 1, "p");
    }
    echo_say_label(r, n->at, (size_t)n->digits);
    r->at = n->end;
    return true;
}

/* 6'2" */
static bool read_feet(struct reading *r)
{
    int v[2];
    const char *end = echo_shape(r->at, "%1'%1\"", v);

    if (!end)
        end = echo_shape(r->at, "%1′%1″", v);
    if (!end || v[1] > 12)
        return false;
    echo_say_number(r, v[0], NUMBER_CARDINAL);
    echo_say(r, v[0] == 1 ? "foot" : "feet");
    echo_say_number(r, v[1], NUMBER_CARDINAL);
    return echo_read_as(r, end, v[1] == 1 ? "inch" : "inches");
}

static void say_amount(struct reading *r, const struct numeral *n)
{
    if (echo_year_like(r, n))
        echo_say_number(r, n->whole, NUMBER_YEAR);
    else
        echo_say_numeral(r, n);
}

/* The second year of 1914-18 and 2023/24. */
static bool read_short_years(struct reading *r, const struct numeral *n)
{
    int v[1];
    size_t dash = echo_dash(n->end);
    const char *end;

    if (*n->end == '/')
        dash = 1;
    end = dash ? echo_shape(n->end + dash, "%2", v) : NULL;
    if (!end || echo_letter_at(end) || echo_dash(end) || *end == '/' || !echo_year_like(r, n) ||
        v[0] <= n->whole % 100)
        return false;
    echo_say_number(r, n->whole, NUMBER_YEAR);
    echo_say(r, "to");
    echo_say_number(r, v[0], NUMBER_CARDINAL);
    r->at = end;
    return true;
}

/* 1e-5 */
static bool read_exponent(struct reading *r, const char *at)
{
    int v[1];
    bool minus = *at && at[1] == '-', plus = *at && at[1] == '+';
    const char *end = (*at | 32) == 'e' ? echo_shape(at + 1 + minus + plus, "%n", v) : NULL;

    if (!end || echo_letter_at(end))
        return false;
    echo_say(r, "times ten to the power of");
    echo_say_number(r, minus ? -v[0] : v[0], NUMBER_CARDINAL);
    r->at = end;
    return true;
}

/* Whatever is behind a number: units, scales, nothing. */
static void say_behind(struct reading *r, const char *end, bool one)
{
    const char *word, *more = count_letter(end, &word);

    if (*end == '"' && !r->quoted && !echo_letter_at(end + 1)) {
        echo_read_as(r, end + 1, one ? "inch" : "inches");
        return;
    }
    if (is_times(end)) {
        echo_read_as(r, end + 1, "times");
        return;
    }
    if (read_exponent(r, end))
        return;

    if (more) {
        echo_say(r, word);
        r->at = more;
        return;
    }
    r->at = echo_say_unit(r, end, one);
}

bool echo_read_quantity(struct reading *r)
{
    struct numeral n, to;
    int over, under;
    const char *end, *begin = r->at;
    bool article;

    if (!echo_apart(r) || read_feet(r) || !echo_numeral(&n, r->speller, r->at))
        return r->at != begin;
    article = after_article(r);
    if (read_ordinal(r, &n) || read_short_years(r, &n))
        return true;
    if ((end = mixed(n.end, &over, &under)) && !n.fraction) {
        say_mixed(r, &n, over, under);
        r->at = echo_say_unit(r, end, article);
        return true;
    }
    if ((end = range_to(r, n.end, &to))) {
        say_amount(r, &n);
        echo_say(r, "to");
        r->at = end;
        if (read_ordinal(r, &to))
            return true;
        say_amount(r, &to);
        say_behind(r, end, article);
        return true;
    }
    if ((end = n.end) && !echo_unit(end, &(const struct unit *){ 0 }) &&
        read_lettered(r, &n))
        return true;
    say_amount(r, &n);
    say_behind(r, n.end, article || echo_is_one(&n));
    say_to(r);
    return true;
}

static const struct {
    const char *written, *said;
} known_fractions[] = {
    { "24/7", "twenty-four seven" },
    { "9/11", "nine eleven" },
    { "7/11", "seven eleven" },
    { "50/50", "fifty fifty" },
    { "20/20", "twenty twenty" },
    { "10/10", "ten out of ten" },
    { "100/100", "one hundred out of one hundred" },
};

/* Denominators that people measure by; others are dates, or scores. */
static bool usual(int over, int under)
{
    static const int unders[] = { 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 20, 32, 64, 100, 1000 };

    for (size_t i = 0; i < sizeof unders / sizeof *unders; i++)
        if (under == unders[i])
            return over < 2 * under && over > 0;
    return over == 1 && under > 0;
}

bool echo_read_fraction(struct reading *r)
{
    int v[2], over, under;
    const char *end = echo_vulgar_fraction(r->at, &over, &under);

    if (end) {
        echo_say_fraction(r, over, under);
        r->at = end;
        return true;
    }
    end = echo_apart(r) ? echo_shape(r->at, "%n/%n", v) : NULL;
    if (!end || *end == '/' || echo_digit(end[*end == '.']) || (r->at[0] == '0' && v[0]) ||
        (v[0] > 1100 && v[0] < 2100 && v[1] == (v[0] + 1) % 100))
        return false;
    for (size_t i = 0; i < sizeof known_fractions / sizeof *known_fractions; i++)
        if (echo_starts(r->at, known_fractions[i].written) == (size_t)(end - r->at))
            return echo_read_as(r, end, known_fractions[i].said);
    if (usual(v[0], v[1]) &&
        (v[1] != 10 || v[0] == 1 || echo_is(echo_word_behind(end), "of inch mile"))) {
        echo_say_fraction(r, v[0], v[1]);
    } else {
        echo_say_number(r, v[0], NUMBER_CARDINAL);
        echo_say(r, v[0] < v[1] || v[1] == 10 ? "out of" : "over");
        echo_say_number(r, v[1], NUMBER_CARDINAL);
    }
    if (ordinal_end(end)) /* 1/100th */
        r->at = ordinal_end(end);
    else
        r->at = echo_say_unit(r, end, v[0] < v[1]);
    return true;
}

static const char *times(const char *at)
{
    const char *sign = echo_past_blank(at);
    size_t n = echo_one_of(sign, "x × X");

    if (!n || !echo_digit(*echo_past_blank(sign + n)) || (sign != at) != (sign[n] == ' '))
        return NULL;
    return echo_past_blank(sign + n);
}

static void say_side(struct reading *r, const struct numeral *n, bool screen)
{
    if (screen)
        echo_say_by_pairs(r, (int)n->whole);
    else
        echo_say_numeral(r, n);
}

/* Is it a sum, which has a result, or a power of ten?  Then it is no size. */
static bool is_sum(const struct numeral *n)
{
    return *n->end == '^' || *echo_past_blank(n->end) == '=' ||
           echo_one_of(n->end, "² ³ ⁴ ⁵ ⁶ ⁷ ⁸ ⁹ ¹ ⁻");
}

static bool of_screen(const struct numeral *n)
{
    return !n->fraction && !n->grouped && n->digits >= 3 && n->digits <= 4 && n->whole > 0;
}

/* 3x4, 1920×1080, 2 x 3 x 4 cm */
bool echo_read_size(struct reading *r)
{
    struct numeral n, next;
    const char *side;
    bool screen;

    if (!echo_apart(r) || !echo_numeral(&n, r->speller, r->at) || !(side = times(n.end)) ||
        !echo_numeral(&next, r->speller, side) || is_sum(&next))
        return false;
    screen = of_screen(&n) && of_screen(&next);
    say_side(r, &n, screen);
    do {
        echo_say(r, "by");
        echo_numeral(&next, r->speller, side);
        say_side(r, &next, screen && of_screen(&next));
    } while ((side = times(next.end)));
    r->at = echo_say_unit(r, next.end, false);
    return true;
}

/* Digits behind letters, as in MP3, H2O. */
bool echo_read_label(struct reading *r)
{
    size_t n = strspn(r->at, "0123456789");

    if (!n || !echo_letter_before(r, r->at) || echo_digit(r->at[-1]))
        return false;
    echo_say_label(r, r->at, n);
    r->at += n;
    if (*r->at == '-' && (n = strspn(r->at + 1, "0123456789"))) { /* i7-9700 */
        echo_say_label(r, r->at + 1, n);
        r->at += 1 + n;
    }
    return true;
}

bool echo_read_minus(struct reading *r)
{
    size_t n = echo_one_of(r->at, "− -");
    const char *next = r->at + n;

    if (!n || (r->at > r->text && !strchr(" ([=<>*/\"", r->at[-1])))
        return false;
    if (!echo_digit(*next) && !echo_one_of(next, "$ € £ ¥") &&
        !(*next == '.' && echo_digit(next[1])))
        return false;
    return echo_read_as(r, next, "minus");
}

/* .5 */
bool echo_read_point(struct reading *r)
{
    size_t n = strspn(r->at + 1, "0123456789");

    if (*r->at != '.' || !n || !echo_apart(r) || r->at[1 + n] == '.')
        return false;
    if (r->at > r->text && !strchr(" (-+$\"", r->at[-1]))
        return false;
    echo_say(r, "point");
    echo_say_digits(r, r->at + 1, n);
    r->at = echo_say_unit(r, r->at + 1 + n, false);
    return true;
}

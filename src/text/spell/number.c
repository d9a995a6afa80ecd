/* SPDX-License-Identifier: MIT */
/* number.c - numbers as they are written, and as ICU spells them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unicode/ustring.h>

#include "text/spell/parts.h"

/* Longer ones are no amounts: they are read digit by digit. */
enum { DIGITS_MOST = 15, FRACTION_MOST = 6 };

/* Rule sets by way; the first that the language has is used, and "" is its own. */
static const char *const rules[NUMBER_WAYS][4] = {
    [NUMBER_CARDINAL] = { "%spellout-numbering", "" },
    [NUMBER_YEAR] = { "%spellout-numbering-year", "%spellout-numbering", "" },
    [NUMBER_ORDINAL] = { "%spellout-ordinal", "%spellout-ordinal-masculine",
                         "%spellout-ordinal-neuter" },
};
static const char british_rules[] = "%spellout-cardinal-verbose";

static bool set_rules(UNumberFormat *f, const char *name)
{
    UChar wide[64];
    UErrorCode e = U_ZERO_ERROR;

    if (!*name)
        return true;
    u_uastrcpy(wide, name);
    unum_setTextAttribute(f, UNUM_DEFAULT_RULESET, wide, -1, &e);
    return U_SUCCESS(e);
}

static UNumberFormat *open_way(const struct speller *s, enum number_way way)
{
    UErrorCode e = U_ZERO_ERROR;
    UNumberFormat *f = unum_open(UNUM_SPELLOUT, NULL, 0, s->locale, NULL, &e);

    if (U_FAILURE(e))
        return NULL;
    if (s->british && way == NUMBER_CARDINAL && set_rules(f, british_rules))
        return f;
    for (int i = 0; i < 4 && rules[way][i]; i++)
        if (set_rules(f, rules[way][i]))
            return f;
    unum_close(f);
    return NULL;
}

static UNumberFormat *way_of(struct speller *s, enum number_way way)
{
    if (!s->tried[way]) {
        s->tried[way] = true;
        s->ways[way] = open_way(s, way);
    }
    return s->ways[way];
}

/* ICU hyphenates: German words have soft hyphens, and "oh-five" is two words. */
static void tidy(char *words)
{
    char *to = words;

    for (const char *from = words; *from; from++) {
        if (echo_starts(from, "\u00ad")) {
            from++;
        } else if (*from == '-' && from - words >= 2 && !memcmp(from - 2, "oh", 2)) {
            *to++ = ' ';
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
}

/* `number` is plain decimal: 12.5 */
static bool say_icu(struct reading *r, const char *number, enum number_way way)
{
    UNumberFormat *f = way_of(r->speller, way);
    UErrorCode e = U_ZERO_ERROR;
    UChar wide[512];
    char words[1536];
    int32_t n;

    if (!f)
        return false;
    if (strchr(number, '.'))
        n = unum_formatDouble(f, atof(number), wide, 512, NULL, &e);
    else
        n = unum_formatInt64(f, atoll(number), wide, 512, NULL, &e);
    u_strToUTF8(words, sizeof words, NULL, wide, n, &e);
    if (U_FAILURE(e) || n <= 0)
        return false;
    tidy(words);
    echo_say(r, words);
    return true;
}

void echo_say_number(struct reading *r, int64_t n, enum number_way way)
{
    char number[32];

    snprintf(number, sizeof number, "%lld", (long long)n);
    if (!say_icu(r, number, way))
        echo_say(r, number);
}

static const char *const digit_names[] = {
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
};

void echo_say_digits(struct reading *r, const char *digits, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!echo_digit(digits[i]))
            continue;
        if (r->speller->english)
            echo_say(r, digit_names[digits[i] - '0']);
        else
            echo_say_number(r, digits[i] - '0', NUMBER_CARDINAL);
    }
}

/* Thousands with a mark between them: where they end, or NULL if they are not so. */
static const char *groups(const char *at, const char *mark)
{
    size_t n = strlen(mark);
    const char *end = NULL;

    if (!n)
        return NULL;
    while (!strncmp(at, mark, n) && echo_digit(at[n]) && echo_digit(at[n + 1]) &&
           echo_digit(at[n + 2]) && !echo_digit(at[n + 3]))
        end = at += n + 3;
    return end;
}

/* 1.2.3 is no number with a fraction. */
static const char *fraction(const char *at, const char *point)
{
    size_t n = strlen(point);
    const char *end = at + n;

    if (!n || strncmp(at, point, n) || !echo_digit(*end))
        return NULL;
    while (echo_digit(*end))
        end++;
    return !strncmp(end, point, n) && echo_digit(end[n]) ? NULL : end;
}

static int64_t whole_of(const char *at, const char *end)
{
    int64_t whole = 0;

    for (; at < end; at++)
        if (echo_digit(*at))
            whole = whole * 10 + *at - '0';
    return whole;
}

bool echo_numeral(struct numeral *n, const struct speller *s, const char *at)
{
    const char *end = at, *more;

    *n = (struct numeral){ .at = at, .end = at };
    while (echo_digit(*end))
        end++;
    if (end == at)
        return false;
    n->digits = (int)(end - at < 1000 ? end - at : 1000);
    if (n->digits <= 3 && (more = groups(end, s->group))) {
        for (const char *c = end; c < more; c++)
            n->digits += echo_digit(*c) && n->digits < 1000;
        n->grouped = true;
        end = more;
    }
    n->whole =
        n->digits > DIGITS_MOST || (*at == '0' && n->digits > 1) ? -1 : whole_of(at, end);
    n->end = end;
    if ((more = fraction(end, s->point))) {
        n->fraction = end + strlen(s->point);
        n->end = more;
    }
    return true;
}

/* Other languages say fractions as ICU does. */
static bool say_decimal(struct reading *r, const struct numeral *n)
{
    char number[64];
    const char *end = n->end;

    if (n->whole < 0 || n->digits > 9 || n->end - n->fraction > FRACTION_MOST)
        return false;
    while (end > n->fraction && end[-1] == '0') /* a double forgets them */
        end--;
    snprintf(number, sizeof number, "%lld%s%.*s", (long long)n->whole,
             end > n->fraction ? "." : "", (int)(end - n->fraction), n->fraction);
    if (!say_icu(r, number, NUMBER_CARDINAL))
        return false;
    if (end > n->fraction)
        echo_say_digits(r, end, (size_t)(n->end - end));
    return true;
}

void echo_say_numeral(struct reading *r, const struct numeral *n)
{
    if (n->fraction && !r->speller->english) {
        if (!say_decimal(r, n))
            echo_say_bytes(r, n->at, (size_t)(n->end - n->at));
        return;
    }
    if (n->whole < 0)
        echo_say_digits(r, n->at, (size_t)((n->fraction ? n->fraction : n->end) - n->at));
    else
        echo_say_number(r, n->whole, NUMBER_CARDINAL);
    if (n->fraction) {
        echo_say(r, "point");
        echo_say_digits(r, n->fraction, (size_t)(n->end - n->fraction));
    }
}

bool echo_is_one(const struct numeral *n)
{
    return n->whole == 1 && !n->fraction;
}

void echo_say_pair(struct reading *r, int n)
{
    if (n < 10)
        echo_say(r, "oh");
    echo_say_number(r, n, NUMBER_CARDINAL);
}

void echo_say_by_pairs(struct reading *r, int n)
{
    if (n < 100 || n > 9999 || n % 1000 == 0) {
        echo_say_number(r, n, NUMBER_CARDINAL);
        return;
    }
    echo_say_number(r, n / 100, NUMBER_CARDINAL);
    if (n % 100 == 0)
        echo_say(r, "hundred");
    else
        echo_say_pair(r, n % 100);
}

void echo_say_label(struct reading *r, const char *digits, size_t n)
{
    int value = n <= 4 ? (int)whole_of(digits, digits + n) : 0;

    if (n > 4 || (n > 1 && *digits == '0'))
        echo_say_digits(r, digits, n);
    else if (n == 4 && value / 100 % 10 == 0)
        echo_say_number(r, value, NUMBER_CARDINAL);
    else
        echo_say_by_pairs(r, value);
}

static const struct {
    const char *sign;
    int over, under;
} vulgar[] = {
    { "½", 1, 2 }, { "⅓", 1, 3 }, { "⅔", 2, 3 }, { "¼", 1, 4 }, { "¾", 3, 4 },
    { "⅕", 1, 5 }, { "⅖", 2, 5 }, { "⅗", 3, 5 }, { "⅘", 4, 5 }, { "⅙", 1, 6 },
    { "⅚", 5, 6 }, { "⅛", 1, 8 }, { "⅜", 3, 8 }, { "⅝", 5, 8 }, { "⅞", 7, 8 },
    { "⅐", 1, 7 }, { "⅑", 1, 9 }, { "⅒", 1, 10 },
};

const char *echo_vulgar_fraction(const char *at, int *over, int *under)
{
    for (size_t i = 0; (*at & 0x80) && i < sizeof vulgar / sizeof *vulgar; i++) {
        size_t n = echo_starts(at, vulgar[i].sign);

        if (n) {
            *over = vulgar[i].over;
            *under = vulgar[i].under;
            return at + n;
        }
    }
    return NULL;
}

/* Halves and quarters have names of their own; others are ordinals. */
static void say_parts(struct reading *r, int under, bool one)
{
    if (under == 2 || under == 4) {
        static const char *const names[2][2] = { { "halves", "half" },
                                                 { "quarters", "quarter" } };

        echo_say(r, names[under == 4][one]);
        return;
    }
    echo_say_number(r, under, NUMBER_ORDINAL);
    if (!one) {
        echo_buffer_string(r->out, "s");
    }
}

void echo_say_fraction(struct reading *r, int over, int under)
{
    echo_say_number(r, over, NUMBER_CARDINAL);
    if (under == 0 || under == 1) {
        echo_say(r, "over");
        echo_say_number(r, under, NUMBER_CARDINAL);
        return;
    }
    say_parts(r, under, over == 1);
}

size_t echo_minus(const struct reading *r, const char *at)
{
    size_t n = echo_one_of(at, "− -");
    char before = at > r->text ? at[-1] : ' ';

    if (!n || !echo_digit(at[n]) || !strchr(" ([=<>*/\"", before))
        return 0;
    return n;
}

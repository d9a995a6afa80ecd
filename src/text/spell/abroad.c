/* SPDX-License-Identifier: MIT */
/* abroad.c - numbers, money and units in other languages, as ICU has them. */
#include <stdio.h>
#include <string.h>

#include <unicode/unumberformatter.h>
#include <unicode/ustring.h>

#include "text/spell/parts.h"

/* Signs behind a number, or before it, and what ICU calls them. */
static const struct {
    const char *sign, *skeleton;
} units[] = {
    { "%", "percent" },
    { "°C", "measure-unit/temperature-celsius" },
    { "°F", "measure-unit/temperature-fahrenheit" },
    { "°", "measure-unit/angle-degree" },
    { "km/h", "measure-unit/speed-kilometer-per-hour" },
    { "km", "measure-unit/length-kilometer" },
    { "cm", "measure-unit/length-centimeter" },
    { "mm", "measure-unit/length-millimeter" },
    { "kg", "measure-unit/mass-kilogram" },
    { "mg", "measure-unit/mass-milligram" },
    { "kWh", "measure-unit/energy-kilowatt-hour" },
    { "kW", "measure-unit/power-kilowatt" },
    { "GB", "measure-unit/digital-gigabyte" },
    { "MB", "measure-unit/digital-megabyte" },
    { "ml", "measure-unit/volume-milliliter" },
    { "min", "measure-unit/duration-minute" },
    { "€", "currency/EUR" },
    { "EUR", "currency/EUR" },
    { "$", "currency/USD" },
    { "USD", "currency/USD" },
    { "£", "currency/GBP" },
    { "¥", "currency/JPY" },
    { "zł", "currency/PLN" },
    { "PLN", "currency/PLN" },
    { "CHF", "currency/CHF" },
    { "m", "measure-unit/length-meter" },
    { "g", "measure-unit/mass-gram" },
};

static const char *unit_at(const char *at, const char **skeleton)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t n = echo_starts(at, units[i].sign);

        if (n && !(echo_letter_at(at + n) && !echo_digit(at[n]))) {
            *skeleton = units[i].skeleton;
            return at + n;
        }
    }
    return NULL;
}

/* "12,50 Euro" without its number: the part behind the last digit. */
static const char *behind_number(const char *words)
{
    const char *end = words;

    for (const char *c = words; *c; c++)
        if (echo_digit(*c))
            end = c + 1;
    for (;;) {
        size_t n = echo_one_of(end, "\u00a0 \u202f");

        if (!n && *end != ' ')
            return end;
        end += n ? n : 1;
    }
}

static bool format(const char *locale, const char *skeleton, const char *number, char *to,
                   int32_t size)
{
    char name[96];
    UChar wide[128];
    UErrorCode e = U_ZERO_ERROR;
    UNumberFormatter *f;
    UFormattedNumber *result;
    int32_t n;

    snprintf(name, sizeof name, "%s unit-width-full-name", skeleton);
    u_uastrcpy(wide, name);
    f = unumf_openForSkeletonAndLocale(wide, -1, locale, &e);
    result = unumf_openResult(&e);
    unumf_formatDecimal(f, number, -1, result, &e);
    n = unumf_resultToString(result, wide, 128, &e);
    u_strToUTF8(to, size, NULL, wide, n, &e);
    unumf_closeResult(result);
    unumf_close(f);
    return U_SUCCESS(e);
}

static void say_unit(struct reading *r, const struct numeral *n, const char *skeleton)
{
    char number[32], words[384];

    snprintf(number, sizeof number, "%lld%s%.*s", (long long)n->whole, n->fraction ? "." : "",
             n->fraction ? (int)(n->end - n->fraction) : 0, n->fraction ? n->fraction : "");
    if (format(r->speller->locale, skeleton, number, words, sizeof words))
        echo_say(r, behind_number(words));
}

static bool speakable(const struct numeral *n)
{
    return n->whole >= 0 && (!n->fraction || n->end - n->fraction <= 8);
}

/* 3:45, 1.2.2024, 555-1234: others' ways are not known, and they stay. */
static const char *unknown_end(const char *at)
{
    const char *c = at;
    bool marked = false;

    while (echo_digit(*c) || (strchr(":./-", *c) && *c && echo_digit(c[1]))) {
        marked = marked || !echo_digit(*c);
        c++;
    }
    return marked ? c : NULL;
}

static bool say_plain(struct reading *r, const struct numeral *n)
{
    if (n->whole < 0 && n->fraction)
        return false;
    echo_say_numeral(r, n);
    r->at = n->end;
    return true;
}

static bool read_sign_first(struct reading *r)
{
    const char *skeleton, *end = unit_at(r->at, &skeleton);
    struct numeral n;

    if (!end || echo_ascii_letter(*r->at) ||
        !echo_numeral(&n, r->speller, echo_past_blank(end)) || !speakable(&n) ||
        unknown_end(n.end))
        return false;
    echo_say_numeral(r, &n);
    say_unit(r, &n, skeleton);
    r->at = n.end;
    return true;
}

/* A point in a number whose thousands it does not part, or a mark that may be anything. */
static bool stays(struct reading *r, const struct numeral *n)
{
    const char *end = unknown_end(r->at);

    if (!end || end <= n->end)
        return false;
    echo_put(r, r->at, (size_t)(end - r->at));
    r->at = end;
    return true;
}

bool echo_read_abroad(struct reading *r)
{
    struct numeral n;
    const char *end, *skeleton;

    if (!echo_apart(r))
        return false;
    if (!echo_digit(*r->at)) {
        size_t minus = echo_minus(r, r->at);

        if (!minus)
            return read_sign_first(r);
        if (!echo_numeral(&n, r->speller, r->at + minus) || n.whole <= 0 || n.fraction)
            return false;
        echo_say_number(r, -n.whole, NUMBER_CARDINAL);
        r->at = n.end;
        return true;
    }
    if (!echo_numeral(&n, r->speller, r->at) || stays(r, &n) || echo_letter_at(n.end))
        return n.at && r->at > n.at;
    if ((end = unit_at(echo_past_blank(n.end), &skeleton)) && speakable(&n)) {
        echo_say_numeral(r, &n);
        say_unit(r, &n, skeleton);
        r->at = end;
        return true;
    }
    return say_plain(r, &n);
}

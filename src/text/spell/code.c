/* SPDX-License-Identifier: MIT */
/* code.c - numbers that count nothing: telephones, versions, addresses, identifiers. */
#include <string.h>

#include "text/spell/parts.h"

static const char digits[] = "0123456789";

/* Groups of digits, said one by one, with a breath between groups. */
static void say_groups(struct reading *r, const char *at, const char *end)
{
    bool first = true;

    while (at < end) {
        size_t n = strspn(at, digits);

        if (n) {
            if (!first)
                echo_put(r, ",", 1);
            echo_say_digits(r, at, n);
            first = false;
        } else if (*at == '+') {
            echo_say(r, "plus");
        }
        at += n + !n;
    }
    r->at = end;
}

static const char *const phones[] = {
    "(%3) %3-%4", "(%3)%3-%4",   "1-%3-%3-%4", "1 (%3) %3-%4", "%3-%3-%4", "%3.%3.%4",
    "%3 %3 %4",   "1 %3 %3 %4", "%3-%4",      "%3-%2-%4",
};

/* 0800 123456, +44 20 7946 0958: a long row of groups. */
static const char *long_phone(const char *at)
{
    const char *c = at + (*at == '+'), *end = c;
    int n = 0;

    if (*c == '0' && c != at)
        return NULL;
    for (; n <= 18; c += 1) {
        size_t k = strspn(c, digits);

        if (!k)
            break;
        n += (int)k;
        end = c += k;
        if (*c == '(')
            continue;
        if (!strchr(" -.)/", *c) || !*c)
            break;
        if (c[1] == '(' || (*c == ')' && c[1] == ' '))
            c++;
    }
    return n >= 7 && n <= 15 && !echo_letter_at(end) && *end != ':' ? end : NULL;
}

/* 0 and then a blank, or the + of a country. */
static bool begins_phone(const char *at)
{
    size_t n;

    if (*at == '+')
        return echo_digit(at[1]);
    n = strspn(at, digits);
    return *at == '0' && n >= 3 && n <= 5 && strchr(" -/", at[n]) && at[n] &&
           echo_digit(at[n + 1]);
}

static bool read_emergency(struct reading *r)
{
    int v[1];
    const char *end = echo_shape(r->at, "%3", v);
    struct span before = echo_word_before(r, r->at);

    if (!end || echo_letter_at(end) || echo_dash(end) || *end == '%' ||
        (echo_one_of(end, ". ,") && echo_digit(end[1])))
        return false;
    if (v[0] != 911 && !echo_is(before, "call dial calling called dialed ring phone text code "
                                        "press"))
        return false;
    if (echo_is(before, "porsche"))
        return false;
    say_groups(r, r->at, end);
    return true;
}

/* 1-800-FLOWERS */
static bool read_phone_word(struct reading *r)
{
    int v[2];
    const char *end = echo_shape(r->at, "1-%3-", v);
    size_t n = end ? strspn(end, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") : 0;

    if (!n || echo_letter_at(end + n))
        return false;
    say_groups(r, r->at, end);
    echo_put(r, ",", 1);
    echo_say_bytes(r, end, n);
    r->at = end + n;
    return true;
}

bool echo_read_phone(struct reading *r)
{
    int v[5];
    const char *end;

    if (!echo_apart(r))
        return false;
    for (size_t i = 0; i < sizeof phones / sizeof *phones; i++) {
        end = echo_shape(r->at, phones[i], v);
        if (!end || echo_letter_at(end) || (echo_dash(end) && echo_digit(end[echo_dash(end)])))
            continue;
        say_groups(r, r->at, end);
        return true;
    }
    if (begins_phone(r->at) && (end = long_phone(r->at))) {
        say_groups(r, r->at, end);
        return true;
    }
    return read_phone_word(r) || read_emergency(r);
}

/* Three groups of digits or more: 978-3-16-148410-0 */
static const char *grouped_end(const char *at, char mark, int *groups)
{
    const char *end = at;

    for (*groups = 0; *groups < 20; ++*groups) {
        size_t n = strspn(at, digits);

        if (!n || n > 20)
            break;
        end = at += n;
        if (*at != mark)
            return ++*groups, end;
        at++;
    }
    return end;
}

static void say_parts(struct reading *r, const char *at, const char *end, const char *point,
                      bool by_digits)
{
    for (; at < end; at++) {
        size_t n = strspn(at, digits);

        if (by_digits || n > 4)
            echo_say_digits(r, at, n);
        else
            echo_say_label(r, at, n);
        at += n;
        if (at < end)
            echo_say(r, point);
    }
    r->at = end;
}

/* 3.11.2, 192.168.1.1, v2.0, "version 3.11" */
bool echo_read_version(struct reading *r)
{
    bool v = (*r->at == 'v' || *r->at == 'V') && echo_digit(r->at[1]);
    const char *at = r->at + v, *end;
    struct span before = echo_word_before(r, r->at);
    int groups;

    if (!echo_apart(r))
        return false;
    end = grouped_end(at, '.', &groups);
    if (groups < 3 && !v &&
        !(groups == 2 && echo_is(before, "version python ubuntu java node kernel release php")))
        return false;
    if (end == at || groups >= 20)
        return false;
    if (v)
        echo_say(r, "version");
    say_parts(r, at, end, groups == 4 && !v ? "dot" : "point", groups == 4 && !v);
    return true;
}

/* Letters and digits as one: small hexadecimal of six or more, in which both occur. */
static size_t hex_run(const char *at)
{
    size_t n = strspn(at, "0123456789abcdef"), upper = strspn(at, "0123456789ABCDEF");
    size_t all = n > upper ? n : upper, figures = 0, changes = 0;

    for (size_t i = 0; i < all && all <= 128; i++) {
        figures += echo_digit(at[i]);
        changes += i && echo_digit(at[i]) != echo_digit(at[i - 1]);
    }
    return all >= 6 && all <= 128 && figures && figures < all && changes >= 2 ? all : 0;
}

static void say_characters(struct reading *r, const char *at, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (echo_digit(at[i]))
            echo_say_digits(r, at + i, 1);
        else
            echo_say_bytes(r, at + i, 1);
    }
}

static bool read_hex(struct reading *r)
{
    size_t n = echo_starts(r->at, "0x"), k = n + hex_run(r->at + n);

    if (n && k == n)
        k = n + strspn(r->at + n, "0123456789abcdefABCDEF");
    if (k <= n || k > 128 || echo_letter_at(r->at + k))
        return false;
    say_characters(r, r->at, k);
    r->at += k;
    while (*r->at == '-' && (k = strspn(r->at + 1, "0123456789abcdefABCDEF")) >= 4 && k <= 16 &&
           !echo_letter_at(r->at + 1 + k)) {
        echo_put(r, ",", 1);
        say_characters(r, r->at + 1, k);
        r->at += 1 + k;
    }
    return true;
}

/* 00:1A:2B:3C:4D:5E */
static bool read_hardware(struct reading *r)
{
    const char *at = r->at, *end = at;
    int groups = 0;

    while (groups < 8 && strspn(at, "0123456789abcdefABCDEF") == 2) {
        groups++;
        end = at + 2;
        if (*end != ':')
            break;
        at = end + 1;
    }
    if (groups < 6 || echo_letter_at(end))
        return false;
    for (const char *c = r->at; c < end; c += 3) {
        if (c > r->at)
            echo_put(r, ",", 1);
        say_characters(r, c, 2);
    }
    r->at = end;
    return true;
}

/* Codes are said as they are typed. */
static bool read_typed(struct reading *r)
{
    size_t n = strspn(r->at, digits);

    if (n < 3 || n > 20 || echo_letter_at(r->at + n) ||
        (r->at[n] == ',' && echo_digit(r->at[n + 1])) ||
        !echo_is(echo_word_before(r, r->at), "code zip pin passcode extension account"))
        return false;
    say_groups(r, r->at, r->at + n);
    return true;
}

/* The number of a room, a flight, a road is said by pairs. */
static bool read_named(struct reading *r)
{
    int v[1];
    const char *end = echo_shape(r->at, "%3", v);
    struct span before = echo_word_before(r, r->at);
    bool named = echo_is(before, "boeing flight room route highway bus suite apartment apt "
                                 "interstate peugeot airbus porsche");

    if (!end || echo_letter_at(end) || *r->at == '0' ||
        (echo_one_of(end, ". , - – %") && echo_digit(end[1])))
        return false;
    if (!named && !(v[0] / 100 == 7 && v[0] % 10 == 7 && v[0] != 777 &&
                    echo_is(before, "a the")))
        return false;
    echo_say_by_pairs(r, v[0]);
    r->at = end;
    return true;
}

static bool say_scores(struct reading *r, const char *end)
{
    for (bool first = true; r->at < end; first = false) {
        size_t n = strspn(r->at, digits);

        if (!first)
            echo_put(r, ",", 1);
        echo_say_label(r, r->at, n);
        r->at += n + (r->at + n < end);
    }
    return true;
}

bool echo_read_code(struct reading *r)
{
    int groups;
    const char *end;

    if (!echo_apart(r))
        return false;
    if (read_hardware(r) || read_hex(r) || read_typed(r) || read_named(r))
        return true;
    end = grouped_end(r->at, '-', &groups);
    if (groups < 3 || groups >= 20 || echo_letter_at(end))
        return false;
    if (end - r->at <= 8) /* wins, losses and draws: 12-3-1 */
        return say_scores(r, end);
    say_groups(r, r->at, end);
    return true;
}

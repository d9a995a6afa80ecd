/* SPDX-License-Identifier: MIT */
/* money.c - amounts of money. */
#include <string.h>

#include "text/spell/parts.h"

struct currency {
    const char *sign; /* before or behind the amount, or its code */
    const char *one, *many, *cent, *cents;
};

/* A longer sign stands before what it begins with. */
static const struct currency currencies[] = {
    { "US$", "U S dollar", "U S dollars", "cent", "cents" },
    { "CA$", "Canadian dollar", "Canadian dollars", "cent", "cents" },
    { "C$", "Canadian dollar", "Canadian dollars", "cent", "cents" },
    { "A$", "Australian dollar", "Australian dollars", "cent", "cents" },
    { "NZ$", "New Zealand dollar", "New Zealand dollars", "cent", "cents" },
    { "HK$", "Hong Kong dollar", "Hong Kong dollars", "cent", "cents" },
    { "R$", "real", "reais", "centavo", "centavos" },
    { "$", "dollar", "dollars", "cent", "cents" },
    { "€", "euro", "euros", "cent", "cents" },
    { "£", "pound", "pounds", "penny", "pence" },
    { "¥", "yen", "yen", NULL, NULL },
    { "₹", "rupee", "rupees", "paisa", "paise" },
    { "₩", "won", "won", NULL, NULL },
    { "₽", "ruble", "rubles", "kopeck", "kopecks" },
    { "₿", "bitcoin", "bitcoins", NULL, NULL },
    { "₴", "hryvnia", "hryvnias", NULL, NULL },
    { "₺", "lira", "lira", NULL, NULL },
    { "USD", "U S dollar", "U S dollars", "cent", "cents" },
    { "EUR", "euro", "euros", "cent", "cents" },
    { "GBP", "pound", "pounds", "penny", "pence" },
    { "JPY", "yen", "yen", NULL, NULL },
    { "CNY", "yuan", "yuan", NULL, NULL },
    { "INR", "rupee", "rupees", "paisa", "paise" },
    { "CHF", "Swiss franc", "Swiss francs", "centime", "centimes" },
    { "CAD", "Canadian dollar", "Canadian dollars", "cent", "cents" },
    { "AUD", "Australian dollar", "Australian dollars", "cent", "cents" },
    { "PLN", "zloty", "zlotys", "grosz", "groszy" },
    { "SEK", "Swedish krona", "Swedish kronor", NULL, NULL },
    { "NOK", "Norwegian krone", "Norwegian kroner", NULL, NULL },
    { "DKK", "Danish krone", "Danish kroner", NULL, NULL },
};

static const struct {
    const char *sign, *word;
    bool touches; /* a letter, which must stand at the number */
} scales[] = {
    { "thousand", "thousand", false }, { "million", "million", false },
    { "billion", "billion", false },   { "trillion", "trillion", false },
    { "bn", "billion", false },        { "mn", "million", false },
    { "mln", "million", false },       { "tn", "trillion", false },
    { "K", "thousand", true },         { "k", "thousand", true },
    { "M", "million", true },          { "m", "million", true },
    { "B", "billion", true },          { "b", "billion", true },
    { "T", "trillion", true },
};

const char *echo_scale(const char *at, const char **word)
{
    const char *sign = *at == '-' ? at + 1 : echo_past_blank(at);

    for (size_t i = 0; i < sizeof scales / sizeof *scales; i++) {
        size_t n = echo_starts(sign, scales[i].sign);

        if (n && !echo_letter_at(sign + n) && (sign == at || !scales[i].touches)) {
            *word = scales[i].word;
            return sign + n;
        }
    }
    return NULL;
}

static const struct currency *currency_at(const char *at, const char **end)
{
    for (size_t i = 0; i < sizeof currencies / sizeof *currencies; i++) {
        size_t n = echo_starts(at, currencies[i].sign);

        if (n &&
            !(echo_ascii_letter(at[n - 1]) && echo_letter_at(at + n) && !echo_digit(at[n]))) {
            *end = at + n;
            return &currencies[i];
        }
    }
    return NULL;
}

/* Cents that are written as such; -1: none. */
static int cents_of(const struct currency *c, const struct numeral *n)
{
    if (!c->cent || !n->fraction || n->end - n->fraction != 2 || n->whole < 0)
        return -1;
    return (n->fraction[0] - '0') * 10 + n->fraction[1] - '0';
}

static void say_cents(struct reading *r, const struct currency *c, int cents, bool single)
{
    echo_say_number(r, cents, NUMBER_CARDINAL);
    echo_say(r, cents == 1 || single ? c->cent : c->cents);
}

/* $1.50 is one dollar and fifty cents, $1.5 is one point five dollars. */
static void say_exact(struct reading *r, const struct currency *c, const struct numeral *n,
                      bool single)
{
    int cents = cents_of(c, n);

    if (cents < 0) {
        echo_say_numeral(r, n);
        echo_say(r, echo_is_one(n) || single ? c->one : c->many);
        return;
    }
    if (n->whole || !cents) {
        echo_say_number(r, n->whole, NUMBER_CARDINAL);
        echo_say(r, n->whole == 1 || single ? c->one : c->many);
        if (cents)
            echo_say(r, "and");
    }
    if (cents)
        say_cents(r, c, cents, single);
}

/* The other end of $10-20, $10-$20. */
static bool range_to(const struct reading *r, const char *at, struct numeral *to)
{
    size_t n = echo_dash(at);
    const char *next = at + n, *end;

    if (!n)
        return false;
    if (currency_at(next, &end))
        next = end;
    return echo_numeral(to, r->speller, next);
}

/* r->at is where all of it begins; `end` is behind the number. */
static bool say_money(struct reading *r, const struct currency *c, const struct numeral *n)
{
    struct numeral to;
    const char *scale, *end = n->end, *more;
    bool single = echo_is(echo_word_before(r, r->at), "a an");

    if ((more = echo_scale(end, &scale))) {
        echo_say_numeral(r, n);
        echo_say(r, scale);
        echo_say(r, single ? c->one : c->many);
        end = more;
    } else if (range_to(r, end, &to)) {
        echo_say_numeral(r, n);
        echo_say(r, "to");
        r->at = end = to.end;
        if ((more = echo_scale(end, &scale))) {
            echo_say_numeral(r, &to);
            echo_say(r, scale);
            echo_say(r, c->many);
            end = more;
        } else {
            say_exact(r, c, &to, false);
        }
    } else {
        say_exact(r, c, n, single);
    }
    r->at = *end == '/' ? echo_say_unit(r, end, true) : end;
    return true;
}

/* $5, €5, USD 5 */
bool echo_read_money(struct reading *r)
{
    struct numeral n;
    const char *end;
    const struct currency *c = echo_apart(r) ? currency_at(r->at, &end) : NULL;

    if (!c)
        return false;
    end = echo_past_blank(end);
    if (*end == '.' && echo_digit(end[1])) { /* $.99 */
        n = (struct numeral){ .at = end, .fraction = end + 1 };
        n.end = end + 1 + strspn(end + 1, "0123456789");
        return say_money(r, c, &n);
    }
    return echo_numeral(&n, r->speller, end) && say_money(r, c, &n);
}

/* 5€, 5 EUR, 5 million € */
bool echo_read_money_code(struct reading *r)
{
    struct numeral n;
    const char *end, *scale, *sign;
    const struct currency *c;

    if (!echo_apart(r) || !echo_numeral(&n, r->speller, r->at))
        return false;
    end = echo_scale(n.end, &scale);
    sign = echo_past_blank(end ? end : n.end);
    if (!(c = currency_at(sign, &sign)) || echo_digit(*sign) ||
        (sign[-1] == '$' && sign[-2] == ' '))
        return false;
    if (end) {
        echo_say_numeral(r, &n);
        echo_say(r, scale);
        return echo_read_as(r, sign, c->many);
    }
    say_exact(r, c, &n, echo_is(echo_word_before(r, r->at), "a an"));
    r->at = *sign == '/' ? echo_say_unit(r, sign, true) : sign;
    return true;
}

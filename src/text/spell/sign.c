/* SPDX-License-Identifier: MIT */
/* sign.c - signs that have names, marks that are repeated, faces. */
#include <string.h>

#include "text/spell/parts.h"

enum sign_where {
    SIGN_ANYWHERE,
    SIGN_BEFORE_DIGIT,
    SIGN_OF_SUM, /* with a blank on both sides or on neither, something before and behind */
};

static const struct {
    const char *sign, *said;
    enum sign_where where;
} signs[] = {
    { "&&", "and", SIGN_ANYWHERE },
    { "&", "and", SIGN_ANYWHERE },
    { "§§", "sections", SIGN_ANYWHERE },
    { "§", "section", SIGN_ANYWHERE },
    { "©", "copyright", SIGN_ANYWHERE },
    { "®", NULL, SIGN_ANYWHERE },
    { "™", NULL, SIGN_ANYWHERE },
    { "≈", "approximately", SIGN_ANYWHERE },
    { "≠", "is not equal to", SIGN_ANYWHERE },
    { "≤", "less than or equal to", SIGN_ANYWHERE },
    { "≥", "greater than or equal to", SIGN_ANYWHERE },
    { "<=", "less than or equal to", SIGN_OF_SUM },
    { ">=", "greater than or equal to", SIGN_OF_SUM },
    { "!=", "is not equal to", SIGN_OF_SUM },
    { "=>", "to", SIGN_OF_SUM },
    { "->", "to", SIGN_OF_SUM },
    { "==", "equals", SIGN_OF_SUM },
    { "±", "plus or minus", SIGN_ANYWHERE },
    { "+/-", "plus or minus", SIGN_ANYWHERE },
    { "×", "times", SIGN_ANYWHERE },
    { "⋅", "times", SIGN_ANYWHERE },
    { "÷", "divided by", SIGN_ANYWHERE },
    { "√", "the square root of", SIGN_ANYWHERE },
    { "π", "pi", SIGN_ANYWHERE },
    { "∞", "infinity", SIGN_ANYWHERE },
    { "→", "to", SIGN_OF_SUM },
    { "↔", "to and from", SIGN_OF_SUM },
    { "→", NULL, SIGN_ANYWHERE },
    { "←", NULL, SIGN_ANYWHERE },
    { "↑", "up", SIGN_ANYWHERE },
    { "↓", "down", SIGN_ANYWHERE },
    { "~", "about", SIGN_BEFORE_DIGIT },
    { "+", "plus", SIGN_OF_SUM },
    { "+", "plus", SIGN_BEFORE_DIGIT },
    { "=", "equals", SIGN_OF_SUM },
    { "<", "less than", SIGN_OF_SUM },
    { ">", "greater than", SIGN_OF_SUM },
    { "<", "less than", SIGN_BEFORE_DIGIT },
    { ">", "more than", SIGN_BEFORE_DIGIT },
    { "@", "at", SIGN_OF_SUM },
    { "@", "at", SIGN_BEFORE_DIGIT },
    { "№", "number", SIGN_ANYWHERE },
    { "%", "percent", SIGN_ANYWHERE },
    { "°", "degrees", SIGN_ANYWHERE },
    { "•", NULL, SIGN_ANYWHERE },
};

static bool stands(const struct reading *r, size_t n, enum sign_where where)
{
    const char *end = r->at + n;
    bool blank = r->at > r->text && r->at[-1] == ' ';

    if (where == SIGN_BEFORE_DIGIT)
        return echo_digit(*end) || (*end == ' ' && echo_digit(end[1]) && *r->at != '+') ||
               *end == '$';
    if (where == SIGN_OF_SUM)
        return r->at > r->text && blank == (*end == ' ') && *end && end[*end == ' '] &&
               (blank || (echo_letter_at(end) || strchr("(-", *end)));
    return true;
}

/* x², 10^6, 10⁻³ */
static const char *const raised[] = { "⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹" };

static const char *raised_number(const char *at, int *value, bool *negative)
{
    const char *c = at;
    bool more = true;

    *value = 0;
    if ((*negative = echo_starts(c, "⁻")))
        c += strlen("⁻");
    at = c;
    while (more && *value < 100000) {
        more = false;
        for (int i = 0; i < 10 && !more; i++) {
            size_t n = echo_starts(c, raised[i]);

            if ((more = n))
                *value = *value * 10 + i;
            c += n;
        }
    }
    return c == at ? NULL : c;
}

static const char *power_at(const char *at, int *value, bool *negative)
{
    int v[1];
    const char *end;

    if (*at != '^')
        return raised_number(at, value, negative);
    *negative = at[1] == '-';
    end = echo_shape(at + 1 + *negative, "%n", v);
    *value = end ? v[0] : 0;
    return end;
}

/* H₂O */
static bool read_lowered(struct reading *r)
{
    static const char *const lowered[] = { "₀", "₁", "₂", "₃", "₄", "₅", "₆", "₇", "₈", "₉" };

    for (int i = 0; (*r->at & 0x80) && i < 10; i++) {
        size_t n = echo_starts(r->at, lowered[i]);

        if (!n)
            continue;
        echo_say_number(r, i, NUMBER_CARDINAL);
        r->at += n;
        return true;
    }
    return false;
}

static bool read_power(struct reading *r)
{
    int value;
    bool negative;
    const char *end;

    if (r->at == r->text || (!echo_letter_before(r, r->at) && r->at[-1] != ')') ||
        !(end = power_at(r->at, &value, &negative)))
        return false;
    if (!negative && (value == 2 || value == 3))
        return echo_read_as(r, end, value == 2 ? "squared" : "cubed");
    echo_say(r, "to the power of");
    if (negative)
        echo_say(r, "minus");
    echo_say_number(r, value, NUMBER_CARDINAL);
    r->at = end;
    return true;
}

/* "5 - 3 =" subtracts, "5 * 3" multiplies. */
static bool read_sum(struct reading *r)
{
    size_t n = echo_one_of(r->at, "- − – * x X /");
    struct numeral next;
    const char *before = r->at;

    if (before > r->text && before[-1] == ' ')
        before--;
    if (!n || before == r->text || !(echo_digit(before[-1]) || before[-1] == ')') ||
        !echo_numeral(&next, r->speller, echo_past_blank(r->at + n)))
        return false;
    if ((before != r->at) != (r->at[n] == ' '))
        return false;
    if (*r->at == '*' || *r->at == 'x' || *r->at == 'X')
        return echo_read_as(r, r->at + n, "times");
    if (*r->at == '/')
        return before != r->at && echo_read_as(r, r->at + n, "divided by");
    return *echo_past_blank(next.end) == '=' && echo_read_as(r, r->at + n, "minus");
}

/* C++, C# */
static bool read_language(struct reading *r)
{
    if (!echo_letter_before(r, r->at))
        return false;
    if (echo_starts(r->at, "++") && !echo_letter_at(r->at + 2)) {
        echo_say(r, "plus");
        return echo_read_as(r, r->at + 2, "plus");
    }
    if (*r->at == '#' && !echo_letter_at(r->at + 1) && r->at[-1] <= 'Z' && r->at[-1] >= 'A')
        return echo_read_as(r, r->at + 1, "sharp");
    if (*r->at == '+' && !echo_letter_at(r->at + 1) && r->at[1] != '+')
        return echo_read_as(r, r->at + 1, "plus");
    return false;
}

bool echo_read_sign(struct reading *r)
{
    if (read_power(r) || read_lowered(r) || read_sum(r) || read_language(r))
        return true;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        size_t n = echo_starts(r->at, signs[i].sign);

        if (!n || !stands(r, n, signs[i].where))
            continue;
        if (!signs[i].said)
            return echo_leave_out(r, r->at + n);
        return echo_read_as(r, r->at + n, signs[i].said);
    }
    return false;
}

static size_t run_of(const char *at, const char *marks)
{
    return strspn(at, marks);
}

static bool put_mark(struct reading *r, size_t n, const char *mark)
{
    echo_put(r, mark, strlen(mark));
    r->at += n;
    return true;
}

/* Between words a long dash is a breath. */
static bool read_dashes(struct reading *r, size_t n)
{
    char last = echo_last(r);
    const char *end = r->at + n;

    if (last == ' ' && r->out->length - r->begin >= 2)
        last = r->out->bytes[r->out->length - 2];
    if (n == 2 && r->at > r->text && r->at[-1] == ' ' && echo_ascii_letter(*end)) /* --help */
        return echo_leave_out(r, end);
    if (!last || strchr(" .,;:!?([-", last) || !*end || !*echo_past_blank(end) ||
        strchr(".,;:!?)", *end))
        return echo_leave_out(r, end);
    r->dropped = true;
    echo_put(r, ",", 1);
    r->spoken = true; /* a blank follows */
    r->at = end;
    if (*end != ' ')
        echo_put(r, " ", 1);
    return true;
}

/* Lines, rules, stars: nobody says them. */
static bool read_rule(struct reading *r)
{
    static const char rules[] = "_=*~#+|";
    const char *rule = strchr(rules, *r->at);
    char marks[2] = { *r->at, 0 };
    size_t n = *r->at && rule ? run_of(r->at, marks) : 0;

    if (n >= 3)
        return echo_leave_out(r, r->at + n);
    if (n && *r->at == '_')
        return echo_letter_before(r, r->at) && echo_letter_at(r->at + n)
                   ? echo_put(r, " ", 1), r->at += n, true
                   : echo_leave_out(r, r->at + n);
    return false;
}

bool echo_read_marks(struct reading *r)
{
    size_t n = run_of(r->at, "!?");

    if (n > 1) {
        bool asks = memchr(r->at, '?', n), calls = memchr(r->at, '!', n);

        return put_mark(r, n, asks && calls ? "?!" : asks ? "?" : "!");
    }
    if ((n = run_of(r->at, ".")) > 3)
        return put_mark(r, n, "...");
    if ((n = run_of(r->at, ",")) > 1)
        return put_mark(r, n, ",");
    if ((n = run_of(r->at, ";")) > 1)
        return put_mark(r, n, ";");
    if ((n = run_of(r->at, "-")) > 1)
        return (n > 2 || !(echo_digit(r->at[n]) || r->at[n] == '>')) && read_dashes(r, n);
    return read_rule(r);
}

/* Alone between blanks, or at the end. */
bool echo_read_face(struct reading *r)
{
    static const char *const faces[] = {
        ":)",  ":-)",  ":(",  ":-(", ";)",  ";-)", ":D",  ":-D", ":P",  ":-P", ":p",
        ":'(", ":/",   ":-/", ":|",  ":-|", ":O",  ":o",  "=)",  "=(",  "=D",  "<3",
        "^_^", "^^",   "-_-", "xD",  "XD",  ":3",  ":*",  ":]",  ":[",  "8)",  "8-)",
        ":))", ":)))", ":((", "</3", ">:(", "D:",  "T_T", "o_O", "O_o", ";P",
    };
    size_t n;

    if (r->at > r->text && r->at[-1] != ' ' && r->at[-1] != '(')
        return false;
    for (size_t i = 0; i < sizeof faces / sizeof *faces; i++)
        if ((n = echo_starts(r->at, faces[i])) &&
            (!r->at[n] || r->at[n] == ' ' || (strchr(".,!?", r->at[n]) && !r->at[n + 1])))
            return echo_leave_out(r, r->at + n);
    return false;
}

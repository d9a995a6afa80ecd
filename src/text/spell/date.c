/* SPDX-License-Identifier: MIT */
/* date.c - days, months and years. */
#include <string.h>

#include "text/spell/parts.h"

static const struct {
    const char *name, *shorts; /* short forms, parted by blanks */
} months[] = {
    { "January", "jan" },   { "February", "feb" }, { "March", "mar" },
    { "April", "apr" },     { "May", "may" },      { "June", "jun" },
    { "July", "jul" },      { "August", "aug" },   { "September", "sep sept" },
    { "October", "oct" },   { "November", "nov" }, { "December", "dec" },
};

bool echo_date_good(struct date d)
{
    static const int days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    return d.month >= 1 && d.month <= 12 && d.day >= 0 && d.day <= days[d.month - 1];
}

static void say_year(struct reading *r, int year)
{
    echo_say_number(r, year, year >= 1000 && year < 2100 ? NUMBER_YEAR : NUMBER_CARDINAL);
}

static void say_day_of(struct reading *r, struct date d)
{
    if (!echo_is(echo_word_before(r, r->at), "the"))
        echo_say(r, "the");
    echo_say_number(r, d.day, NUMBER_ORDINAL);
    echo_say(r, "of");
    echo_say(r, months[d.month - 1].name);
}

void echo_say_date(struct reading *r, struct date d, bool day_first)
{
    if (d.day && day_first) {
        say_day_of(r, d);
    } else {
        echo_say(r, months[d.month - 1].name);
        if (d.day)
            echo_say_number(r, d.day, NUMBER_ORDINAL);
        if (d.day && d.year)
            echo_put(r, ",", 1);
    }
    if (d.year)
        say_year(r, d.year);
}

/* Years of two digits belong to 1950 to 2049. */
static int whole_year(int year)
{
    return year >= 100 ? year : year < 50 ? 2000 + year : 1900 + year;
}

/* Where year, month and day stand in a shape. */
static const struct {
    const char *shape;
    int year, month, day;
    bool local; /* month first in America, day first elsewhere */
} shapes[] = {
    { "%4-%2-%2", 0, 1, 2, false }, { "%4/%1/%1", 0, 1, 2, false },
    { "%4.%2.%2", 0, 1, 2, false }, { "%1.%1.%4", 2, 1, 0, false },
    { "%1/%1/%4", 2, 0, 1, true },  { "%1/%1/%2", 2, 0, 1, true },
    { "%1-%1-%4", 2, 0, 1, true },
};

static bool fits(struct reading *r, size_t shape, const int *v, struct date *d)
{
    d->year = whole_year(v[shapes[shape].year]);
    d->month = v[shapes[shape].month];
    d->day = v[shapes[shape].day];
    if ((r->speller->british && shapes[shape].local) || d->month > 12) {
        int month = d->day;

        d->day = d->month;
        d->month = month;
    }
    return echo_date_good(*d) && d->day;
}

/* "on 3/4" is a date, and so is 12/25, which is no fraction that people use. */
static bool read_month_day(struct reading *r)
{
    int v[2];
    const char *end = echo_shape(r->at, "%1/%1", v);
    bool on = echo_is(echo_word_before(r, r->at), "on by until since till dated before after");
    struct date d = { .month = v[0], .day = v[1] };

    if (!end || *end == '/' || echo_letter_at(end) || (*end == '.' && echo_digit(end[1])))
        return false;
    if (r->speller->british)
        d = (struct date){ .month = v[1], .day = v[0] };
    if (!echo_date_good(d) || !d.day || (!on && (v[1] <= 12 || v[1] == 16 || v[1] == 20)))
        return false;
    echo_say_date(r, d, r->speller->british);
    r->at = end;
    return true;
}

bool echo_read_date(struct reading *r)
{
    int v[3];
    struct date d;

    if (!echo_apart(r))
        return false;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const char *end = echo_shape(r->at, shapes[i].shape, v);

        if (!end || !fits(r, i, v, &d) || (*end == shapes[i].shape[2] && echo_digit(end[1])))
            continue;
        if (echo_letter_at(end) && !(*end == 'T' && echo_digit(end[1])))
            continue;
        echo_say_date(r, d, r->speller->british || shapes[i].day == 0);
        r->at = end;
        if (*end == 'T') { /* a time follows */
            r->at++;
            echo_put(r, ",", 1);
            echo_say_time(r);
        }
        return true;
    }
    return !echo_is(echo_word_before(r, r->at), "about exactly only nearly") &&
           read_month_day(r);
}

/* The month whose name, short or with its mark, stands here; its end. */
static const char *month_at(const char *at, int *month)
{
    size_t n = 0;

    while (echo_ascii_letter(at[n]) && n < 10)
        n++;
    if (*at < 'A' || *at > 'Z')
        return NULL;
    for (int i = 0; i < 12; i++) {
        bool whole = echo_is((struct span){ at, n }, months[i].name);

        if (!whole && at[1] >= 'A' && at[1] <= 'Z') /* APR is something else */
            continue;
        if (!whole && !echo_is((struct span){ at, n }, months[i].shorts))
            continue;
        *month = i + 1;
        return at + n + (!whole && at[n] == '.');
    }
    return NULL;
}

static const char *day_end(const char *at, int *day)
{
    const char *end = echo_shape(at, "%1", day);
    static const char *const ends[] = { "st", "nd", "rd", "th" };

    if (!end || *day < 1 || *day > 31)
        return NULL;
    for (int i = 0; i < 4; i++)
        if (echo_starts_lower(end, ends[i]) && !echo_letter_at(end + 2))
            return end + 2;
    return echo_letter_at(end) || echo_one_of(end, ": / % °") ||
                   (echo_one_of(end, ". ,") && echo_digit(end[1]))
               ? NULL
               : end;
}

static const char *year_behind(const char *at, int *year)
{
    const char *c = at + (*at == ',');
    const char *end = *c == ' ' ? echo_shape(c + 1, "%4", year) : NULL;

    return !end || echo_letter_at(end) || *year < 1000 || *year > 2199 ? NULL : end;
}

/* Jan. 2-5 */
static const char *say_day_range(struct reading *r, const char *at)
{
    size_t n = echo_dash(at);
    int day;
    const char *end = n ? day_end(at + n, &day) : NULL;

    if (!end || echo_dash(end))
        return at;
    echo_say(r, "to");
    echo_say_number(r, day, NUMBER_ORDINAL);
    return end;
}

/* January 2nd, 2024; Jan. 2; Jan 2024; Jan. */
bool echo_read_month(struct reading *r)
{
    int month, year;
    struct date d = { 0 };
    const char *end = echo_apart(r) ? month_at(r->at, &month) : NULL, *more;

    if (!end || echo_letter_at(end))
        return false;
    d.month = month;
    if (*end == ' ' && (more = day_end(end + 1, &d.day))) {
        bool many = echo_is(echo_word_behind(more), "people men women percent times");

        if (many)
            return false;
        echo_say_date(r, d, false);
        end = say_day_range(r, more);
        if ((more = year_behind(end, &year))) {
            echo_put(r, ",", 1);
            say_year(r, year);
            end = more;
        }
        r->at = end;
        return true;
    }
    if (end[-1] != '.' && !echo_is((struct span){ r->at, (size_t)(end - r->at) },
                                   months[month - 1].name) &&
        !year_behind(end, &year))
        return false;
    return echo_read_as(r, end, months[month - 1].name);
}

/* 2 January 2024, 2nd Jan. */
static bool read_day_month(struct reading *r)
{
    struct date d = { 0 };
    const char *end = day_end(r->at, &d.day), *more;
    bool ordinal = end && !echo_digit(end[-1]);

    if (!end || *end != ' ' || !(end = month_at(end + 1, &d.month)) || echo_letter_at(end))
        return false;
    if ((more = year_behind(end, &d.year)))
        end = more;
    else
        d.year = 0;
    if (ordinal) {
        echo_say_number(r, d.day, NUMBER_ORDINAL);
        d.day = 0;
        echo_say_date(r, d, false);
    } else {
        echo_say_date(r, d, true);
    }
    r->at = end;
    return true;
}

/* 1990s, 1990's, '90s, 90s */
bool echo_read_decade(struct reading *r)
{
    const char *at = r->at + (*r->at == '\''), *end;
    int v[1];
    bool year;

    if (!echo_apart(r))
        return false;
    if (*r->at != '\'' && read_day_month(r))
        return true;
    year = (end = echo_shape(at, "%4", v));
    if (!year)
        end = echo_shape(at, "%2", v);
    if (!end || v[0] % 10 || (year ? v[0] < 1000 : v[0] < 20) || (year && at != r->at))
        return false;
    if (*end == '\'' && (!year || v[0] < 2010))
        end++;
    if (*end != 's' || echo_letter_at(end + 1))
        return false;
    echo_say_number(r, v[0], NUMBER_YEAR);
    if (echo_last(r) == 'y') {
        echo_buffer_cut(r->out, r->out->length - 1);
        echo_buffer_string(r->out, "ies");
    } else {
        echo_buffer_string(r->out, "s");
    }
    r->at = end + 1;
    return true;
}

/* Something counted follows: people, other plurals, units. */
static bool counts(const char *at)
{
    struct span next = echo_word_behind(at);
    const struct unit *unit;

    if (*at == '-')
        return false;
    if (echo_unit(at, &unit))
        return true;
    if (*at != ' ' || next.n < 4 || echo_capital(next))
        return echo_is(next, "men");
    if (echo_is(next, "people women children dollars degrees feet percent million thousand"))
        return true;
    return next.at[next.n - 1] == 's' && next.at[next.n - 2] != 's' &&
           next.at[next.n - 2] != '\'' && !echo_is(next, "this does goes says always");
}

bool echo_year_like(const struct reading *r, const struct numeral *n)
{
    struct span before = echo_word_before(r, n->at);
    bool dated = echo_is(before, "in since until till by during before after year circa early "
                                 "late mid from january february march april may june july "
                                 "august september october november december spring summer "
                                 "autumn fall winter");

    if (n->digits != 4 || n->grouped || n->fraction || n->whole < 1000)
        return false;
    if (n->whole < 1100 || n->whole >= 2100)
        return dated && n->whole < 2200 && !counts(n->end);
    if (echo_is(before, "about almost nearly over under than only exactly"))
        return !counts(n->end) && n->whole % 100;
    return !counts(n->end);
}

/* SPDX-License-Identifier: MIT */
/* time.c - times of day, how long something takes, and scores. */
#include <string.h>

#include "text/spell/parts.h"

struct moment {
    int hour, minute, second; /* -1: not written */
};

/* "PM", "a.m." behind a time; NULL: none.  *mark: its last mark may end a sentence. */
static const char *half_of_day(const char *at, bool *pm, bool *mark)
{
    static const char *const signs[] = { "a.m.", "p.m.", "a.m", "p.m", "am", "pm" };
    const char *sign = echo_past_blank(at);

    for (int i = 0; i < 6; i++) {
        size_t n = echo_starts_lower(sign, signs[i]);

        if (n && !echo_letter_at(sign + n)) {
            *pm = i % 2;
            *mark = i < 2;
            return sign + n;
        }
    }
    return NULL;
}

static void say_minutes(struct reading *r, struct moment m, bool half)
{
    bool far = m.hour > 12 || m.hour == 0;

    if (m.minute > 0)
        echo_say_pair(r, m.minute);
    else if (!half && m.minute == 0 && far)
        echo_say(r, "hundred");
    else if (!half && m.minute == 0)
        echo_say(r, "o'clock");
}

static void say_moment(struct reading *r, struct moment m, bool half)
{
    if (m.hour == 0 && m.minute == 0 && m.second <= 0 && !half) {
        echo_say(r, "midnight");
        return;
    }
    echo_say_number(r, m.hour, NUMBER_CARDINAL);
    say_minutes(r, m, half || m.second > 0);
    if (m.second > 0) {
        echo_say(r, "and");
        echo_say_number(r, m.second, NUMBER_CARDINAL);
        echo_say(r, m.second == 1 ? "second" : "seconds");
    }
}

static void say_part(struct reading *r, int n, const char *one, const char *many)
{
    echo_say_number(r, n, NUMBER_CARDINAL);
    echo_say(r, n == 1 ? one : many);
}

/* 1:02:03 with one digit first took so long. */
static void say_duration(struct reading *r, struct moment m)
{
    say_part(r, m.hour, "hour", "hours");
    if (m.minute)
        say_part(r, m.minute, "minute", "minutes");
    if (m.second) {
        echo_say(r, "and");
        say_part(r, m.second, "second", "seconds");
    }
}

static bool moment_good(struct moment m)
{
    return m.hour <= 24 && m.minute < 60 && m.second < 60;
}

static const struct {
    const char *shape;
    bool half; /* only before "am" or "pm" */
} shapes[] = {
    { "%1:%2:%2", false }, { "%1:%2", false }, { "%1h%2", false },
    { "%1.%2", true },     { "%1", true },
};

/* A time here, and where it ends. */
static const char *moment_at(const char *at, struct moment *m, bool *half)
{
    bool pm, mark;

    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        int v[3] = { 0, -1, -1 };
        const char *end = echo_shape(at, shapes[i].shape, v), *behind;

        *m = (struct moment){ v[0], v[1], v[2] };
        if (!end || !moment_good(*m))
            continue;
        behind = half_of_day(end, &pm, &mark);
        *half = behind && m->hour <= 12;
        if (shapes[i].half && !*half)
            continue;
        if (!*half &&
            ((echo_letter_at(end) && *end != 'Z') || (*end == ':' && echo_digit(end[1])) ||
             (echo_one_of(end, ". ,") && echo_digit(end[1]))))
            continue;
        return end;
    }
    return NULL;
}

static void say_half(struct reading *r)
{
    bool pm = false, mark = false;
    const char *end = half_of_day(r->at, &pm, &mark);

    if (!end)
        return;
    echo_read_as(r, end, pm ? "P M" : "A M");
    if (mark)
        echo_sentence_end(r);
}

/* 9-5 pm, 7:30–8:15 */
static bool read_until(struct reading *r)
{
    const char *dash = echo_past_blank(r->at);
    size_t n = echo_dash(dash);
    const char *at = n ? echo_past_blank(dash + n) : NULL, *end;
    struct moment m;
    bool half;

    if (!n || (dash != r->at && dash[n] != ' ') || !(end = moment_at(at, &m, &half)))
        return false;
    echo_say(r, "to");
    say_moment(r, m, half);
    r->at = end;
    if (half)
        say_half(r);
    return true;
}

/* The first of "9-5 pm" is told by the second. */
static const char *hour_before_range(const char *at, struct moment *m)
{
    int v[1];
    const char *end = echo_shape(at, "%1", v);
    size_t n = end ? echo_dash(end) : 0;
    struct moment to;
    bool half;

    *m = (struct moment){ end ? v[0] : 0, -1, -1 };
    if (!n || m->hour > 12 || !moment_at(end + n, &to, &half))
        return NULL;
    return end;
}

/* 2h 30m, 5m 30s */
static bool read_parts(struct reading *r)
{
    static const struct {
        const char *shape, *names[4];
    } parts[] = {
        { "%1h %1m", { "hour", "hours", "minute", "minutes" } },
        { "%1h%1m", { "hour", "hours", "minute", "minutes" } },
        { "%1h %1min", { "hour", "hours", "minute", "minutes" } },
        { "%1m %1s", { "minute", "minutes", "second", "seconds" } },
        { "%1m%1s", { "minute", "minutes", "second", "seconds" } },
    };

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        int v[2];
        const char *end = echo_shape(r->at, parts[i].shape, v);

        if (!end || echo_letter_at(end))
            continue;
        say_part(r, v[0], parts[i].names[0], parts[i].names[1]);
        say_part(r, v[1], parts[i].names[2], parts[i].names[3]);
        r->at = end;
        return true;
    }
    return false;
}

/* Matt. 5:3-12 */
static bool read_verse(struct reading *r)
{
    int v[3];
    const char *end = echo_shape(r->at, "%3:%3", v);
    size_t n;

    for (int i = 0; !end && i < 4; i++)
        end = echo_shape(r->at, ((const char *[]){ "%1:%1", "%3:%1", "%1:%3", "%2:%3" })[i], v);
    if (!end ||
        !echo_is(echo_word_before(r, r->at),
                 "gen genesis exod exodus lev deut matt matthew mark luke john acts rom "
                 "romans cor corinthians psalm psalms proverbs isaiah revelation verse"))
        return false;
    echo_say_number(r, v[0], NUMBER_CARDINAL);
    echo_say_number(r, v[1], NUMBER_CARDINAL);
    r->at = end;
    n = echo_dash(end);
    return !n || !echo_digit(end[n]) || echo_read_as(r, end + n, "to");
}

/* 3:2, 16:9, 2:30:15:20: nobody may see the marks between. */
static bool read_ratio(struct reading *r)
{
    struct numeral n;
    const char *at = r->at, *end;
    int v[2];

    if ((end = echo_shape(at, "%2:%2", v)) && *end != ':' && v[1] < 60) { /* 41:02 on a clock */
        echo_say_number(r, v[0], NUMBER_CARDINAL);
        echo_say_pair(r, v[1]);
        r->at = end;
        return true;
    }
    if (!echo_numeral(&n, r->speller, at) || *n.end != ':' || !echo_digit(n.end[1]))
        return false;
    echo_say_numeral(r, &n);
    while (*n.end == ':' && echo_digit(n.end[1])) {
        echo_numeral(&n, r->speller, n.end + 1);
        echo_say(r, "to");
        echo_say_numeral(r, &n);
    }
    r->at = n.end;
    return true;
}

bool echo_say_time(struct reading *r)
{
    struct moment m;
    bool half = false;
    const char *end;

    if (read_verse(r) || read_parts(r))
        return true;
    end = moment_at(r->at, &m, &half);
    if (!end && !(end = hour_before_range(r->at, &m)))
        return read_ratio(r);
    if (m.second >= 0 && end - r->at == 7 && !half)
        say_duration(r, m);
    else
        say_moment(r, m, half || m.minute < 0);
    r->at = end;
    if (half)
        say_half(r);
    if (*r->at == 'Z' && !echo_letter_at(r->at + 1))
        return echo_read_as(r, r->at + 1, "U T C");
    read_until(r);
    return true;
}

bool echo_read_time(struct reading *r)
{
    return echo_apart(r) && echo_say_time(r);
}

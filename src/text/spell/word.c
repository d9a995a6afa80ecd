/* SPDX-License-Identifier: MIT */
/* word.c - abbreviations and initials. */
#include <string.h>

#include "text/spell/parts.h"

enum {
    BEFORE_NAME = 1,  /* only before a capital letter */
    BEFORE_DIGIT = 2, /* only before a number */
    MAY_END = 4,      /* its mark ends the sentence, too, where one ends */
    ANY_CASE = 8,
    AFTER_NAME = 16, /* only behind a capital letter */
};

static const struct {
    const char *written, *said;
    int how;
} abbreviations[] = {
    { "Mr.", "Mister", 0 },
    { "Mr", "Mister", BEFORE_NAME },
    { "Mrs.", "Missus", 0 },
    { "Mrs", "Missus", BEFORE_NAME },
    { "Ms.", "Miz", 0 },
    { "Ms", "Miz", BEFORE_NAME },
    { "Messrs.", "Messieurs", 0 },
    { "Dr", "Doctor", BEFORE_NAME },
    { "Profs.", "Professors", 0 },
    { "Prof.", "Professor", 0 },
    { "Prof", "Professor", BEFORE_NAME },
    { "Rev.", "Reverend", BEFORE_NAME },
    { "Fr.", "Father", BEFORE_NAME },
    { "Hon.", "Honorable", BEFORE_NAME },
    { "Gen.", "General", BEFORE_NAME },
    { "Gov.", "Governor", BEFORE_NAME },
    { "Sen.", "Senator", BEFORE_NAME },
    { "Rep.", "Representative", BEFORE_NAME },
    { "Pres.", "President", BEFORE_NAME },
    { "Capt.", "Captain", BEFORE_NAME },
    { "Col.", "Colonel", BEFORE_NAME },
    { "Lt.", "Lieutenant", BEFORE_NAME },
    { "Maj.", "Major", BEFORE_NAME },
    { "Sgt.", "Sergeant", BEFORE_NAME },
    { "Cpl.", "Corporal", BEFORE_NAME },
    { "Mt.", "Mount", BEFORE_NAME },
    { "Ft.", "Fort", BEFORE_NAME },
    { "e.g.,", "for example,", ANY_CASE },
    { "e.g.", "for example", ANY_CASE },
    { "eg.", "for example", 0 },
    { "i.e.,", "that is,", ANY_CASE },
    { "i.e.", "that is", ANY_CASE },
    { "etc.", "et cetera", MAY_END },
    { "etc", "et cetera", 0 },
    { "et al.", "et al", MAY_END },
    { "vs.", "versus", ANY_CASE },
    { "vs", "versus", 0 },
    { "cf.", "compare", ANY_CASE },
    { "viz.", "namely", 0 },
    { "approx.", "approximately", ANY_CASE },
    { "ca.", "circa", 0 },
    { "c.", "circa", BEFORE_DIGIT },
    { "incl.", "including", 0 },
    { "excl.", "excluding", 0 },
    { "est.", "established", BEFORE_DIGIT },
    { "dept.", "department", ANY_CASE },
    { "max.", "maximum", 0 },
    { "misc.", "miscellaneous", 0 },
    { "w/o", "without", 0 },
    { "w/", "with", 0 },
    { "a.k.a.", "A K A", 0 },
    { "No.", "number", BEFORE_DIGIT },
    { "no.", "number", BEFORE_DIGIT },
    { "Nos.", "numbers", BEFORE_DIGIT },
    { "nos.", "numbers", BEFORE_DIGIT },
    { "Nr.", "number", BEFORE_DIGIT },
    { "№", "number", 0 },
    { "Vol.", "volume", ANY_CASE | BEFORE_DIGIT },
    { "pp.", "pages", BEFORE_DIGIT },
    { "p.", "page", BEFORE_DIGIT },
    { "pg.", "page", BEFORE_DIGIT },
    { "Figs.", "figures", ANY_CASE | BEFORE_DIGIT },
    { "Fig.", "figure", ANY_CASE | BEFORE_DIGIT },
    { "Ch.", "chapter", ANY_CASE | BEFORE_DIGIT },
    { "Sec.", "section", ANY_CASE | BEFORE_DIGIT },
    { "Eq.", "equation", ANY_CASE | BEFORE_DIGIT },
    { "Tab.", "table", BEFORE_DIGIT },
    { "Art.", "article", BEFORE_DIGIT },
    { "Apt.", "apartment", ANY_CASE | BEFORE_DIGIT },
    { "Ext.", "extension", ANY_CASE | BEFORE_DIGIT },
    { "Inc.", "Incorporated", MAY_END },
    { "Ltd.", "Limited", MAY_END },
    { "Ltd", "Limited", 0 },
    { "Corp.", "Corporation", MAY_END },
    { "Co.", "Company", MAY_END | AFTER_NAME },
    { "Bros.", "Brothers", MAY_END },
    { "Jr.", "Junior", MAY_END },
    { "Jr", "Junior", 0 },
    { "Sr.", "Senior", MAY_END },
    { "Ave.", "Avenue", MAY_END },
    { "Blvd.", "Boulevard", MAY_END },
    { "Rd.", "Road", MAY_END | AFTER_NAME },
    { "Hwy.", "Highway", 0 },
    { "Ph.D.", "P H D", MAY_END },
    { "PhD", "P H D", 0 },
    { "a.m.", "A M", ANY_CASE | MAY_END },
    { "p.m.", "P M", ANY_CASE | MAY_END },
    { "Mon.", "Monday", BEFORE_DIGIT },
    { "Tue.", "Tuesday", 0 },
    { "Tues.", "Tuesday", 0 },
    { "Wed.", "Wednesday", 0 },
    { "Thu.", "Thursday", 0 },
    { "Thur.", "Thursday", 0 },
    { "Thurs.", "Thursday", 0 },
    { "Fri.", "Friday", 0 },
};

/* Words that begin sentences, so what stands before them did end one. */
static const char beginnings[] =
    "the a an he she it they we you i this that these those there then when if but and so "
    "in on at my his her our their its what why how who where after before no yes not is "
    "are was";

static bool allowed(const struct reading *r, const char *end, int how)
{
    struct span next = echo_word_behind(end), before = echo_word_before(r, r->at);

    if ((how & BEFORE_NAME) && (*end != ' ' || !echo_capital(next)))
        return false;
    if ((how & BEFORE_DIGIT) && !echo_digit(*echo_past_blank(end)))
        return false;
    return !(how & AFTER_NAME) || echo_capital(before);
}

/* A capital that is written stays: E.g. is For example. */
static void say_cased(struct reading *r, const char *said, bool capital)
{
    char first = *said >= 'a' && *said <= 'z' && capital ? (char)(*said - 32) : *said;

    echo_say_bytes(r, &first, 1);
    echo_buffer_string(r->out, said + 1);
}

static const struct {
    const char *written, *before, *behind;
} doubles[] = { { "St.", "Saint", "Street" }, { "Dr.", "Doctor", "Drive" } };

bool echo_is_abbreviation(const char *word, size_t n)
{
    struct span span = { word, n };

    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++)
        if (echo_is(span, doubles[i].written))
            return true;
    for (size_t i = 0; i < sizeof abbreviations / sizeof *abbreviations; i++)
        if (!(abbreviations[i].how & MAY_END) && echo_is(span, abbreviations[i].written))
            return true;
    return false;
}

/* "St." is a saint before a name, a street behind one; "Dr." so, too. */
static bool read_saint(struct reading *r)
{
    struct span before = echo_word_before(r, r->at), next;
    bool named = echo_capital(before) && r->at > r->text && r->at[-1] == ' ' &&
                 r->at - r->text >= 2 && r->at[-2] != '.' && !echo_is(before, beginnings) &&
                 !echo_is(before, "from to near by for with dear of hello hi thanks mount");

    for (int i = 0; i < 2; i++) {
        size_t n = echo_starts(r->at, doubles[i].written);

        if (!n)
            continue;
        next = echo_word_behind(r->at + n);
        if (!named || (echo_capital(next) && r->at[n] == ' ' && i == 1))
            return echo_read_as(r, r->at + n, doubles[i].before);
        echo_read_as(r, r->at + n, doubles[i].behind);
        echo_sentence_end(r);
        return true;
    }
    return false;
}

/* Sat. and Sun. are words, too: a number, a comma or a month follows the days. */
static bool read_weekend(struct reading *r)
{
    static const char *const days[][2] = { { "Sat.", "Saturday" }, { "Sun.", "Sunday" },
                                           { "Mon.", "Monday" } };
    struct span next;

    for (int i = 0; i < 3; i++) {
        size_t n = echo_starts(r->at, days[i][0]);

        if (!n)
            continue;
        next = echo_word_behind(r->at + n);
        if (strchr(",-", r->at[n]) || echo_dash(r->at + n) || echo_digit(*next.at) ||
            (r->at[n] == ' ' &&
             (r->at[n + 1] == '&' || (*next.at >= 'a' && *next.at <= 'z'))) ||
            (echo_capital(next) &&
             echo_is(next, "jan feb mar apr may jun jul aug sep oct nov dec "
                           "january february march april june july august "
                           "september october november december")))
            return echo_read_as(r, r->at + n, days[i][1]);
    }
    return false;
}

bool echo_read_abbreviation(struct reading *r)
{
    if (!echo_apart(r) || (r->at > r->text && r->at[-1] == '\''))
        return false;
    if (read_saint(r))
        return true;
    if (read_weekend(r)) { /* Mon.-Fri. */
        size_t dash = echo_dash(r->at);

        return !dash || !echo_ascii_letter(r->at[dash]) || echo_read_as(r, r->at + dash, "to");
    }
    for (size_t i = 0; i < sizeof abbreviations / sizeof *abbreviations; i++) {
        const char *written = abbreviations[i].written;
        int how = abbreviations[i].how;
        size_t n;

        if ((*written | 32) != (*r->at | 32))
            continue;
        n = how & ANY_CASE ? echo_starts_lower(r->at, written) : echo_starts(r->at, written);
        if (!n || echo_letter_at(r->at + n) || !allowed(r, r->at + n, how) ||
            (written[n - 1] != '.' && (r->at[n] == '\'' || r->at[n] == '-')))
            continue;
        if ((how & ANY_CASE) || (how & BEFORE_DIGIT))
            say_cased(r, abbreviations[i].said,
                      *r->at >= 'A' && *r->at <= 'Z' && how & ANY_CASE);
        else
            echo_say(r, abbreviations[i].said);
        r->at += n;
        if (how & MAY_END)
            echo_sentence_end(r);
        return true;
    }
    return false;
}

static bool capital_letter(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* U.S., J.R.R. Tolkien, George W. Bush */
bool echo_read_initials(struct reading *r)
{
    const char *at = r->at;
    int n = 0;

    if (!echo_apart(r))
        return false;
    while (n < 12 && capital_letter(at[0]) && at[1] == '.') {
        at += 2;
        n++;
    }
    if (n >= 1 && capital_letter(*at) && !echo_letter_at(at + 1)) { /* U.S */
        at++;
        n++;
    }
    if (!n || echo_letter_at(at))
        return false;
    if (n == 1) {
        struct span before = echo_word_before(r, r->at), next = echo_word_behind(at);

        if (*at != ' ' || !echo_capital(next) || echo_is(next, beginnings) ||
            (r->at > r->text && !(next.n == 1 && next.at[1] == '.') &&
             (!echo_capital(before) || r->at[-1] != ' ')) ||
            echo_is(before, "plan type grade class vitamin hepatitis appendix group team"))
            return false;
    }
    for (const char *c = r->at; c < at; c++)
        if (*c != '.')
            echo_say_bytes(r, c, 1);
    r->at = at;
    if (n > 1 && (!*at || echo_is(echo_word_behind(at), beginnings)) && at[-1] == '.' &&
        (!*at || echo_capital(echo_word_behind(at))))
        echo_sentence_end(r);
    return true;
}

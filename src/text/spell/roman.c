/* SPDX-License-Identifier: MIT */
/* roman.c - Roman numbers, and words with a slash between them. */
#include <string.h>

#include "text/spell/parts.h"

static const char *const romans[] = {
    "I",   "II",   "III",   "IV",   "V",   "VI",   "VII",   "VIII",   "IX",  "X",
    "XI",  "XII",  "XIII",  "XIV",  "XV",  "XVI",  "XVII",  "XVIII",  "XIX", "XX",
    "XXI", "XXII", "XXIII", "XXIV", "XXV", "XXVI", "XXVII", "XXVIII", "XXIX", "XXX",
};

static const char parts[] =
    "chapter part act scene volume book section phase article appendix title stage war bowl "
    "canto episode vatican tier schedule division mark apollo saturn psalm type level round";
static const char rulers[] =
    "henry louis charles elizabeth george edward william james richard john paul pius "
    "benedict gregory leo alexander catherine nicholas napoleon philip mary francis "
    "ferdinand frederick peter ivan ramesses rameses ptolemy wilhelm innocent urban clement "
    "felipe juan carlos robert friedrich otto constantine theodore stephen david boniface "
    "julius sixtus christian gustav olav harald haakon leopold albert rudolf maximilian "
    "joseph victor umberto";
static const char verbs[] =
    "am was have had like love think thought will would can could do did know knew want "
    "wanted need saw see said say got get feel felt must should may might wrote read";

static int roman_at(const char *at, size_t n)
{
    for (size_t i = 0; i < sizeof romans / sizeof *romans; i++)
        if (strlen(romans[i]) == n && !strncmp(at, romans[i], n))
            return (int)i + 1;
    return 0;
}

/* One letter alone is a word or a name more often: it must stand behind what is numbered. */
static enum number_way way_of(struct span before, struct span next, size_t n, bool *good)
{
    bool capital = echo_capital(before);

    if (echo_is(before, rulers)) {
        *good = capital && (n > 1 || !echo_is(next, verbs));
        return NUMBER_ORDINAL;
    }
    if (echo_is(before, parts))
        *good = n > 1 || (capital && !echo_is(next, verbs));
    else
        *good = capital && n > 1 && !echo_is(before, "the a an in and or of by to for with on");
    return NUMBER_CARDINAL;
}

bool echo_read_roman(struct reading *r)
{
    size_t n = strspn(r->at, "IVX");
    struct span before = echo_word_before(r, r->at);
    const char *end = r->at + n;
    int value = n <= 6 ? roman_at(r->at, n) : 0;
    enum number_way way;
    bool good;

    if (!value || r->at == r->text || r->at[-1] != ' ' || echo_letter_at(end) ||
        (*end == '.' && echo_letter_at(end + 1)))
        return false;
    if (*end == '\'' && n == 1 && end[1] != 's')
        return false;
    way = way_of(before, echo_word_behind(end), n, &good);
    if (!good || (r->at - r->text >= 2 && r->at[-2] == '.'))
        return false;
    if (way == NUMBER_ORDINAL)
        echo_say(r, "the");
    echo_say_number(r, value, way);
    r->at = end;
    return true;
}

static const struct {
    const char *written, *said;
} pairs[] = {
    { "and/or", "and or" },     { "he/she", "he or she" },   { "she/he", "she or he" },
    { "his/her", "his or her" }, { "him/her", "him or her" }, { "s/he", "he or she" },
    { "yes/no", "yes or no" },  { "true/false", "true or false" },
    { "either/or", "either or" }, { "on/off", "on off" },    { "n/a", "not applicable" },
    { "input/output", "input output" }, { "tcp/ip", "T C P I P" },
};

/* Between words; between numbers it is a fraction. */
bool echo_read_slash(struct reading *r)
{
    if (*r->at == '/') {
        if (r->at > r->text && echo_digit(r->at[-1]) && echo_one_of(r->at, "/5 /10") &&
            !echo_digit(r->at[2 + (r->at[1] == '1')]))
            return echo_read_as(r, r->at + 1, "out of");
        if (r->at == r->text || !echo_letter_at(r->at + 1) || echo_apart(r))
            return false;
        return echo_read_as(r, r->at + 1, "slash");
    }
    if (!echo_apart(r))
        return false;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        size_t n = echo_starts_lower(r->at, pairs[i].written);

        if (!n || echo_letter_at(r->at + n) || r->at[n] == '/')
            continue;
        if (*r->at >= 'a' || *pairs[i].said < 'a')
            return echo_read_as(r, r->at + n, pairs[i].said);
        echo_say_bytes(r, r->at, 1);
        echo_buffer_string(r->out, pairs[i].said + 1);
        r->at += n;
        return true;
    }
    return false;
}

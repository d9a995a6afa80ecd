/* SPDX-License-Identifier: MIT */
/*
 * parts.h - the parts of the speller.  A rule looks at one place of a text; if it knows
 * how that is read, it says so and moves on.  Rules look ahead a bounded distance only, so a
 * text takes time in proportion to its length.
 */
#ifndef ECHO_SPELL_PARTS_H
#define ECHO_SPELL_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <unicode/unum.h>

#include "text/buffer.h"
#include "text/spell/speller.h"

#define LOCALE_BYTES 64 /* of its name, "de_AT" */

enum number_way { NUMBER_CARDINAL, NUMBER_YEAR, NUMBER_ORDINAL, NUMBER_WAYS };

struct speller {
    char locale[LOCALE_BYTES];
    bool english, british;
    UNumberFormat *ways[NUMBER_WAYS]; /* opened when first needed */
    bool tried[NUMBER_WAYS];
    char point[8], group[8]; /* as the language writes numbers */
};

/* One text that is being read. */
struct reading {
    struct speller *speller;
    struct text_buffer *out;
    size_t begin;     /* where it begins in out */
    const char *text; /* all of it */
    const char *at;   /* the place reached */
    bool spoken;      /* words were said for the last thing: a letter behind them needs a gap */
    bool quoted;      /* within quotation marks */
    bool dropped; /* the last thing was left out: a mark behind it stands on the word before */
};

typedef bool echo_rule(struct reading *r);

struct span {
    const char *at;
    size_t n;
};

/* As a number is written: 1,234.50 */
struct numeral {
    const char *at, *end;
    const char *fraction; /* its digits, up to end; NULL: none */
    int digits;           /* before the point */
    bool grouped;         /* with marks between thousands */
    int64_t whole;        /* -1: too long, or it begins with 0, and is said digit by digit */
};

/* ---- reading.c: putting out, and looking around ---- */

/* Whole words, with a gap before them. */
void echo_say(struct reading *r, const char *words);
void echo_say_bytes(struct reading *r, const char *bytes, size_t n);
/* As it is written. */
void echo_put(struct reading *r, const char *bytes, size_t n);
/* The part up to `end` is read, and said as `words`.  Always true. */
bool echo_read_as(struct reading *r, const char *end, const char *words);
/* ... and nothing is said for it. */
bool echo_leave_out(struct reading *r, const char *end);
/* The last byte put out; 0 before the first. */
char echo_last(const struct reading *r);

bool echo_digit(char c);
bool echo_ascii_letter(char c);
/* A letter or digit of any script begins here, or ends before here. */
bool echo_letter_at(const char *at);
bool echo_letter_before(const struct reading *r, const char *at);
/* No letter or digit before this place: a word begins. */
bool echo_apart(const struct reading *r);
/* Bytes of the first of `words`, parted by blanks, that stands at this place as it is; 0. */
size_t echo_starts(const char *at, const char *prefix);
size_t echo_starts_lower(const char *at, const char *prefix); /* in any case, of ASCII */
size_t echo_one_of(const char *at, const char *signs);
/* One of "- ‐ – — −" */
size_t echo_dash(const char *at);
const char *echo_past_blank(const char *at);
/* The word before or behind a place, over one blank.  Empty if none or very long. */
struct span echo_word_before(const struct reading *r, const char *at);
struct span echo_word_behind(const char *at);
/* Is it one of `words`, parted by blanks?  In any case, of ASCII. */
bool echo_is(struct span word, const char *words);
bool echo_capital(struct span word);
/* Digits as they stand in a shape: %4 is four of them, %2 two, %1 one or two, %n up to nine.
 * All else is itself.  No digit may follow.  The end, or NULL. */
const char *echo_shape(const char *at, const char *shape, int *values);
/* Bytes up to the next blank or tag, at most 300: longer ones are 0. */
size_t echo_chunk(const char *at);
/* The mark "." of an abbreviation ends its sentence, too: put it if so. */
void echo_sentence_end(struct reading *r);

/* ---- number.c ---- */
bool echo_numeral(struct numeral *n, const struct speller *s, const char *at);
void echo_say_number(struct reading *r, int64_t n, enum number_way way);
void echo_say_numeral(struct reading *r, const struct numeral *n);
void echo_say_digits(struct reading *r, const char *digits, size_t n);
/* "oh five", "forty-two": minutes, and years by pairs. */
void echo_say_pair(struct reading *r, int n);
/* 380 as "three eighty", 1920 as "nineteen twenty". */
void echo_say_by_pairs(struct reading *r, int n);
bool echo_is_one(const struct numeral *n);
/* The number of a code: MP3, A380, COVID-19. */
void echo_say_label(struct reading *r, const char *digits, size_t n);
const char *echo_vulgar_fraction(const char *at, int *over, int *under);
void echo_say_fraction(struct reading *r, int over, int under);
/* A minus that stands before a digit. */
size_t echo_minus(const struct reading *r, const char *at);

/* ---- rules, by what they know ---- */
echo_rule echo_read_quantity, echo_read_fraction, echo_read_size; /* quantity.c */
echo_rule echo_read_label, echo_read_minus, echo_read_point;
echo_rule echo_read_money, echo_read_money_code;              /* money.c */
echo_rule echo_read_date, echo_read_month, echo_read_decade;  /* date.c */
echo_rule echo_read_year;
echo_rule echo_read_time;                                     /* time.c */
echo_rule echo_read_phone, echo_read_code, echo_read_version; /* code.c */
echo_rule echo_read_address, echo_read_handle, echo_read_tag; /* address.c */
echo_rule echo_read_file;
echo_rule echo_read_abbreviation, echo_read_initials; /* word.c */
echo_rule echo_read_roman, echo_read_slash;           /* roman.c */
echo_rule echo_read_sign, echo_read_marks, echo_read_face; /* sign.c */
echo_rule echo_read_abroad;                                /* abroad.c */

/* ---- unit.c ---- */
struct unit {
    const char *sign, *one, *many;
    int where; /* enum unit_where */
};
/* The unit at a place behind a number, over one blank; its end, or NULL. */
const char *echo_unit(const char *at, const struct unit **unit);
/* All of it, with what it is "per"; the end. */
const char *echo_say_unit(struct reading *r, const char *at, bool one);

/* ---- date.c ---- */
struct date {
    int year, month, day; /* 0: none */
};
bool echo_date_good(struct date d);
void echo_say_date(struct reading *r, struct date d, bool day_first);
bool echo_year_like(const struct reading *r, const struct numeral *n);

/* ---- time.c ---- */
bool echo_say_time(struct reading *r);

/* ---- money.c ---- */
/* "million", "bn" ... behind a number of money; its end, or NULL. */
const char *echo_scale(const char *at, const char **word);

/* ---- capitals.c: the text with what is shouted in small letters ---- */
void echo_calm(struct text_buffer *out, const char *text, bool english);

/* ---- speller.c ---- */
/* A part of a text as echo_spell() says it, but without a look at capitals. */
void echo_spell_calm(struct speller *s, struct text_buffer *out, const char *text);
/* Bytes of what is said as it stands: [S1], [sigh], (laughs); 0. */
size_t echo_event(const char *at);

#endif

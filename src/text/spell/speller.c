/* SPDX-License-Identifier: MIT */
#include "text/spell/speller.h"

#include <stdlib.h>
#include <string.h>

#include <unicode/uloc.h>
#include <unicode/ustring.h>

#include "base/error.h"
#include "text/character.h"
#include "text/spell/parts.h"

static bool known_language(const char *language, char *locale, int size)
{
    UErrorCode e = U_ZERO_ERROR;
    int32_t parsed = 0;

    uloc_forLanguageTag(language, locale, size, &parsed, &e);
    return e == U_ZERO_ERROR && parsed > 0 && (size_t)parsed == strlen(language) &&
           *uloc_getISO3Language(locale);
}

static void read_symbol(UNumberFormat *f, UNumberFormatSymbol symbol, char to[8])
{
    UErrorCode e = U_ZERO_ERROR;
    UChar wide[8];
    int32_t n = unum_getSymbol(f, symbol, wide, 8, &e);

    u_strToUTF8(to, 8, NULL, wide, n, &e);
    if (U_FAILURE(e))
        *to = '\0';
}

/* Tidy text has plain blanks where a language writes thousands with narrow ones. */
static void read_symbols(struct speller *s)
{
    UErrorCode e = U_ZERO_ERROR;
    UNumberFormat *f = unum_open(UNUM_DECIMAL, NULL, 0, s->locale, NULL, &e);

    if (U_FAILURE(e))
        return;
    read_symbol(f, UNUM_DECIMAL_SEPARATOR_SYMBOL, s->point);
    read_symbol(f, UNUM_GROUPING_SEPARATOR_SYMBOL, s->group);
    if (echo_one_of(s->group, "\u00a0 \u202f \u2009"))
        strcpy(s->group, " ");
    unum_close(f);
}

static echo_status locale_of(const char *language, char *locale, int size, echo_error *err)
{
    if (known_language(language, locale, size))
        return ECHO_OK;
    return echo_fail_field(err, "language", "language: '%.40s' is none that is known: one is "
                                            "named as in \"en\" or \"de-AT\"", language);
}

echo_status echo_language_check(const char *language, echo_error *err)
{
    char locale[LOCALE_BYTES];

    return locale_of(language, locale, sizeof locale, err);
}

echo_status echo_speller_open(struct speller **out, const char *language, echo_error *err)
{
    struct speller *s = *out = calloc(1, sizeof *s);
    char tongue[16] = "";
    UErrorCode e = U_ZERO_ERROR;
    echo_status status;

    if (!s)
        return echo_fail_memory(err, sizeof *s, "a speller");
    if ((status = locale_of(language, s->locale, sizeof s->locale, err))) {
        echo_speller_close(out);
        return status;
    }
    uloc_getLanguage(s->locale, tongue, sizeof tongue, &e);
    s->english = !strcmp(tongue, "en");
    s->british = s->english && echo_is((struct span){ s->locale + 2, strlen(s->locale + 2) },
                                       "_GB _IE _AU _NZ _ZA _IN");
    if (s->english) {
        strcpy(s->point, ".");
        strcpy(s->group, ",");
    } else {
        read_symbols(s);
    }
    return ECHO_OK;
}

void echo_speller_close(struct speller **s)
{
    if (!*s)
        return;
    for (int i = 0; i < NUMBER_WAYS; i++)
        unum_close((*s)->ways[i]);
    free(*s);
    *s = NULL;
}

/* ---- rules by what a thing begins with; the first that knows it reads it ---- */

static echo_rule *const for_digits[] = {
    echo_read_face,       echo_read_label,   echo_read_phone, echo_read_date,
    echo_read_version,    echo_read_address, echo_read_file,  echo_read_code,
    echo_read_money_code, echo_read_decade,  echo_read_size,  echo_read_fraction,
    echo_read_time,       echo_read_quantity, NULL,
};
static echo_rule *const for_letters[] = {
    echo_read_face,         echo_read_slash,  echo_read_month, echo_read_abbreviation,
    echo_read_initials,     echo_read_roman,  echo_read_money, echo_read_version,
    NULL,
};
static echo_rule *const for_chunks[] = { echo_read_address, echo_read_file, echo_read_code,
                                         NULL };
static echo_rule *const for_marks[] = {
    echo_read_face,     echo_read_marks, echo_read_phone,  echo_read_decade, echo_read_minus,
    echo_read_point,    echo_read_money, echo_read_handle, echo_read_tag,    echo_read_file,
    echo_read_fraction, echo_read_sign,  echo_read_slash,  NULL,
};
static echo_rule *const abroad[] = { echo_read_abroad, echo_read_marks, echo_read_face, NULL };

static bool try_rules(struct reading *r, echo_rule *const *rules)
{
    for (; *rules; rules++)
        if ((*rules)(r))
            return true;
    return false;
}

/* Events are in small letters; tags of speakers are not. */
size_t echo_event(const char *at)
{
    char close = *at == '[' ? ']' : *at == '(' ? ')' : '\0';
    size_t n = 1;
    int words = 1;

    if (!close)
        return 0;
    if (close == ']' && at[1] == 'S' && echo_digit(at[2])) {
        n = 2 + strspn(at + 2, "0123456789");
        return n < 6 && at[n] == ']' ? n + 1 : 0;
    }
    while ((close == ']' ? echo_ascii_letter(at[n]) : at[n] >= 'a' && at[n] <= 'z') ||
           (at[n] == ' ' && n > 1 && at[n + 1] != ' ')) {
        words += at[n] == ' ';
        if (++n > 40)
            return 0;
    }
    return n > 3 && at[n] == close && words <= 3 && at[n - 1] != ' ' ? n + 1 : 0;
}

/* Line ends and tabs are blanks, and one is enough. */
static bool read_blank(struct reading *r)
{
    size_t n = *r->at == ' ' || *r->at == '\t' ? 1 : echo_character_line_end(r->at);
    char last = echo_last(r);

    if (!n)
        return false;
    if (last && last != ' ') {
        echo_buffer_put(r->out, " ", 1);
        r->dropped = false;
    }
    r->spoken = false;
    r->at += n;
    return true;
}

static size_t word_length(const char *at)
{
    size_t n = 0;

    while (echo_ascii_letter(at[n]) || (at[n] == '\'' && n && echo_ascii_letter(at[n + 1])))
        n++;
    return n;
}

/* S1 and S2 are voices, in brackets or not. */
static size_t voice(const char *at)
{
    return *at == 'S' && echo_digit(at[1]) && !echo_letter_at(at + 2) ? 2 : 0;
}

/* Names with marks or digits in them are looked at once, where they begin. */
static bool read_word(struct reading *r)
{
    size_t n = word_length(r->at);
    bool begins = r->at == r->text || strchr(" (\"'[<", r->at[-1]);

    if (begins && r->at[n] && strchr("./:@_\\-0123456789+%", r->at[n]) && !voice(r->at) &&
        try_rules(r, for_chunks))
        return true;
    if (try_rules(r, for_letters))
        return true;
    n = voice(r->at) && echo_apart(r) ? 2 : n;
    echo_put(r, r->at, n);
    r->at += n;
    /* COVID-19, F-16: the hyphen is not said */
    if (r->at[0] == '-' && echo_digit(r->at[1]) && n && begins && r->at[-1] <= 'Z') {
        n = strspn(r->at + 1, "0123456789");
        echo_say_label(r, r->at + 1, n);
        r->at += 1 + n;
    }
    return true;
}

static bool read_english(struct reading *r)
{
    if (echo_ascii_letter(*r->at))
        return read_word(r);
    if (echo_digit(*r->at))
        return try_rules(r, for_digits);
    return try_rules(r, for_marks);
}

static void put_character(struct reading *r)
{
    uint32_t code;
    size_t n = echo_character(r->at, &code);

    n = n ? n : 1;
    r->quoted ^= *r->at == '"';
    echo_put(r, r->at, n);
    r->at += n;
}

static void read_event(struct reading *r, size_t n)
{
    echo_put(r, r->at, n);
    r->at += n;
}

void echo_spell_calm(struct speller *s, struct text_buffer *out, const char *text)
{
    struct reading r = { .speller = s, .out = out, .begin = out->length, .text = text,
                         .at = text };

    while (*r.at && !out->failed) {
        size_t event = echo_event(r.at);

        if (event)
            read_event(&r, event);
        else if (!read_blank(&r) && !(s->english ? read_english(&r) : try_rules(&r, abroad)))
            put_character(&r);
    }
    if (echo_last(&r) == ' ')
        echo_buffer_cut(out, out->length - 1);
}

void echo_spell(struct speller *s, struct text_buffer *out, const char *text)
{
    struct text_buffer calm = { 0 };

    echo_calm(&calm, text, s->english);
    if (calm.failed)
        out->failed = true;
    else
        echo_spell_calm(s, out, echo_buffer_text(&calm));
    echo_buffer_free(&calm);
}

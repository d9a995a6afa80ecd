/* SPDX-License-Identifier: MIT */
/*
 * test_speller.c DATA - texts as a careful person reads them (DATA/../spoken.tsv), what an
 * author asks for, languages, and what holds for every text.
 *
 * With two arguments it says the second: test_speller DATA "It is 7:30 PM." [LANGUAGE]
 */
#include <stdlib.h>
#include <string.h>

#include "text/character.h"
#include "text/spell/speller.h"
#include "text/text.h"
#include "unit.h"

static struct speller *open_for(const char *language)
{
    struct speller *s;
    echo_error e = { 0 };

    if (CHECK_SAY(!echo_speller_open(&s, language, &e), "%s: %s", language, e.text))
        return s;
    exit(1);
}

/* For free(). */
static char *spelled(const char *language, const char *text)
{
    struct speller *s = open_for(language);
    struct text_buffer out = { 0 };

    echo_spell(s, &out, text);
    CHECK(!out.failed);
    echo_speller_close(&s);
    CHECK(!s);
    return out.bytes ? out.bytes : strdup("");
}

static void check_form(const char *text, const char *said)
{
    size_t n = strlen(said);

    CHECK_SAY(echo_text_readable(said) == n, "'%s': '%s' is no UTF-8", text, said);
    for (const char *c = said; *c; c++)
        CHECK_SAY(!echo_character_line_end(c), "'%s': a line end", text);
    CHECK_SAY(!strstr(said, "  ") && *said != ' ' && (!n || said[n - 1] != ' '),
              "'%s': blanks in '%s'", text, said);
}

/* As in the table, and what is spelled is not spelled otherwise once more. */
static void check_line(const char *language, const char *text, const char *want)
{
    char *said = spelled(language, text), *again = spelled(language, said);

    CHECK_SAY(!strcmp(said, want), "%s\n    is   %s\n    not  %s", text, said, want);
    CHECK_SAY(!strcmp(said, again), "%s\n    then %s", said, again);
    check_form(text, said);
    free(said);
    free(again);
}

static void table(const char *path)
{
    FILE *f = fopen(path, "r");
    char line[2000];
    int n = 0;

    if (!CHECK_SAY(f != NULL, "%s: cannot be read", path))
        return;
    while (fgets(line, sizeof line, f)) {
        char *text = strtok(line, "\t\n"), *said = strtok(NULL, "\t\n");
        const char *language = strtok(NULL, "\t\n");

        if (!text || !said || (text[0] == '#' && text[1] == ' '))
            continue;
        check_line(language ? language : "en", text, said);
        n++;
    }
    fclose(f);
    CHECK_SAY(n >= 200, "only %d lines in %s", n, path);
}

static const struct {
    const char *text, *as, *format, *said, *language;
} author[] = {
    { "USB", "characters", NULL, "U S B", "en" },
    { "abc-12", "spell-out", NULL, "A B C dash one two", "en" },
    { "été", "characters", NULL, "é T é", "en" },
    { "12", "characters", NULL, "eins zwei", "de" },
    { "1234", "cardinal", NULL, "one thousand two hundred thirty-four", "en" },
    { "1999", "number", NULL, "one thousand nine hundred ninety-nine", "en" },
    { "007", "cardinal", NULL, "seven", "en" },
    { "000", "cardinal", NULL, "zero", "en" },
    { "-5", "cardinal", NULL, "minus five", "en" },
    { "-5.5", "cardinal", NULL, "minus five point five", "en" },
    { "about 5", "cardinal", NULL, "about five", "en" },
    { "3", "ordinal", NULL, "third", "en" },
    { "21st", "ordinal", NULL, "twenty-first", "en" },
    { "3", "ordinal", NULL, "dritte", "de" },
    { "3", "number", "ordinal", "third", "en" },
    { "1999", "number", "digits", "one nine nine nine", "en" },
    { "1999", "digits", NULL, "one nine nine nine", "en" },
    { "12-34", "digits", NULL, "one two three four", "en" },
    { "3/7", "fraction", NULL, "three sevenths", "en" },
    { "12/25", "fraction", NULL, "twelve twenty-fifths", "en" },
    { "10 km", "unit", NULL, "ten kilometers", "en" },
    { "1/2/2024", "date", "mdy", "January second, twenty twenty-four", "en" },
    { "1/2/2024", "date", "dmy", "the first of February twenty twenty-four", "en" },
    { "2024-01-02", "date", "ymd", "January second, twenty twenty-four", "en" },
    { "20240102", "date", "ymd", "two zero two four zero one zero two", NULL },
    { "2024-01-02", "date", NULL, "January second, twenty twenty-four", "en" },
    { "3/4", "date", "md", "March fourth", "en" },
    { "2024", "date", "y", "twenty twenty-four", "en" },
    { "7:30", "time", "hms12", "seven thirty", "en" },
    { "+1 555 0100", "telephone", NULL, "plus one, five five five, zero one zero zero", "en" },
    { "5550100", "telephone", NULL, "five five five zero one zero zero", "en" },
    { "$5", "currency", NULL, "five dollars", "en" },
    { "damn", "expletive", NULL, "beep", "en" },
};

static void saying_as(void)
{
    for (size_t i = 0; i < sizeof author / sizeof *author; i++) {
        struct speller *s = open_for(author[i].language ? author[i].language : "en");
        struct text_buffer out = { 0 };

        echo_buffer_string(&out, "Say ");
        CHECK(echo_spell_as(s, &out, author[i].text, author[i].as, author[i].format));
        if (author[i].language)
            CHECK_SAY(!strcmp(out.bytes + 4, author[i].said), "%s as %s: '%s'", author[i].text,
                      author[i].as, out.bytes + 4);
        check_form(author[i].text, out.bytes);
        echo_buffer_free(&out);
        CHECK(!echo_spell_as(s, &out, "5", "song", NULL));
        CHECK(!strcmp(out.bytes, author[i].language && !strcmp(author[i].language, "de")
                                     ? "fünf" : "five"));
        echo_buffer_free(&out);
        echo_speller_close(&s);
    }
}

static void languages(void)
{
    static const char *const good[] = {
        "en", "en-GB", "de", "de-AT", "pl", "zh-Hant-TW", "ru"
    };
    static const char *const bad[] = { "", "e", "xx", "english", "en_US", "zz-ZZ", "en-", "7" };
    struct speller *s;

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        s = open_for(good[i]);
        echo_speller_close(&s);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        echo_error e = { 0 };

        CHECK_SAY(echo_speller_open(&s, bad[i], &e) == ECHO_ERR_ARG && !s, "'%s'", bad[i]);
        CHECK(!strcmp(e.field, "language") && *e.text && !strchr(e.text, '\n'));
    }
    echo_speller_close(&s);
}

/* Behind what is there already, without a change to it. */
static void appending(void)
{
    struct speller *s = open_for("en");
    struct text_buffer out = { 0 };

    echo_buffer_string(&out, "Before ");
    echo_spell(s, &out, "  5  \n cats ");
    CHECK_SAY(!strcmp(out.bytes, "Before five cats"), "'%s'", out.bytes);
    echo_buffer_cut(&out, 0);
    echo_spell(s, &out, "");
    echo_spell(s, &out, " \n ");
    CHECK(!out.length);
    echo_buffer_free(&out);
    echo_speller_close(&s);
}

/* A text of many such parts takes no more time for each. */
static void long_texts(void)
{
    static const char *const pieces[] = { "a.a", "1:1", "((", "-", "1-", "1,000", "\"5", "AB ",
                                          "#a", "x@y.", "A1 ", "_", "1x1", "/a", "IV", "½" };
    struct speller *s = open_for("en");

    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct text_buffer text = { 0 }, out = { 0 };

        while (text.length < 200000)
            echo_buffer_string(&text, pieces[i]);
        echo_spell(s, &out, text.bytes);
        CHECK(!out.failed && out.length < 40 * text.length);
        echo_buffer_free(&text);
        echo_buffer_free(&out);
    }
    echo_speller_close(&s);
}

int main(int argc, char **argv)
{
    char path[4096];

    if (argc > 2) {
        char *said = spelled(argc > 3 ? argv[3] : "en", argv[2]);

        puts(said);
        free(said);
        return 0;
    }
    snprintf(path, sizeof path, "%s/../spoken.tsv", argc > 1 ? argv[1] : "tests/data/tiny");
    table(path);
    saying_as();
    languages();
    appending();
    long_texts();
    return unit_report();
}

/* SPDX-License-Identifier: MIT */
/* test_split.c - scripts to pieces: where they are cut, whose tag they begin with, how long. */
#include <stdlib.h>
#include <string.h>

#include "text/character.h"
#include "text/split.h"
#include "text/text.h"
#include "unit.h"

#define MOST 400 /* pieces of one script */

struct cutting {
    char *texts[MOST];
    struct split_piece pieces[MOST]; /* but for their texts */
    struct split_position after[MOST];
    int n;
};

/* Parts in order; a text of NULL ends them. */
static struct script script_of(const struct script_part *parts)
{
    struct script s = { 0 };

    for (; parts->text; parts++)
        echo_script_add(&s, parts->text, *parts);
    CHECK(!s.failed);
    return s;
}

/* Every piece has a word, valid UTF-8, no more than it may, blanks and tags only within. */
static void check_piece(const char *text, int weight, int bytes)
{
    size_t n = strlen(text), length;

    CHECK_SAY(n <= (size_t)bytes && echo_text_weight(text, n) <= weight,
              "%zu bytes, weight %d, of %d: '%s'", n, echo_text_weight(text, n), weight, text);
    CHECK_SAY(echo_text_word(text, &length) != NULL, "no word in '%s'", text);
    CHECK_SAY(echo_text_readable(text) == n, "no UTF-8: '%s'", text);
    CHECK_SAY(n && text[0] != ' ' && text[n - 1] != ' ', "blanks around '%s'", text);
    CHECK_SAY(n < 4 || text[n - 4] != '[' || text[n - 3] != 'S' || text[n - 1] != ']',
              "a lone tag: '%s'", text);
}

/* All pieces from where the splitter is. */
static void cut_on(struct cutting *c, struct splitter *s, int weight, int bytes)
{
    double before = echo_split_done(s);

    *c = (struct cutting){ 0 };
    while (c->n < MOST && echo_split(s, weight, weight, bytes, &c->pieces[c->n])) {
        const char *text = c->pieces[c->n].text;

        check_piece(text, weight, bytes);
        c->texts[c->n] = strdup(text);
        c->after[c->n++] = echo_split_tell(s);
        CHECK(echo_split_done(s) > before && echo_split_done(s) <= 1);
        before = echo_split_done(s);
    }
    CHECK_SAY(c->n < MOST, "it does not end");
    CHECK_SAY(before == 1, "%g of the script is done", before);
    CHECK(!echo_split_failed(s));
}

static void drop(struct cutting *c)
{
    for (int i = 0; i < c->n; i++)
        free(c->texts[i]);
    c->n = 0;
}

/* ---- nothing is lost ---- */

/* Letters and digits, without tags; for free(). */
static char *words_of(const char *text, char *to)
{
    size_t n;

    for (; (text = echo_text_word(text, &n)); text += n) {
        memcpy(to, text, n);
        to += n;
    }
    *to = 0;
    return to;
}

static void check_words(const struct cutting *c, const struct script *s)
{
    size_t all = 1;

    for (int i = 0; i < s->n; i++)
        all += strlen(s->parts[i].text);
    char *want = malloc(all), *got = malloc(2 * all + 64 * MOST), *w = want, *g = got;

    for (int i = 0; i < s->n; i++)
        w = words_of(s->parts[i].text, w);
    for (int i = 0; i < c->n; i++)
        g = words_of(c->texts[i], g);
    CHECK_SAY(!strcmp(want, got), "words are lost:\n%s\n%s", want, got);
    free(want);
    free(got);
}

/* From after a piece it goes on as it did. */
static void check_seeking(const struct cutting *c, struct splitter *s, int weight, int bytes)
{
    for (int i = 0; i < c->n; i += 1 + c->n / 8) {
        struct cutting again;

        echo_split_seek(s, c->after[i]);
        cut_on(&again, s, weight, bytes);
        CHECK_SAY(again.n == c->n - i - 1, "after piece %d: %d of %d", i, again.n, c->n);
        for (int k = 0; k < again.n && k < c->n - i - 1; k++) {
            const struct split_piece *a = &again.pieces[k], *b = &c->pieces[i + 1 + k];

            CHECK(!strcmp(again.texts[k], c->texts[i + 1 + k]) && a->end == b->end &&
                  a->pause_s == b->pause_s && a->level == b->level &&
                  a->begins_part == b->begins_part);
        }
        drop(&again);
    }
}

/* Cut, with all that holds for every script checked. */
static struct cutting cut(const struct script_part *parts, int weight, int bytes,
                          const char *language)
{
    struct script script = script_of(parts);
    struct splitter *s = NULL;
    struct cutting c = { 0 };
    echo_error e = { 0 };

    if (CHECK_SAY(!echo_splitter_open(&s, &script, language, &e), "%s", e.text)) {
        cut_on(&c, s, weight, bytes);
        check_words(&c, &script);
        check_seeking(&c, s, weight, bytes);
    }
    echo_splitter_close(&s);
    echo_script_free(&script);
    return c;
}

#define PARAGRAPH(words) { .text = (char *)(words), .end = SCRIPT_PARAGRAPH, .pause_s = -1 }

/* One paragraph. */
static struct cutting cut_text(const char *text, int weight, const char *language)
{
    char *copy = strdup(text);
    struct script_part parts[] = { PARAGRAPH(copy), { 0 } };
    struct cutting c = cut(parts, weight, 762, language);

    free(copy);
    return c;
}

/* The pieces are `want`, one a line. */
static void check_lines(struct cutting *c, const char *want)
{
    char got[8000] = "";

    for (int i = 0; i < c->n; i++) {
        strcat(got, i ? "\n" : "");
        strncat(got, c->texts[i], 300);
    }
    CHECK_SAY(!strcmp(got, want), "pieces are\n%s\nand should be\n%s", got, want);
}

static void expect(const char *text, int weight, const char *want)
{
    struct cutting c = cut_text(text, weight, NULL);

    check_lines(&c, want);
    drop(&c);
}

/* ---- sentences, clauses, words ---- */

static void check_sentences(void)
{
    expect("A short one.", 60, "A short one.");
    expect("The first sentence is here. The second one is as long as it.", 60,
           "The first sentence is here.\nThe second one is as long as it.");
    expect("We have met Dr. Smith of Reading before. He lives on St. James Street now.", 60,
           "We have met Dr. Smith of Reading before.\nHe lives on St. James Street now.");
    expect("There are many fruits, e.g. apples and pears. We sell all of them today.", 60,
           "There are many fruits, e.g. apples and pears.\nWe sell all of them today.");
    expect("It weighs 3.14 pounds in the U.S. market now. And 2.5 kilos everywhere else.", 62,
           "It weighs 3.14 pounds in the U.S. market now.\nAnd 2.5 kilos everywhere else.");
    expect("\"Are you really sure of that?!\" she asked him. \"I am as sure as ever.\"", 60,
           "\"Are you really sure of that?!\" she asked him.\n\"I am as sure as ever.\"");
    expect("Is that what you have said?! Nobody else would have said it.", 60,
           "Is that what you have said?!\nNobody else would have said it.");
    expect("“It was a very cold day.” “It was not as cold as today.”", 60,
           "“It was a very cold day.”\n“It was not as cold as today.”");
}

static void check_clauses(void)
{
    struct cutting c;

    expect("When the rain had stopped at last, the children ran out into the garden", 60,
           "When the rain had stopped at last,\nthe children ran out into the garden");
    expect("She had brought all that he needed; nothing of it was of any use", 60,
           "She had brought all that he needed;\nnothing of it was of any use");
    expect("The river was very high that year — the bridge had not been built", 60,
           "The river was very high that year —\nthe bridge had not been built");
    c = cut_text("one two three four five six seven eight nine ten eleven twelve thirteen", 40,
                 NULL);
    CHECK(c.n == 2 && c.pieces[0].end == SPLIT_WORD && c.pieces[1].end == SPLIT_PARAGRAPH);
    drop(&c);
    c = cut_text("one two three four five six, seven eight nine ten eleven twelve. A last one "
                 "that is long enough.", 50, NULL);
    CHECK(c.n == 3 && c.pieces[0].end == SPLIT_CLAUSE && c.pieces[1].end == SPLIT_SENTENCE);
    CHECK(c.n == 3 && c.pieces[0].begins_part && !c.pieces[1].begins_part);
    drop(&c);
}

/* No piece is a crumb where the text could have been shared evenly. */
static void check_balance(void)
{
    static const char sentence[] = "this is a text without any mark that could help to cut it ";
    char text[3000] = "";

    for (int length = 1; length <= 40; length++) {
        strcat(text, sentence);
        for (int weight = 60; weight <= 300; weight += 37) {
            struct cutting c = cut_text(text, weight, NULL);
            size_t shortest = 1000;

            for (int i = 0; i < c.n; i++)
                shortest = strlen(c.texts[i]) < shortest ? strlen(c.texts[i]) : shortest;
            CHECK_SAY(c.n == 1 || shortest >= (size_t)weight / 3,
                      "%d sentences, weight %d: a piece has %zu bytes", length, weight,
                      shortest);
            drop(&c);
        }
    }
    expect("This is quite a long sentence that fills nearly all of it, as it were. Yes.", 79,
           "This is quite a long sentence that fills nearly all of it,\nas it were. Yes.");
}

/* ---- inside words ---- */

/* Whether the piece's end lies between two clusters is told by what would follow. */
static void check_no_mark_first(const struct cutting *c)
{
    for (int i = 1; i < c->n; i++) {
        uint32_t code = 0;

        echo_character(c->texts[i], &code);
        CHECK_SAY(!echo_character_is_mark(code) && code != 0x200d && code != 0xfe0f &&
                  (code < 0x1f3fb || code > 0x1f3ff), "piece %d begins with U+%04X", i,
                  (unsigned)code);
    }
}

static void repeat(char *to, const char *what, int times)
{
    for (*to = 0; times--; to += strlen(what))
        strcpy(to, what);
}

static void check_characters(void)
{
    char *text = malloc(20000);
    struct cutting c;

    repeat(text, "a", 2000);
    c = cut_text(text, 300, NULL);
    CHECK(c.n >= 7 && c.n <= 9 && c.pieces[0].end == SPLIT_CHARACTER);
    for (int i = 0; i < c.n; i++)
        CHECK(strlen(c.texts[i]) > 150);
    drop(&c);

    repeat(text, "我們今天去公園散步", 60); /* without blanks */
    c = cut_text(text, 200, "zh");
    CHECK_SAY(c.n >= 8 && c.n <= 11, "%d pieces", c.n);
    check_no_mark_first(&c);
    drop(&c);
    repeat(text, "今天天气很好。我们去公园吧。", 20);
    c = cut_text(text, 100, "zh");
    for (int i = 0; i < c.n; i++)
        CHECK_SAY(strlen(c.texts[i]) > 3 &&
                  !strcmp(c.texts[i] + strlen(c.texts[i]) - 3, "。"), "'%s'", c.texts[i]);
    drop(&c);

    repeat(text, "a\xcc\x8a\xcc\xa7", 200); /* a with a ring and a cedilla */
    c = cut_text(text, 64, NULL);
    check_no_mark_first(&c);
    drop(&c);
    strcpy(text, "x");
    repeat(text + 1, "👩🏽‍👩‍👧a", 60);
    c = cut_text(text, 70, NULL);
    check_no_mark_first(&c);
    drop(&c);
    repeat(text, "á̂̃̄̅̆", 60); /* letters with more marks than some pieces have room */
    c = cut_text(text, 24, NULL);
    drop(&c);
    free(text);
}

/* ---- events and tags ---- */

static void check_events(void)
{
    static const char text[] = "so we went (laughs quite loudly) to the end of [a deep sigh] "
                               "the road and (clears his throat) back again";

    for (int weight = 44; weight < 110; weight++) {
        struct cutting c = cut_text(text, weight, NULL);
        int open = 0;

        for (int i = 0; i < c.n; i++, CHECK_SAY(!open, "weight %d: cut in an event", weight))
            for (const char *s = c.texts[i]; *s; s++)
                open += (*s == '(') + (*s == '[') - (*s == ')') - (*s == ']');
        drop(&c);
    }
    expect("the first [oh (laughs out loudly) is what he said of it and then went on", 34,
           "the first [oh (laughs out loudly)\nis what he said of\nit and then went on");
}

/* Each piece begins with a tag, and it is the one that its words had. */
static void check_tags(void)
{
    static const char text[] =
        "[S1] The first speaker has a lot to say, and says it. It takes long. [S2] The second "
        "one has more, and goes on and on, without an end. He likes it. [S1] Yes. [S2] No. "
        "[S3] A third one comes in, and is not heard by the others at all, as it seems.";

    for (int weight = 40; weight < 150; weight += 3) {
        struct cutting c = cut_text(text, weight, NULL);
        int speaker = 0;

        for (int i = 0; i < c.n; i++) {
            const char *t = c.texts[i];
            int own = t[0] == '[' && t[1] == 'S' && t[3] == ']' ? t[2] - '0' : 0;

            CHECK_SAY(own > 0, "no tag: '%s'", t);
            CHECK_SAY(!i || own == speaker || c.pieces[i - 1].end == SPLIT_SENTENCE,
                      "another speaker within a sentence: '%s'", t);
            CHECK(strncmp(t + 5, "The second", 10) || own == 2);
            CHECK(strncmp(t + 5, "He likes", 8) || own == 2);
            CHECK(strncmp(t + 5, "and goes", 8) || own == 2);
            CHECK(strncmp(t + 5, "and is not", 10) || own == 3);
            for (speaker = own; *t; t++)
                if (t[0] == '[' && t[1] == 'S')
                    speaker = t[2] - '0';
        }
        drop(&c);
    }
    expect("Hello to everybody who is here. [S2] And to those who are not.", 50,
           "[S1] Hello to everybody who is here.\n[S2] And to those who are not.");
    expect("Nobody has a tag in this text. And so nobody gets one either.", 50,
           "Nobody has a tag in this text.\nAnd so nobody gets one either.");
    expect("[S1] This is said by the first. [S2]", 60, "[S1] This is said by the first.");

    struct script_part parts[] = { PARAGRAPH("[S1] Said by the first speaker. [S2] "),
                                   PARAGRAPH("This is the second one's."),
                                   PARAGRAPH("And this, too, of course."), { 0 } };
    struct cutting c = cut(parts, 60, 762, NULL);

    check_lines(&c, "[S1] Said by the first speaker.\n[S2] This is the second one's.\n"
                    "[S2] And this, too, of course.");
    drop(&c);
}

/* ---- marks without words ---- */

static void check_marks(void)
{
    char text[3000];
    struct cutting c;

    memset(text, '.', sizeof text);
    memcpy(text, "Words come first", 16);
    strcpy(text + 1000, " [S2] and then others.");
    c = cut_text(text, 100, NULL); /* the mark in the middle still counts */
    CHECK(c.n >= 2 && !strncmp(c.texts[c.n - 1], "[S2] and then", 13));
    drop(&c);
    for (int i = 0; i < 1000; i++)
        text[i] = " .!? -"[i % 6];
    strcpy(text + 700, "words after marks");
    c = cut_text(text, 60, NULL);
    drop(&c);

    /* what is left has no word: its pause and end are those of the last piece */
    memset(text, '!', 300);
    memcpy(text, "Words come first", 16);
    text[300] = 0;
    struct script_part parts[] = {
        { .text = text, .end = SCRIPT_PAUSE, .pause_s = 2.5 }, PARAGRAPH("More of them."), { 0 }
    };

    c = cut(parts, 60, 762, NULL);
    CHECK(c.n == 3 && c.pieces[1].pause_s == 2.5 && c.pieces[1].end == SPLIT_PAUSE);
    drop(&c);
}

/* ---- parts ---- */

static void check_paragraphs(void)
{
    struct script_part parts[] = {
        { .text = (char *)"A heading", .end = SCRIPT_PARAGRAPH, .pause_s = -1, .level = 2 },
        PARAGRAPH("Yes."), PARAGRAPH("A paragraph that is long enough to stand alone."),
        { .text = (char *)"Short", .end = SCRIPT_PARAGRAPH, .pause_s = -1, .level = 1 },
        { .text = (char *)"No", .end = SCRIPT_PARAGRAPH, .pause_s = -1 }, PARAGRAPH("Maybe"),
        PARAGRAPH("“So”"), PARAGRAPH("It is late, so come in."),
        { .text = (char *)"Wait.", .end = SCRIPT_PAUSE, .pause_s = 1.25 }, PARAGRAPH("Now."),
        { .text = (char *)"And here.", .end = SCRIPT_PARAGRAPH, .pause_s = 0 },
        PARAGRAPH("It ends."),
        { .text = (char *)"Last.", .end = SCRIPT_SENTENCE, .pause_s = -1 }, { 0 }
    };
    struct cutting c = cut(parts, 100, 762, NULL);

    check_lines(&c, "A heading\nYes. A paragraph that is long enough to stand alone.\nShort\n"
                    "No. Maybe. “So”. It is late, so come in.\nWait.\nNow. And here.\n"
                    "It ends. Last.");
    if (CHECK(c.n == 7)) {
        CHECK(c.pieces[0].level == 2 && c.pieces[2].level == 1 && c.pieces[1].level == 0);
        CHECK(c.pieces[4].end == SPLIT_PAUSE && c.pieces[4].pause_s == 1.25);
        CHECK(c.pieces[5].end == SPLIT_PARAGRAPH && c.pieces[5].pause_s == 0);
        CHECK(c.pieces[6].end == SPLIT_SENTENCE && c.pieces[6].pause_s < 0);
    }
    drop(&c);
}

/* A pause lies behind the last piece of its part, however many there are. */
static void check_pauses(void)
{
    char text[1200];
    struct script_part parts[] = {
        { .text = text, .end = SCRIPT_PAUSE, .pause_s = 0.125 },
        PARAGRAPH("And the rest."), { 0 }
    };

    repeat(text, "Words and words, and more. ", 40);
    for (int weight = 30; weight < 1500; weight += 77) {
        struct cutting c = cut(parts, weight, 762, NULL);

        for (int i = 0; i < c.n; i++)
            CHECK((c.pieces[i].pause_s == 0.125) == (i == c.n - 2));
        drop(&c);
    }
}

/* Limits of bytes that are narrower than those of weight, and texts of every length. */
static void check_limits(void)
{
    static const char words[] = "“Ünïcode, naïve” words: [S1] 12.5 (hm) é — ? 我們 x. [S2] ";
    char text[1500];
    struct script_part parts[] = { PARAGRAPH(text), PARAGRAPH("Yes"), PARAGRAPH("No, not it"),
                                   PARAGRAPH("A longer text than those before it."), { 0 } };

    for (int times = 1; times <= 16; times += 5) {
        repeat(text, words, times);
        for (int weight = 24; weight < 140; weight += 11)
            for (int bytes = 24; bytes < 140; bytes += 29) {
                struct cutting c = cut(parts, weight, bytes, NULL);

                drop(&c);
            }
    }
}

/* A script is made of parts with words; what others ask for is not lost. */
static void check_script(void)
{
    struct script s = { 0 };
    struct script_part wait = { .end = SCRIPT_PAUSE, .pause_s = 0.5 };
    struct script_part paragraph = { .end = SCRIPT_PARAGRAPH, .pause_s = -1 };

    echo_script_add(&s, " ... ", wait);
    echo_script_add(&s, "", wait);
    CHECK(s.n == 0 && s.lead_s == 1);
    echo_script_add(&s, "Words", paragraph);
    echo_script_add(&s, "[S2]", wait);
    echo_script_add(&s, "-", wait);
    CHECK(s.n == 1 && s.parts[0].pause_s == 1);
    echo_script_free(&s);
    CHECK(!s.parts && !s.n);
}

int main(void)
{
    check_sentences();
    check_clauses();
    check_balance();
    check_characters();
    check_events();
    check_tags();
    check_marks();
    check_paragraphs();
    check_pauses();
    check_limits();
    check_script();
    return unit_report();
}

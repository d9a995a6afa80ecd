/* SPDX-License-Identifier: MIT */
/*
 * test_dialogue.c - who says what: names in texts of every markup, turns in scripts, pieces.
 *
 * Scripts are written so: "1: " before a part of role 1 that begins a turn, "/" between the
 * parts of a turn, "|" between turns.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/pieces.h"
#include "text/buffer.h"
#include "text/clean/clean.h"
#include "unit.h"

static const echo_role people[] = { { "Anna", NULL }, { "Doctor  Brown", NULL },
                                    { "Zoë", NULL } };

#define PEOPLE 3

static void show(struct text_buffer *out, const struct script *s)
{
    char name[16];

    for (int i = 0; i < s->n; i++) {
        const struct script_part *p = &s->parts[i];
        bool begins = !i || p->turn != s->parts[i - 1].turn;

        snprintf(name, sizeof name, "%d: ", p->role);
        echo_buffer_string(out, !i ? "" : begins ? "|" : "/");
        echo_buffer_string(out, begins && p->role ? name : "");
        echo_buffer_string(out, p->text);
        CHECK(p->turn == (i ? s->parts[i - 1].turn + begins : 0));
    }
}

/* ---- texts ---- */

static const struct {
    enum markup markup;
    const char *text, *want;
} texts[] = {
    { MARKUP_PLAIN, "Anna: Hello.\nZoë: Hi.", "1: Hello.|3: Hi." },
    { MARKUP_PLAIN, "It rains.\n\nAnna: Hello.", "It rains.|1: Hello." },
    { MARKUP_PLAIN, "anna : a\nANNA:b\nＡｎｎａ： c", "1: a|1: b|1: c" },
    { MARKUP_PLAIN, "Zoe\xcc\x88: a\nZOË: b", "3: a|3: b" },
    { MARKUP_PLAIN, "doctor brown: a\nDoctor\tBrown: b", "2: a|2: b" },
    { MARKUP_PLAIN, "**Anna:** a\n*Anna*: b\n__Anna__: *c* d", "1: a|1: b|1: c d" },
    { MARKUP_PLAIN, "Anna: One.\nTwo\nthree.\n\nFour.", "1: One. Two three./Four." },
    { MARKUP_PLAIN, "Anna:\n\nHello.\nZoë:\nHi.", "1: Hello.|3: Hi." },
    { MARKUP_PLAIN, "Anna: Note: this is it.", "1: Note: this is it." },
    { MARKUP_PLAIN, "Anna: I asked Zoë: why?", "1: I asked Zoë: why?" },
    { MARKUP_PLAIN, "Annabel: Hello.\nAnna: Hi.", "Annabel: Hello.|1: Hi." },
    { MARKUP_PLAIN, "Anna: ...\nZoë: Hi.", "3: Hi." }, /* nothing is said */
    { MARKUP_PLAIN, "Anna: Well. [pause:2] Yes.", "1: Well./Yes." },
    { MARKUP_PLAIN, "Chapter 1\n\nAnna: Hi.\n\nChapter 2\n\nIt rains.",
      "Chapter one.|1: Hi.|Chapter two./It rains." },
    { MARKUP_PLAIN, "- Anna: one\n- Zoë: two", "1: one.|3: two." },
    { MARKUP_MARKDOWN, "**Anna:** Hello.\n**Zoë:** Hi.", "1: Hello.|3: Hi." },
    { MARKUP_MARKDOWN, "Anna: *Hello.*  \nZoë: Hi.\n\nAnd more.",
      "1: Hello.|3: Hi./And more." },
    { MARKUP_MARKDOWN, "# Anna: a play\n\nAnna: Hi.\n\n## Two\n\nIt rains.",
      "Anna: a play.|1: Hi.|Two./It rains." },
    { MARKUP_MARKDOWN, "> Anna: Hi.\n\n- Zoë: Yes.", "1: Hi.|3: Yes." },
    { MARKUP_MARKDOWN, "Zoë: Look.\n\n```\nAnna: code\n```", "3: Look./Anna: code" },
    { MARKUP_MARKDOWN, "| Who | Age |\n|---|---|\n| Anna: | 7 |\n\nZoë: Hi.",
      "Who, Age./Who Anna:, Age seven.|3: Hi." },
    { MARKUP_HTML, "<p><b>Anna:</b> Hello.<br>Zo&euml;: Hi.</p><p>And more.</p>",
      "1: Hello.|3: Hi./And more." },
    { MARKUP_SSML, "<speak><p><s>Anna: One.</s><s>Two.</s></p><p>Zoë: Three.</p></speak>",
      "1: One./Two.|3: Three." },
    { MARKUP_AUTO, "**Anna:** Hello.\n\n**Zoë:** Hi.", "1: Hello.|3: Hi." },
};

static void check_text(int i)
{
    struct script script = { 0 };
    struct text_buffer out = { 0 };
    struct cast cast;
    struct clean_opts how = { .markup = texts[i].markup, .cast = &cast };
    echo_error e = { 0 };

    CHECK_SAY(!echo_cast_open(&cast, people, PEOPLE, &e), "%s", e.text);
    CHECK_SAY(!echo_clean(&script, texts[i].text, &how, &e), "%s", e.text);
    show(&out, &script);
    CHECK_SAY(!strcmp(echo_buffer_text(&out), texts[i].want),
              "text %d\n  is   %s\n  want %s", i, echo_buffer_text(&out), texts[i].want);
    echo_buffer_free(&out);
    echo_cast_close(&cast);
    echo_script_free(&script);
}

/* ---- who is in the cast ---- */

static void refused(const char *first, const char *second, const char *why)
{
    const echo_role roles[] = { { first, NULL }, { second, NULL } };
    struct cast cast;
    echo_error e = { 0 };

    CHECK_SAY(echo_cast_open(&cast, roles, 2, &e) == ECHO_ERR_ARG && !strcmp(e.field, "cast") &&
                  strstr(e.text, why),
              "%s, %s: %s", first, second, e.text);
    echo_cast_close(&cast);
}

static void check_names(void)
{
    char longest[200] = "";

    memset(longest, 'a', 101);
    refused("Anna", "", "has no name");
    refused("Anna", " * ", "has no name");
    refused("Anna", "\xe2\x80\x8b", "has no name"); /* nothing that is seen */
    refused("Anna", NULL, "has no name");
    refused("Anna", "ANNA", "ANNA is twice in the cast");
    refused("Zoë", "**zoe\xcc\x88**", "is twice in the cast");
    refused("Anna", "Ben: the son", "without a colon");
    refused("Anna", "Ben\nCarl", "on one line");
    refused("Anna", "\xff", "UTF-8");
    refused("Anna", longest, "at most 100 bytes");
}

static void check_strangers(void)
{
    static const char text[] = "Carl: One.\nCARL: Two.\nDr. Who: Three.\nNote that: four.\n"
                               "http://a.example\nAt 7:30 it rains.\nAnna: Five.\nE: Six.\n"
                               "Anna (SOFTLY): Seven.\nAnna (softly): Eight.";
    struct script script = { 0 };
    struct cast cast;
    struct clean_opts how = { .markup = MARKUP_PLAIN, .cast = &cast };
    char names[200];

    CHECK(!echo_cast_open(&cast, people, PEOPLE, NULL) &&
          !echo_clean(&script, text, &how, NULL));
    CHECK(echo_cast_strangers(&cast, 2, names, sizeof names));
    CHECK_SAY(!strcmp(names, "Carl (2 lines), Anna (SOFTLY) (2 lines)"), "%s", names);
    CHECK(echo_cast_strangers(&cast, 1, names, sizeof names));
    CHECK_SAY(!strcmp(names, "Carl (2 lines), Dr. Who (1 line), E (1 line), "
                             "Anna (SOFTLY) (2 lines)"), "%s", names);
    CHECK(!echo_cast_strangers(&cast, 3, names, sizeof names) && !*names);
    echo_script_free(&script);
    echo_cast_close(&cast);
}

/* ---- pieces ---- */

static const echo_speak_opts opts = { .clean = true, .pause_sentence = 0.4f, .roles = PEOPLE,
                                      .pause_paragraph = 0.8f, .pause_turn = -0.2f,
                                      .cast = people };

static void open_pieces(struct pieces *p, const char *text, const echo_speak_opts *o)
{
    echo_error e = { 0 };

    CHECK_SAY(!echo_pieces_open(p, text, o, true, &e), "%s", e.text);
}

/* Short turns would go into one piece if they were paragraphs. */
static void check_pieces(void)
{
    struct {
        const char *text, *role;
        int turn;
        double pause_s;
    } want[] = {
        { "It rains.", NULL, 0, -0.2f },      { "Hi.", "Anna", 1, 0.8f },
        { "How are you today, my dear?", "Anna", 1, -0.2f },
        { "Fine.", "Anna", 2, 2 },            { "[S1] Oh [S2] no.", "Zoë", 3, -0.2f },
        { "Yes.", "Anna", 4, 0.8f },
    };
    struct pieces p;
    struct split_piece piece;
    int n = (int)(sizeof want / sizeof *want);

    open_pieces(&p, "It rains.\nAnna: Hi.\n\nHow are you today, my dear?\n"
                    "Anna: Fine. [pause:2]\nZoë: Oh [S2] no.\nAnna: Yes.", &opts);
    for (int i = 0; i < n; i++) {
        const char *role;
        const char *text = want[i].text;

        CHECK(echo_split_role(p.splitter) == (want[i].role ? *want[i].role == 'A' ? 1 : 3 : 0));
        if (!CHECK(echo_pieces_next(&p, (struct piece_limit){ 40, 40 }, &piece)))
            break;
        role = echo_pieces_role(&p, &piece);
        /* who has no tag gets one, and the tag of one turn says nothing about the next */
        CHECK_SAY(!strcmp(piece.text + (strncmp(text, "[S", 2) ? 5 : 0), text) &&
                      !strncmp(piece.text, "[S1] ", 5), "'%s', not '%s'", piece.text, text);
        CHECK(role ? want[i].role && !strcmp(role, want[i].role) : !want[i].role);
        CHECK(piece.turn == want[i].turn);
        CHECK_SAY(echo_pieces_pause(&piece, &opts) == want[i].pause_s, "%d: %g s", i,
                  echo_pieces_pause(&piece, &opts));
    }
    CHECK(!echo_pieces_next(&p, (struct piece_limit){ 40, 40 }, &piece));
    CHECK(!echo_split_role(p.splitter));
    echo_pieces_close(&p);
}

/* Text that is not cleaned has turns, too, and keeps its line ends within one. */
static void check_verbatim(void)
{
    echo_speak_opts o = opts;
    struct text_buffer out = { 0 };
    struct pieces p;

    o.clean = false;
    open_pieces(&p, "A *b*\r\nANNA: c\nd\r\n\r\nZoë:\te", &o);
    show(&out, &p.script);
    CHECK_SAY(!strcmp(echo_buffer_text(&out), "A *b*|1: c\nd|3: e"), "%s",
              echo_buffer_text(&out));
    echo_buffer_free(&out);
    echo_pieces_close(&p);
}

static void check_nobody(void)
{
    struct pieces p;
    echo_error e = { 0 };

    CHECK(echo_pieces_open(&p, "Carl: Hello.\nDora: Hi.\nCarl: Bye.", &opts, true, &e) ==
              ECHO_ERR_ARG && !strcmp(e.field, "cast"));
    CHECK_SAY(!strcmp(e.text, "no line of the text begins with a name of the cast and a colon "
                              "(Anna, Doctor  Brown, Zoë); names that are there: "
                              "Carl (2 lines), Dora (1 line)"), "%s", e.text);
    echo_pieces_close(&p);
    CHECK(echo_pieces_open(&p, "Hello.", &opts, true, &e) == ECHO_ERR_ARG &&
          strstr(e.text, "Zoë)") == e.text + strlen(e.text) - strlen("Zoë)"));
    echo_pieces_close(&p);
}

int main(void)
{
    for (int i = 0; i < (int)(sizeof texts / sizeof *texts); i++)
        check_text(i);
    check_names();
    check_strangers();
    check_pieces();
    check_verbatim();
    check_nobody();
    return unit_report();
}

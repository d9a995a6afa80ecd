/* SPDX-License-Identifier: MIT */
/*
 * test_clean.c - texts as people have them, and what is said of them: data/cleaned.tsv, and the
 * files of data/reports/text.  argv[1]: folder of golden data, beside both.
 *
 * Parts are written so: "#2 " before a heading; behind a part "¶" for a paragraph, "|" for a
 * sentence, "{0.5}" for a pause.  Nothing is spelled here, so numbers stand as they are.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "text/clean/readers.h"
#include "text/text.h"
#include "unit.h"

static void show_pause(struct text_buffer *out, double seconds)
{
    char text[40];

    snprintf(text, sizeof text, "{%g}", seconds);
    echo_buffer_string(out, text);
}

static void show(struct text_buffer *out, const struct script *s)
{
    char level[8];

    if (s->lead_s > 0)
        show_pause(out, s->lead_s);
    for (int i = 0; i < s->n; i++) {
        const struct script_part *p = &s->parts[i];

        snprintf(level, sizeof level, "#%d ", p->level);
        echo_buffer_string(out, p->level ? level : "");
        echo_buffer_string(out, p->text);
        if (p->pause_s >= 0)
            show_pause(out, p->pause_s);
        if (p->end == SCRIPT_PARAGRAPH)
            echo_buffer_string(out, i + 1 < s->n ? "¶" : "");
        else if (p->end == SCRIPT_SENTENCE)
            echo_buffer_string(out, "|");
    }
}

static void clean(struct text_buffer *out, const char *text, enum markup markup)
{
    struct script script = { 0 };
    struct passage p = { .out = &script };
    char *exact = strdup(text); /* one byte too many is seen */

    echo_read(&p, exact, markup);
    CHECK(!p.failed && !script.failed);
    show(out, &script);
    free(exact);
    echo_passage_close(&p);
    echo_script_free(&script);
}

/* ---- the table ---- */

static uint32_t hex(const char *s, int digits)
{
    char number[9] = { 0 };

    strncpy(number, s, (size_t)digits);
    return (uint32_t)strtoul(number, NULL, 16);
}

/* "\n", "\t", "\\", "\e" and "\u2019" as in C. */
static void unescape(struct text_buffer *out, const char *s)
{
    static const char names[] = "nte\\fb", meant[] = "\n\t\x1b\\\f\b";

    for (; *s; s++) {
        const char *name = *s == '\\' ? strchr(names, s[1]) : NULL;

        if (*s == '\\' && (s[1] == 'u' || s[1] == 'U')) {
            int digits = s[1] == 'u' ? 4 : 8;

            echo_buffer_character(out, hex(s + 2, digits));
            s += 1 + digits;
        } else if (name) {
            echo_buffer_put(out, meant + (name - names), 1);
            s++;
        } else {
            echo_buffer_put(out, s, 1);
        }
    }
}

static enum markup markup_of(const char *name)
{
    static const char *const names[] = { "auto", "plain", "markdown", "html", "ssml" };

    for (int i = 0; i < 5; i++)
        if (!strcmp(names[i], name))
            return (enum markup)i;
    CHECK_SAY(0, "'%s' is no markup", name);
    return MARKUP_AUTO;
}

static void check_line(char *line, int number)
{
    char *text = strchr(line, '\t'), *want = text ? strchr(text + 1, '\t') : NULL;
    struct text_buffer in = { 0 }, out = { 0 }, expected = { 0 };

    if (!CHECK_SAY(want != NULL, "line %d of the table", number))
        return;
    *text++ = *want++ = 0;
    unescape(&in, text);
    unescape(&expected, want);
    clean(&out, echo_buffer_text(&in), markup_of(line));
    CHECK_SAY(!strcmp(echo_buffer_text(&out), echo_buffer_text(&expected)),
              "line %d: %s %s\n  is   '%s'\n  want '%s'", number, line, text,
              echo_buffer_text(&out), echo_buffer_text(&expected));
    echo_buffer_free(&in);
    echo_buffer_free(&out);
    echo_buffer_free(&expected);
}

static void table(const char *data)
{
    char path[1024], *line = NULL;
    size_t room = 0;
    int number = 0;
    ssize_t n;
    FILE *f;

    snprintf(path, sizeof path, "%s/../cleaned.tsv", data);
    if (!CHECK_SAY((f = fopen(path, "r")) != NULL, "%s: %s", path, strerror(errno)))
        return;
    while ((n = getline(&line, &room, f)) > 0) {
        number++;
        if (line[n - 1] == '\n')
            line[n - 1] = 0;
        if (*line && *line != '#')
            check_line(line, number);
    }
    CHECK_SAY(number > 120, "%d lines", number);
    free(line);
    fclose(f);
}

/* ---- what people reported ---- */

static const struct {
    const char *file, *want;
} reports[] = {
    { "T01-soft-hyphen-zero-width", "Turn on the light in the kitchen." },
    { "T02-no-break-spaces", "Turn on the light in the kitchen." },
    { "T03-curly-quotes", "\"Turn on the light\" in the kitchen's room." },
    { "T03-german-french-quotes", "\"Turn on the light\" 'now' \"now\"." },
    { "T04-crlf", "Turn on the light." },
    { "T04-lf", "Turn on the light." },
    { "T06-utf8-bom", "Turn on the light in the kitchen." },
    { "T07-c1-next-line", "Turn on the light." },
    { "T07-ctrl-z", "Turn on the light." },
    { "T07-form-feed", "Turn on the light.¶Good morning." },
    { "T07-terminal-escapes", "Turn on the light." },
    { "T08-only-dash", "" },
    { "T08-only-dots", "" },
    { "T08-only-hyphen", "" },
    { "T08-only-quote", "" },
    { "T09-emoji-inside", "Turn on the light now." },
    { "T09-only-emoji", "" },
    { "T10-blank", "" },
    { "T10-empty", "" },
    { "T11-one-digit", "7" },
    { "T11-one-letter", "A" },
    { "T11-one-word", "Hi" },
    { "T13-fullwidth", "Turn on the light." },
    { "T13-math-letters", "Turn on the light." },
    { "T13-nfc", "Café, naïve, über." },
    { "T14-all-caps", "TURN ON THE LIGHT IN THE KITCHEN." },
    { "T15-exclamations", "Turn on the light!!!!!!!!!! Really???? Wait..." },
    { "T16-numbers", "It is 7:30 PM, $5.3 billion, 21.5°C, 40–60°C, 3/4, 50%, 1,234 and "
                     "2024-01-02." },
    { "T16-polish-decimal", "Jest 12,5 stopni." },
    { "T17-url-email", "See https://example.com/a?b=1&c=2#x or mail a.b@example.com." },
    { "T18-markdown", "#3 Lights.¶Turn on the light.¶Good morning.¶a, b.¶a 1, b 2.¶int x;¶"
                      "link mark gone" },
    { "T20-ssml", "Turn on{0.5}the light. Good morning." },
    { "T21-html-entities", "Turn on the light & the fan 'now'.|Good morning." },
    { "T22-S1-in-a-sentence", "The S1 light is red." },
    { "T22-S3", "[S3] Good morning." },
    { "T22-speakers-in-the-middle",
      "[S1] Turn on the light. [S2] The kitchen is red. [S1] Good morning." },
    { "T23-laughs", "(laughs) Turn on the light. [sigh] Good morning." },
    { "T28-arabic-rtl-marks", "مرحبا" },
    { "T28-chinese", "你好，世界。" },
    { "T29-quoted-sentence", "'Turn on the light.'" },
    { "ok-plain", "Turn on the light in the kitchen." },
};

static void read_report(struct text_buffer *out, const char *data, const char *name)
{
    char path[1024], bytes[4096];
    size_t n;
    FILE *f;

    snprintf(path, sizeof path, "%s/../reports/text/%s.txt", data, name);
    if (!CHECK_SAY((f = fopen(path, "rb")) != NULL, "%s: %s", path, strerror(errno)))
        return;
    while ((n = fread(bytes, 1, sizeof bytes, f)))
        echo_buffer_put(out, bytes, n);
    fclose(f);
}

static void reported(const char *data)
{
    for (size_t i = 0; i < sizeof reports / sizeof *reports; i++) {
        struct text_buffer text = { 0 }, out = { 0 };

        read_report(&text, data, reports[i].file);
        clean(&out, echo_buffer_text(&text), MARKUP_AUTO);
        CHECK_SAY(!strcmp(echo_buffer_text(&out), reports[i].want), "%s: '%s', not '%s'",
                  reports[i].file, echo_buffer_text(&out), reports[i].want);
        echo_buffer_free(&text);
        echo_buffer_free(&out);
    }
}

/* ---- the entry ---- */

#define NOTHING "text has nothing to speak: no letter or digit"

static const struct {
    const char *text, *line;
} refused[] = {
    { "", "text is empty" },
    { " \t\r\n", "text is blank" },
    { "...", NOTHING },
    { "[S1]", NOTHING },
    { "<speak><break time=\"1s\"/></speak>", NOTHING },
    { "# *\n\n---\n", NOTHING },
    { "a\xff", "text is not valid UTF-8 at byte 2" },
    { "a\n\xc3", "text is not valid UTF-8 at byte 1 of line 2" },
};

static void refusing(void)
{
    struct script s = { 0 };

    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        bool nothing = !strcmp(refused[i].line, NOTHING);
        echo_error e = { 0 };

        CHECK_SAY(echo_clean(&s, refused[i].text, &(struct clean_opts){ 0 }, &e) ==
                          (nothing ? ECHO_ERR_NOTHING : ECHO_ERR_ARG) &&
                      e.status && !strcmp(e.text, refused[i].line) &&
                      !strcmp(e.field, "text"),
                  "'%s': '%s'", refused[i].text, e.text);
        CHECK(!s.n);
    }
    CHECK(!echo_clean(&s, "One\x01", &(struct clean_opts){ 0 }, NULL));
    CHECK(!echo_clean(&s, "Two", &(struct clean_opts){ .markup = MARKUP_SSML }, NULL));
    CHECK(s.n == 2 && s.parts[0].end == SCRIPT_PARAGRAPH && s.parts[1].pause_s < 0);
    echo_script_free(&s);
}

/* ---- large ones ---- */

static const char *const repeated[] = {
    "It was the best of times,\nit was the worst of times; and so on it went, for a while.\n\n",
    "<p>Caf&eacute; &amp; <b>bar</b> &mdash; fine.</p>\n",
    "- **one** [two](http://x.y) `three` <break time=\"1s\"/> four\n",
    "<think>", "<script>", "<!--", "<pre><sub alias='x'>", "<x ", "&", "[pause:1]", "a--",
    "$x^2", "| a | b |\n|---|---|\n| 1 | 2 |\n\n", "**a", "[S1]", "naïve раура ", "`", "~~a ",
    "<say-as interpret-as=\"date\">a", "[^1]: ", "<ol><li>", "\" ", "_a ", ". ",
    "**a** ![[]()", "**a** [", "**a** > - ", "**a** [a](b",
};

static void large(void)
{
#ifdef __SANITIZE_ADDRESS__ /* a tenth is slow enough, and squares of it still are minutes */
    const size_t size = 100000;
#else
    const size_t size = 1000000;
#endif

    for (size_t i = 0; i < sizeof repeated / sizeof *repeated; i++) {
        struct text_buffer text = { 0 }, out = { 0 };
        clock_t start = clock();
        double seconds;

        while (text.length < size)
            echo_buffer_string(&text, repeated[i]);
        clean(&out, echo_buffer_text(&text), MARKUP_AUTO);
        seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
        /* It takes tenths of one.  Squares of a megabyte take hours. */
        CHECK_SAY(seconds < 20, "%.2f s for %zu bytes of '%s'", seconds, size, repeated[i]);
        if (getenv("TEST_TIMES"))
            printf("%6.2f s %s\n", seconds, repeated[i]);
        echo_buffer_free(&text);
        echo_buffer_free(&out);
    }
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 1;
    table(argv[1]);
    reported(argv[1]);
    refusing();
    large();
    return unit_report();
}

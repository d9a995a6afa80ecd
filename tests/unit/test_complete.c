/* SPDX-License-Identifier: MIT */
/* test_complete.c - a text that grows: which sentences of it are sure. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/text.h"
#include "unit.h"

/* Up to the bar a text is sure when it has come so far. */
static const char *const texts[] = {
    "|",
    "|Hello",
    "|Hello.",
    "|Hello. ",
    "Hello. |H",
    "Hello! |How are you? ",
    "Hello! How are you? |I",
    "One. Two. |Three.",
    /* abbreviations, numbers, initials, ellipses that go on */
    "|Ask Dr. Smith about it",
    "|It costs 3.5 dollars",
    "|Mr. and Mrs. Jones of the U.S. army",
    "|Well... she said",
    "Well... |She",
    "|e.g. this",
    /* quotations */
    "|\"Really?\" she asked",
    "\"Really?\" |She asked",
    "“No.” |He went",
    /* brackets, emphasis, tags */
    "|(Wait. What) he",
    "(Wait.) |He",
    "**Yes.** And. |Then",
    "|[S1] Yes. [S2]",
    "[S1] Yes. |[S2] No",
    /* a line is no sentence, a paragraph is */
    "|one line\nand another",
    "A title\n\n|And text",
    "A title\r\n\r\n|And text",
    "Yes.\n|No",
    /* listings of programs */
    "|```\nx = 1. Y = 2\n\nz = 3",
    "Do this: x. |```\nx = 1. Y = 2\n\nz",
    "```\nx = 1\n```\n\n|Done",
    /* other scripts and marks */
    "日本語。|二",
    "¿Qué? |Nada",
    "Ça va? |Oui",
    "Fine. |🙂 Next",
    /* marks alone do not begin a sentence */
    "|Yes. ... !!! - ",
};

static void check_table(void)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t at = strcspn(texts[i], "|"), found;
        char text[200];

        snprintf(text, sizeof text, "%.*s%s", (int)at, texts[i], texts[i] + at + 1);
        found = echo_text_complete(text, NULL);
        CHECK_SAY(found == at, "'%s': %zu, not %zu", text, found, at);
    }
}

/* However the text comes, byte for byte, what was sure stays a sentence's end. */
static void check_growth(void)
{
    static const char whole[] =
        "Good morning. Dr. Smith said \"Go. Now!\" and left... Then 3.5 hours went by. "
        "“Yes?” he asked (quietly. Or not). Well. [S2] No! See e.g. this. À bientôt. Ça va?\n\n"
        "# Title\n\nMore text. **Bold.** End";
    size_t spoken = 0, cuts[50], n = 0;

    for (size_t length = 1; length < sizeof whole; length++) {
        char *text = strndup(whole + spoken, length - spoken);
        size_t found = echo_text_complete(text, "en");

        CHECK(found <= strlen(text) && echo_text_readable(text) >= found);
        if (found && n < 50)
            cuts[n++] = spoken += found;
        free(text);
    }
    CHECK_SAY(n > 6, "%zu cuts", n);
    for (size_t i = 0; i < n; i++) {
        size_t length;
        char before[8] = "";

        snprintf(before, sizeof before, "%.*s", cuts[i] > 4 ? 4 : 0, whole + cuts[i] - 4);
        CHECK(echo_text_word(whole + cuts[i], &length) != NULL);
        CHECK_SAY(strcmp(before, "Dr. ") && strcmp(before, ".g. ") && strcmp(before, " 3."),
                  "cut behind '%s'", before);
    }
    CHECK_SAY(!strcmp(whole + spoken, "End") || !strcmp(whole + spoken, "**Bold.** End"),
              "left: '%s'", whole + spoken);
}

/* A language that ICU does not know, text that is no UTF-8 from some byte on. */
static void check_odd(void)
{
    CHECK(echo_text_complete("One. Two", "xx-nowhere") == 5);
    CHECK(echo_text_complete("One. Two. \xff Three", NULL) == 5);
    CHECK(echo_text_complete("\xff One. Two", NULL) == 0);
    CHECK(echo_text_complete("Das ist z.B. eins. Und zwei", "de") == 19);
}

int main(void)
{
    check_table();
    check_growth();
    check_odd();
    return unit_report();
}

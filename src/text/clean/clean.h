/* SPDX-License-Identifier: MIT */
/*
 * clean.h - text as people have it to what is to be said: markup, entities, characters that
 * nobody says, numbers and signs.
 *
 * In every markup:
 * - "[pause:1.5]", "[pause 500ms]" and <break> end a part with that pause, of at most 60 s;
 *   "[pause]" is 1 s, and so is a rule between blocks.  Pauses beside each other add up.
 * - "[S1]", "(laughs)", "[sigh]" stay as they are.  A tag of a speaker with no words goes
 *   before the next ones.
 * - <think>...</think> of a chat model is left out.  So is all before a "</think>" without a
 *   beginning, and all behind a "<think>" without an end, unless nothing would be left.
 * - Headings, items of lists and rows of tables end with a stop.
 * - Of a table the names of its columns are a part, then each row: "name value, name value."
 * - Code of one line of at most 80 bytes is said, else "Code example, 3 lines."
 * - Pictures are said by their alternative text: "Image: ..."
 * - Emoji, digits in frames among them, and decorations are left out.
 * - Dashes within sentences and arrows become commas.
 * - A line that begins with a name of the cast and a colon is a turn: of that role, up to the
 *   next turn or heading.  The name is not said.
 */
#ifndef ECHO_CLEAN_H
#define ECHO_CLEAN_H

#include "text/cast.h"
#include "text/script.h"

enum markup {
    MARKUP_AUTO,     /* SSML if it begins so; HTML and markdown if it looks like them */
    MARKUP_PLAIN,    /* paragraphs between empty lines; tags are text, unless it was guessed */
    MARKUP_MARKDOWN, /* CommonMark with tables, strikethrough, footnotes and formulas; indented
                      * lines are code, unless it was guessed */
    MARKUP_HTML,
    MARKUP_SSML,
};

/* "auto", "plain", "markdown", "html", "ssml"; NULL: auto. */
echo_status echo_markup_named(enum markup *out, const char *name, echo_error *err);

struct clean_opts {
    enum markup markup;
    const char *language; /* as BCP 47 names it; NULL: "en" */
    struct cast *cast;    /* whose lines are theirs; NULL: nobody's */
};

/*
 * Add what `text`, valid UTF-8 of any length, has to say.  ECHO_ERR_ARG: it is invalid,
 * as echo_text_valid() says.  ECHO_ERR_NOTHING: it has nothing to speak.
 */
echo_status echo_clean(struct script *out, const char *text, const struct clean_opts *opts,
                       echo_error *err);

#endif

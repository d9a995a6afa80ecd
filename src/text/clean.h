/* SPDX-License-Identifier: MIT */
/*
 * clean.h - text as people have it to what is to be said: markup, entities, characters that
 * nobody says, numbers and signs.
 */
#ifndef ECHO_CLEAN_H
#define ECHO_CLEAN_H

#include "text/script.h"

enum markup {
    MARKUP_AUTO,     /* SSML if it begins so; HTML and markdown if it looks like them */
    MARKUP_PLAIN,    /* paragraphs between empty lines */
    MARKUP_MARKDOWN, /* CommonMark with tables and strikethrough */
    MARKUP_HTML,
    MARKUP_SSML,
};

struct clean_opts {
    enum markup markup;
    const char *language; /* as BCP 47 names it; NULL: "en" */
};

/*
 * Add what `text`, valid UTF-8 of any length, has to say.  ECHO_ERR_ARG: it is invalid
 * (echo_text_valid() says how) or has nothing to speak.
 */
echo_status echo_clean(struct script *out, const char *text, const struct clean_opts *opts,
                       echo_error *err);

#endif

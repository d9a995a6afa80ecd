/* SPDX-License-Identifier: MIT */
/*
 * html.h - tags and entities of HTML, and those of SSML among them.
 *
 * A reader of other markup gives it what may have tags, piece by piece.
 */
#ifndef ECHO_TEXT_HTML_H
#define ECHO_TEXT_HTML_H

#include "text/clean/passage.h"
#include "text/clean/tag.h"

#define HTML_LISTS 16 /* lists within lists; deeper ones are not counted */
#define HTML_PAIRS 32 /* names of tags that nobody knows */

enum html_dialect {
    HTML_PAGE,
    HTML_WITHIN, /* now and then a tag in other text: "<name>" without "</name>" is none */
    HTML_SSML,
};

struct html {
    struct passage *p;
    enum html_dialect dialect;
    char muted[TAG_NAME_BYTES];  /* up to the end of this tag nothing is said; "": none */
    struct html_found {          /* what was looked for in the text that is read now */
        const char *what, *at;   /* NULL: it is nowhere from there on */
    } found[16];
    bool in_row;
    int depth;                   /* of lists */
    long next[HTML_LISTS];       /* number of the next item, 0: it has none */
    char pairs[HTML_PAIRS][TAG_NAME_BYTES]; /* unknown tags that are closed somewhere */
    int n_pairs;
};

/* Is it a tag of HTML or SSML, and does it end what is before it? */
bool echo_html_knows(const char *name);
bool echo_html_is_block(const char *name);

/* `whole` is all that will be read. */
struct html echo_html_open(struct passage *p, enum html_dialect dialect, const char *whole);
void echo_html_read(struct html *h, const char *text);
/* Text of no markup among it. */
void echo_html_put(struct html *h, const char *text, size_t n);
/* A block of the other markup ends. */
void echo_html_end(struct html *h);

#endif

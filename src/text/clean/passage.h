/* SPDX-License-Identifier: MIT */
/*
 * passage.h - the block of a text that a reader of markup is in, and its parts in the script.
 *
 * A reader puts what it finds, marks among it, and ends the block.  Then it is cut at pauses
 * and at lines, made tidy, spelled and added.
 */
#ifndef ECHO_TEXT_PASSAGE_H
#define ECHO_TEXT_PASSAGE_H

#include "text/buffer.h"
#include "text/cast.h"
#include "text/clean/marks.h"
#include "text/script.h"
#include "text/spell/speller.h"

/* Zero but for `out` and `speller` is one without a text. */
struct passage {
    struct script *out;
    struct speller *speller;     /* NULL: it is left as it is written */
    struct cast *cast;           /* whose lines are theirs; NULL: nobody's */
    struct text_buffer text;     /* what was put */
    struct text_buffer number;   /* of a list's item, before its first words */
    struct text_buffer speaker;  /* tags without words, which go before the next ones */
    struct text_buffer columns;  /* names of the table's columns, a MARK_NAME before each */
    int level;                   /* of the block, as of a heading; the end forgets it */
    bool nameless;               /* no line of the block begins with a name of the cast */
    bool stop;                   /* the block ends with a stop, so that the voice falls */
    bool failed;                 /* memory ran out */
};

void echo_passage_put(struct passage *p, const char *bytes, size_t n);
void echo_passage_mark(struct passage *p, enum mark mark);
void echo_passage_pause(struct passage *p, double seconds);
bool echo_passage_is_blank(const struct passage *p);

/* End the block. */
void echo_passage_end(struct passage *p, enum script_end end);
/* The same if it has begun; else what is known about it still holds. */
void echo_passage_begin(struct passage *p);
/* A rule between blocks. */
void echo_passage_rule(struct passage *p);
/* The next words are this item of a numbered list. */
void echo_passage_number(struct passage *p, long number);
/* A block of code, said or told of. */
void echo_passage_code(struct passage *p, const char *code);
/* "Image: ..." before the words that describe one; true: a stop belongs behind them. */
bool echo_passage_image(struct passage *p);

void echo_passage_close(struct passage *p);

#endif

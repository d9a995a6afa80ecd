/* SPDX-License-Identifier: MIT */
/*
 * split.h - a script to pieces that a model says in one go.
 *
 * Pieces end where a reader would breathe: at the end of a paragraph or a sentence, else behind
 * a comma, else between words.  They never end inside a character, a speaker tag ("[S2]") or an
 * event in brackets ("(laughs)"), and none is of two turns.  Boundaries are ICU's, which knows
 * abbreviations.
 */
#ifndef ECHO_SPLIT_H
#define ECHO_SPLIT_H

#include "text/script.h"

enum split_end {
    SPLIT_CHARACTER, /* inside a word, which is longer than a piece may be */
    SPLIT_WORD,
    SPLIT_CLAUSE,
    SPLIT_SENTENCE,
    SPLIT_PARAGRAPH,
    SPLIT_PAUSE, /* of a length that the text asks for */
};

struct split_piece {
    const char *text; /* until the next piece is asked for */
    enum split_end end;
    double pause_s;   /* behind it, if the text asks for one; else below 0 */
    int level;        /* of a heading; 0: it is none */
    bool begins_part; /* it is the first piece of a heading or paragraph */
    int role, turn;   /* of the script's part */
    bool ends_turn;   /* and another turn follows */
};

/* Where a splitter is; all zero: at the beginning. */
struct split_position {
    int part;
    size_t byte; /* of the part's text */
    int speaker; /* the digit of the last tag; 0: there was none */
};

struct splitter;

/* The script must outlive it.  language as BCP 47 names it; NULL: "en". */
echo_status echo_splitter_open(struct splitter **out, const struct script *script,
                               const char *language, echo_error *err);
void echo_splitter_close(struct splitter **s);

/* The next piece, of about `weight` (echo_text_weight()); a sentence that is longer may have
 * `most`.  With the tag that says who speaks it has at most `bytes`.  False at the end, or
 * where memory ran out. */
bool echo_split(struct splitter *s, int weight, int most, int bytes, struct split_piece *out);
bool echo_split_failed(const struct splitter *s);

struct split_position echo_split_tell(const struct splitter *s);
void echo_split_seek(struct splitter *s, struct split_position to);

/* Who says what comes next; 0: the narrator, or nothing comes. */
int echo_split_role(const struct splitter *s);

/* Share of the script's bytes that is behind, 0 to 1. */
double echo_split_done(const struct splitter *s);

#endif

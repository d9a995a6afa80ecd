/* SPDX-License-Identifier: MIT */
/*
 * script.h - what is to be said, in order: the parts of a text between which voices pause.
 *
 * Markup has become parts; what is in them is said as it stands.
 */
#ifndef ECHO_SCRIPT_H
#define ECHO_SCRIPT_H

#include <stdbool.h>

#include "echotts.h"

/* How a part ends, and so how long a voice pauses. */
enum script_end {
    SCRIPT_PARAGRAPH, /* paragraph, heading, list item, row of a table */
    SCRIPT_SENTENCE,  /* <s> of SSML */
    SCRIPT_PAUSE,     /* a pause that was asked for, within a paragraph */
};

struct script_part {
    char *text; /* UTF-8 on one line, with something to say in it */
    enum script_end end;
    double pause_s; /* behind it, asked for; below 0: by its end */
    int level;      /* of a heading, 1 to 6; 0: it is none */
    int role;       /* who says it, from 1; 0: the narrator */
    int turn;       /* from 0: the parts that one role says in a row, from a name on */
};

/* All zero is an empty one. */
struct script {
    struct script_part *parts;
    int n, capacity;
    double lead_s; /* of silence before the first part, asked for */
    int role;      /* who says what is added */
    bool turning;  /* the next part begins a turn */
    bool failed;   /* memory ran out: it is not whole */
};

/* Add a copy of the text, said by whose turn it is.  One without a letter or digit is left out;
 * a pause that it asks for is added to the one before. */
void echo_script_add(struct script *s, const char *text, struct script_part how);
/* This role says what is added from now on: a turn begins with the next part. */
void echo_script_turn(struct script *s, int role);
void echo_script_free(struct script *s);

#endif

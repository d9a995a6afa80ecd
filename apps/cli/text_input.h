/* SPDX-License-Identifier: MIT */
/* text_input.h - the words to be spoken, from wherever they are. */
#ifndef CLI_TEXT_INPUT_H
#define CLI_TEXT_INPUT_H

#include <stddef.h>

#include "echotts.h"

struct text_input {
    char *text;       /* UTF-8 */
    const char *name; /* for messages: "standard input"; NULL: it is an argument */
    char *spoken;     /* its pieces so far, as they will be said; NULL: none */
    size_t spoken_bytes, capacity;
};

/*
 * Read `word`, or, if it is NULL, the file at path; "-" is standard input.  It may be a book.
 * A byte order mark in front is dropped, and of a file what editors put at its end: line ends
 * and the Ctrl-Z of DOS.  Close it in any case.
 */
echo_status text_input_read(struct text_input *t, const char *word, const char *path,
                            echo_error *err);
void text_input_close(struct text_input *t);

/* Add a piece to what will be said; make that the text. */
echo_status text_input_add(struct text_input *t, const char *piece, echo_error *err);
void text_input_take_spoken(struct text_input *t);

/* The library's line about a text, with the name of its source in front. */
echo_status text_input_failed(const struct text_input *t, echo_status status, echo_error *err);

#endif

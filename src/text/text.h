/* SPDX-License-Identifier: MIT */
/*
 * text.h - text to the bytes the model reads, and its words; echo_text_normalize() and more of
 * it is in echotts.h.
 */
#ifndef ECHO_TEXT_H
#define ECHO_TEXT_H

#include <stddef.h>

#include "echotts.h"

#define TEXT_MAX_TOKENS 768 /* with the leading 0 */

/* Checks that text is valid UTF-8 without control characters other than tab and line ends, and
 * has a word.  The line says where, counting bytes and lines from 1. */
echo_status echo_text_valid(const char *text, echo_error *err);

/* The same, but any control characters may be there and words need not. */
echo_status echo_text_utf8(const char *text, echo_error *err);
/* ECHO_ERR_NOTHING, and a line that says that there is no word. */
echo_status echo_text_nothing(echo_error *err);

/* The first word at or behind `text`, or NULL: letters, digits, and apostrophes between them
 * (echo_model_unknown() says it in full).  What is no UTF-8 is no letter. */
const char *echo_text_word(const char *text, size_t *length);

/* How long n bytes of text are to say, in bytes: each counts, and pauses count for more. */
int echo_text_weight(const char *text, size_t n);

/* How many characters its words have. */
int echo_text_letters(const char *text);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * tidy.h - the characters of a text as a speller and a voice expect them: what is not said is
 * gone, what has several forms has the usual one.
 */
#ifndef ECHO_TEXT_TIDY_H
#define ECHO_TEXT_TIDY_H

#include "text/buffer.h"

/*
 * Append the n bytes of text, one block of any number of lines, as one line.  A blank at either
 * end stays as one space.
 */
void echo_tidy(struct text_buffer *out, const char *text, size_t n);

#endif

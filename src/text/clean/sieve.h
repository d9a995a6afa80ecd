/* SPDX-License-Identifier: MIT */
/*
 * sieve.h - the first step of tidying: characters that are dropped, and those that have a usual
 * form.
 */
#ifndef ECHO_TEXT_SIEVE_H
#define ECHO_TEXT_SIEVE_H

#include <stdbool.h>

#include "text/buffer.h"

/* Append the n bytes of text.  What was seen and is dropped leaves a MARK_GAP. */
void echo_sieve(struct text_buffer *out, const char *text, size_t n);
/* Letters with accents of their own become one character, as far as there is one. */
void echo_compose(struct text_buffer *text);
/* Letters of other scripts inside Latin words that look like Latin ones become these. */
void echo_unmix(struct text_buffer *text);

#endif

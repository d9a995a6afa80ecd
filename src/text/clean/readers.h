/* SPDX-License-Identifier: MIT */
/*
 * readers.h - what reads each markup, from a text that is valid UTF-8 with LF line ends and no
 * characters of private use, into a passage, whose last block it ends.
 */
#ifndef ECHO_TEXT_READERS_H
#define ECHO_TEXT_READERS_H

#include "text/clean/clean.h"
#include "text/clean/html.h"
#include "text/clean/passage.h"

/* h: tags and entities among it are read; NULL: there are none. */
void echo_read_plain(struct passage *p, struct html *h, const char *text);
/* Sure: it was said to be markdown, so that indented lines are code. */
void echo_read_markdown(struct passage *p, const char *text, bool sure);

/* Which markup a text looks like. */
enum markup echo_guess(const char *text);

/* Append a text without controls, escapes of terminals and private use, its line ends LF. */
void echo_sift(struct text_buffer *out, const char *text);
/* Take out what a chat model thought before it answered: <think>...</think>. */
void echo_drop_thoughts(struct text_buffer *text);

/* All of it: any text that is valid UTF-8. */
void echo_read(struct passage *p, const char *text, enum markup markup);

#endif

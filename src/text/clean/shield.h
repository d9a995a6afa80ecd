/* SPDX-License-Identifier: MIT */
/*
 * shield.h - markdown made ready for cmark, which knows no tables, footnotes and formulas, and
 * would take the tag of a speaker for a link.
 */
#ifndef ECHO_TEXT_SHIELD_H
#define ECHO_TEXT_SHIELD_H

#include "text/buffer.h"

/* Append the text with tables as rows, and marks in place of signs that are meant as such. */
void echo_shield(struct text_buffer *out, const char *text);

#endif

/* SPDX-License-Identifier: MIT */
/* character.h - one character of a text: where it ends, and of which kind it is. */
#ifndef ECHO_CHARACTER_H
#define ECHO_CHARACTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the character at text, whose number goes to *code.  0 at the end, and if it is not
 * UTF-8: cut short, overlong, a surrogate or above U+10FFFF. */
size_t echo_character(const char *text, uint32_t *code);

/* Bytes of the line end at text, or 0: LF, CR, the two as one, and what else ends a line. */
size_t echo_character_line_end(const char *text);

/* A letter or a digit of any script, numbers in circles and fractions too: it can be said. */
bool echo_character_is_letter(uint32_t code);

/* It stands on the letter before it. */
bool echo_character_is_mark(uint32_t code);

/* Not seen on paper, or only decoration, or a second form of what has a usual one.  Letters of
 * any script, punctuation, money and the signs of sums are not. */
bool echo_character_is_unusual(uint32_t code);

/* An invisible mark between two letters, which is at home where letters join. */
bool echo_character_is_joiner(uint32_t code);
bool echo_character_joins(uint32_t code);

#endif

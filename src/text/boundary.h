/* SPDX-License-Identifier: MIT */
/*
 * boundary.h - places in a text where a reader may stop, beyond what ICU says of them.
 *
 * Offsets are bytes of `text`; what is looked at begins at `from`.
 */
#ifndef ECHO_BOUNDARY_H
#define ECHO_BOUNDARY_H

#include <stdbool.h>
#include <stddef.h>
#include <unicode/ubrk.h>

#define TAG_BYTES 5 /* "[S1] " */

/* For texts in a language, as BCP 47 names it; NULL: "en".  No sentence ends behind an
 * abbreviation.  NULL: ICU's data are missing, or memory. */
UBreakIterator *echo_boundary_open(UBreakIteratorType type, const char *language);

/* The digit of the speaker tag at text, or 0. */
int echo_boundary_tag(const char *text);

/* `to`, but before the blanks that end there; before blanks and speaker tags. */
size_t echo_boundary_trim(const char *text, size_t from, size_t to);
size_t echo_boundary_trim_tags(const char *text, size_t from, size_t to);

/* Bytes of the mark that n bytes of text end with, or 0. */
size_t echo_boundary_mark(const char *text, size_t n, const char *const *marks);

/* Inside brackets that hold an event or a remark: they opened a few bytes before and close
 * soon. */
bool echo_boundary_in_event(const char *text, size_t from, size_t at);

/* Between a speaker tag and what it belongs to. */
bool echo_boundary_behind_tag(const char *text, size_t from, size_t at);

/* "Really?" she asked: the quotation ends before the blanks, the sentence does not. */
bool echo_boundary_goes_on(const char *text, size_t from, size_t at);

#endif

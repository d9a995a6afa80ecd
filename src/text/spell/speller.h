/* SPDX-License-Identifier: MIT */
/*
 * speller.h - writes out what a reader says otherwise than it is written: numbers, times,
 * money, units, addresses, capitals.  Over ICU's rule-based number format.
 */
#ifndef ECHO_SPELLER_H
#define ECHO_SPELLER_H

#include "echotts.h"
#include "text/buffer.h"

struct speller;

/* Is it a language, as BCP 47 names it: "en", "en-GB", "de"? */
echo_status echo_language_check(const char *language, echo_error *err);

/* For such a language.  English is complete.  For others numbers are spelled as far as ICU
 * knows them. */
echo_status echo_speller_open(struct speller **out, const char *language, echo_error *err);
void echo_speller_close(struct speller **s);

/* Append a text of one paragraph, which is valid UTF-8 and tidy, as it is said. */
void echo_spell(struct speller *s, struct text_buffer *out, const char *text);

/*
 * The same for text of which its author says how to read it, as <say-as interpret-as="..."
 * format="..."> of SSML does: "characters", "spell-out", "cardinal", "number", "ordinal",
 * "digits", "fraction", "unit", "date", "time", "telephone", "currency", "expletive".
 * False: the way is unknown, and it is appended as by echo_spell().  format may be NULL.
 */
bool echo_spell_as(struct speller *s, struct text_buffer *out, const char *text, const char *as,
                   const char *format);

/* Is a word with its mark an abbreviation of English that does not end a sentence ("Dr.")?  In
 * any case, of ASCII. */
bool echo_is_abbreviation(const char *word, size_t n);

#endif

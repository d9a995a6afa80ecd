/* SPDX-License-Identifier: MIT */
/* ssml.h - tags of the Speech Synthesis Markup Language, which may be in any markup. */
#ifndef ECHO_TEXT_SSML_H
#define ECHO_TEXT_SSML_H

#include "text/clean/passage.h"
#include "text/clean/tag.h"

void echo_ssml_break(struct passage *p, const struct tag *t);
/* The beginning of <say-as> and its end. */
void echo_ssml_say_as(struct passage *p, const struct tag *t);
/* Put the text that is said instead.  False: <sub> is not of SSML, or has nothing instead. */
bool echo_ssml_alias(struct passage *p, const struct tag *t);

#endif

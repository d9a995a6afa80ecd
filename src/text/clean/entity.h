/* SPDX-License-Identifier: MIT */
/* entity.h - "&amp;", "&#233;" and what they stand for. */
#ifndef ECHO_TEXT_ENTITY_H
#define ECHO_TEXT_ENTITY_H

#include "text/buffer.h"

/* Append what the entity at s stands for.  Its bytes, or 0: there is none. */
size_t echo_entity(struct text_buffer *out, const char *s);
/* The same of one with a number only. */
size_t echo_entity_number(struct text_buffer *out, const char *s);

#endif

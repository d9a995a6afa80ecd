/* SPDX-License-Identifier: MIT */
/* row.h - a row of a table as it is said: "name value, name value". */
#ifndef ECHO_TEXT_ROW_H
#define ECHO_TEXT_ROW_H

#include "text/buffer.h"

/* It begins with the mark of a cell. */
bool echo_row_is(const char *text);
/* Append it.  A row of names alone is said as it is and becomes `columns`. */
void echo_row_say(struct text_buffer *out, struct text_buffer *columns, const char *text);

#endif

/* SPDX-License-Identifier: MIT */
/* table.h - tables in markdown: lines of cells between bars. */
#ifndef ECHO_TEXT_TABLE_H
#define ECHO_TEXT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "text/buffer.h"

/* This line has the names, the next is of dashes. */
bool echo_table_begins(const char *line);
/* Append its rows, each a block with marks before the cells, and return its bytes. */
size_t echo_table_put(struct text_buffer *out, const char *line);

#endif

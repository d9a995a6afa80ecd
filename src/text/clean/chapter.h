/* SPDX-License-Identifier: MIT */
/* chapter.h - headings of books without markup. */
#ifndef ECHO_TEXT_CHAPTER_H
#define ECHO_TEXT_CHAPTER_H

#include <stdbool.h>
#include <stddef.h>

/* Is the line one?  *whole: it has no title behind the number. */
bool echo_chapter(const char *line, size_t n, bool *whole);

#endif

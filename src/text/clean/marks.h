/* SPDX-License-Identifier: MIT */
/*
 * marks.h - what readers of markup leave between the characters of a text.  They are of private
 * use; those that a text had itself are gone by then.
 */
#ifndef ECHO_TEXT_MARKS_H
#define ECHO_TEXT_MARKS_H

#include <stddef.h>
#include <stdint.h>

enum mark {
    MARK_ASCII = 0xe000, /* and an ASCII character, which markup is not to see */
    MARK_GAP = 0xe100,   /* something was dropped: words beside it stay apart */
    MARK_LINE,           /* a line ends, and is meant to */
    MARK_CELL,           /* of a table's row; it is before each */
    MARK_NAME,           /* the same, of the row with the names of columns */
    MARK_AS,             /* <say-as>: its interpret-as, MARK_FORMAT, its format, MARK_SAY, */
    MARK_FORMAT,         /* the text that it is about, MARK_SAID */
    MARK_SAY,
    MARK_SAID,
    MARK_PAUSE, /* then milliseconds, then the same once more */
    MARK_LAST = MARK_PAUSE,
};

#define MARK_BYTES 3

/* MARK_ASCII counts as the character. */
static inline uint32_t echo_mark_at(const char *s)
{
    const unsigned char *u = (const unsigned char *)s;
    uint32_t code;

    if (u[0] != 0xee || (u[1] & 0xc0) != 0x80 || (u[2] & 0xc0) != 0x80)
        return 0;
    code = 0xe000u | (u[1] & 0x3fu) << 6 | (u[2] & 0x3fu);
    return code < MARK_ASCII + 0x80 ? code - MARK_ASCII : code <= MARK_LAST ? code : 0;
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * cast.h - who speaks in a text: lines that begin with a name of the cast and a colon.
 *
 * Case and Unicode form of names do not matter, nor do signs of emphasis around them.  Only
 * names of the cast count.  What looks like one but is none is remembered.
 */
#ifndef ECHO_CAST_H
#define ECHO_CAST_H

#include "echotts.h"

struct cast_name {
    char *name, *folded; /* as written; as compared */
    int lines;           /* that begin with it */
};

/* All zero: nobody has a name. */
struct cast {
    struct cast_name *roles, *strangers;
    int n, n_strangers;
    bool failed; /* memory ran out */
};

/* ECHO_ERR_ARG: a name is empty, has a colon or is there twice.  Close it in any case. */
echo_status echo_cast_open(struct cast *c, const echo_role *roles, int n, echo_error *err);
void echo_cast_close(struct cast *c);

/* Bytes up to behind the colon, where the line begins with a name: *role is its index in the
 * cast, from 1.  0: it does not. */
size_t echo_cast_line(struct cast *c, const char *line, int *role);

/* Name those who are not in the cast, but begin so many lines: "Carl (3 lines), Dora (1 line)".
 * False: there are none. */
bool echo_cast_strangers(const struct cast *c, int lines, char *out, size_t size);

#endif

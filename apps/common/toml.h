/* SPDX-License-Identifier: MIT */
/*
 * toml.h - the settings in a text of TOML 1.0: tables, keys, and single values.
 *
 * Debian 12 has no library of TOML for C.  Dates, tables in braces, arrays of tables, strings
 * of several lines and numbers that are not decimal are refused: no setting is any of them.
 */
#ifndef COMMON_TOML_H
#define COMMON_TOML_H

#include "echotts.h"

enum { TOML_DEPTH = 4 }; /* names in a path, at most */

enum toml_kind {
    TOML_TABLE, /* "[say]" itself: it has no value */
    TOML_STRING,
    TOML_INTEGER,
    TOML_FLOAT,
    TOML_BOOLEAN,
    TOML_ARRAY, /* of integers */
};

/* A key, or the head of a table. */
struct toml_entry {
    const char *path[TOML_DEPTH]; /* "model", "small", "num-steps" */
    int depth;
    enum toml_kind kind;
    const char *text; /* the string; digits without "_"; "true"; items with "," between them */
    int line;
};

struct toml; /* entries in the order of the text */

/* name: how the text is called in errors.  ECHO_ERR_ARG has the line. */
echo_status toml_parse(struct toml **out, const char *text, size_t size, const char *name,
                       echo_error *err);
void toml_close(struct toml **t);

/* Entry i, NULL past the last. */
const struct toml_entry *toml_at(const struct toml *t, int i);

#endif

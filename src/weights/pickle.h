/* SPDX-License-Identifier: MIT */
/*
 * pickle.h - a Python pickle as values, of which nothing is ever executed.
 *
 * A pickle is a program for a small stack machine, and may ask for any function of Python.
 * Here it may ask only for names in a list of the caller's.  A call stays a value: the name
 * and what it was called with.  Time and memory grow with the bytes, and both have limits.
 */
#ifndef ECHO_PICKLE_H
#define ECHO_PICKLE_H

#include <stddef.h>
#include <stdint.h>

#include "echotts.h"

enum pickle_kind { PICKLE_OTHER, /* None, a float, bytes: nobody asks for them here */
                   PICKLE_INT,   /* also False and True */
                   PICKLE_TEXT,
                   PICKLE_TUPLE,
                   PICKLE_LIST,   /* also sets */
                   PICKLE_DICT,
                   PICKLE_NAME,   /* of a function or class in the list */
                   PICKLE_STORED, /* "persistent": a thing outside of the pickle */
                   PICKLE_CALL };

/* A name that may be asked for.  Called, it makes an empty dict, or stays a call. */
struct pickle_name {
    const char *module, *name;
    enum pickle_kind makes; /* PICKLE_DICT or PICKLE_CALL */
};

struct pickle_item {
    struct pickle_item *next;
    const struct pickle_value *key, *value; /* key: of a dict only */
};

struct pickle_value {
    enum pickle_kind kind;
    int64_t number;                 /* INT */
    const char *text;               /* TEXT: borrowed, not ended by a zero */
    size_t bytes;                   /* of text */
    const struct pickle_name *name; /* NAME, CALL */
    const struct pickle_value *of;  /* STORED: its description; CALL: the arguments */
    struct pickle_item *first, *last;
    size_t items; /* TUPLE, LIST, DICT */
};

struct pickle;

/*
 * Read a pickle of protocol 2 to 5.  names ends with a row without a module.  ECHO_ERR_FILE
 * with one line that names path: also for a name that is not in the list.
 */
echo_status echo_pickle_open(struct pickle **out, const char *path, const void *data,
                             size_t bytes, const struct pickle_name *names, echo_error *err);
void echo_pickle_close(struct pickle **p);

const struct pickle_value *echo_pickle_root(const struct pickle *p);

/* The last value of a dict under this key, or NULL. */
const struct pickle_value *echo_pickle_get(const struct pickle_value *dict, const char *key);

/* Item i of a tuple or list, or NULL. */
const struct pickle_value *echo_pickle_item(const struct pickle_value *list, size_t i);

#endif

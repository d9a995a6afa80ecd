/* SPDX-License-Identifier: MIT */
/*
 * outlet.h - where the bytes of a sound file go.
 *
 * Encoders come back to a file's beginning when they know how long it is.  So bytes for what
 * cannot be changed are kept in a nameless file until the end, or, of a stream, go at once;
 * what is written over them later is dropped.
 */
#ifndef ECHO_OUTLET_H
#define ECHO_OUTLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/file_out.h"

struct outlet {
    const char *name;     /* for messages; owned by the caller */
    struct file_out *out; /* one of the two: a file */
    bool (*write)(void *user, const void *bytes, size_t n);
    void *user;
    bool stream;
    int kept;           /* the nameless file, -1: none */
    const char *folder; /* that it is in */
    uint64_t at, bytes;
    int error;    /* errno of the nameless file */
    bool refused; /* by write() */
};

/* Set name, stream, and out or write before. */
echo_status echo_outlet_open(struct outlet *o, echo_error *err);

/* At `at`, which moves on.  After a failure nothing is done any more. */
void echo_outlet_write(struct outlet *o, const void *data, size_t n);
size_t echo_outlet_read(struct outlet *o, void *data, size_t n);

/* Make room for n bytes before all others.  Not of a stream. */
void echo_outlet_shift(struct outlet *o, size_t n);

/* ECHO_OK so long as everything has found its place. */
echo_status echo_outlet_status(const struct outlet *o, echo_error *err);

/* Everything leaves, and the file appears.  On failure, too, the outlet is closed. */
echo_status echo_outlet_commit(struct outlet *o, echo_error *err);

/* Nothing is left behind; commit may have been before. */
void echo_outlet_close(struct outlet *o);

#endif

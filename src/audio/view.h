/* SPDX-License-Identifier: MIT */
/*
 * view.h - a part of a source as a decoder reads it: with a place of its own, and with some
 * bytes that are said to be others than they are.
 */
#ifndef ECHO_VIEW_H
#define ECHO_VIEW_H

#include "base/source.h"

#define VIEW_PATCHES 3

struct view {
    struct source *source;
    uint64_t begin, bytes; /* of the source */
    uint64_t at;           /* in the view */
    int n_patches;
    struct patch {
        uint64_t at; /* in the view */
        size_t n;
        unsigned char bytes[8];
    } patches[VIEW_PATCHES];
};

/* Read n bytes as `value`, most significant first if big_endian, from place `at` on. */
void echo_view_patch(struct view *v, uint64_t at, size_t n, uint64_t value, bool big_endian);

/* Up to n bytes from place `at` on.  The view's own place stays. */
size_t echo_view_read(struct view *v, uint64_t at, void *out, size_t n);

#endif

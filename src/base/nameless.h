/* SPDX-License-Identifier: MIT */
/* nameless.h - temporary files that have no name and go when they are closed. */
#ifndef ECHO_NAMELESS_H
#define ECHO_NAMELESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* To be read and written, in $TMPDIR or /tmp, which *folder then names; -1: errno says why. */
int echo_nameless_open(const char **folder);

/* All n bytes, from place `at` on; false: errno says why. */
bool echo_write_at(int fd, uint64_t at, const void *data, size_t n);

/* Up to n bytes from place `at` on; fewer at the end, or where errno says why. */
size_t echo_read_at(int fd, uint64_t at, void *out, size_t n);

#endif

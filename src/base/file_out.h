/* SPDX-License-Identifier: MIT */
/*
 * file_out.h - a file that appears whole or not at all.
 *
 * It is written under another name beside `path`, renamed by commit, removed by abort.
 * A symbolic link stays: the file that it leads to is what appears.  Devices and pipes are
 * written directly.  `path` "-" is standard output.
 */
#ifndef ECHO_FILE_OUT_H
#define ECHO_FILE_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "echotts.h"

struct file_out;

/* Could it be opened?  Leaves everything as it is. */
echo_status echo_out_check(const char *path, echo_error *err);

echo_status echo_out_open(struct file_out **out, const char *path, echo_error *err);
/* After a failure all further writes do nothing and commit reports it. */
void echo_out_write(struct file_out *out, const void *data, size_t bytes);
/* A file that is not written directly can be read, and written at any place, until commit. */
bool echo_out_can_change(const struct file_out *out);
void echo_out_write_at(struct file_out *out, uint64_t at, const void *data, size_t bytes);
size_t echo_out_read_at(struct file_out *out, uint64_t at, void *data, size_t bytes);

/* Of the writes so far; commit says the same. */
echo_status echo_out_status(const struct file_out *out, echo_error *err);
bool echo_out_failed(const struct file_out *out);
echo_status echo_out_commit(struct file_out **out, echo_error *err);
void echo_out_abort(struct file_out **out);

#endif

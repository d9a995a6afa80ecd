/* SPDX-License-Identifier: MIT */
/* upload.h - sound that a client sends, read as hostile input. */
#ifndef SERVER_UPLOAD_H
#define SERVER_UPLOAD_H

#include "common/failure.h"

/* As echo_clips_read() of files that hold these bytes.  What goes wrong is said without the
 * names of files, which mean nothing to a client. */
struct upload {
    const void *bytes;
    size_t n;
};

echo_status upload_read(float **pcm, size_t *n, const struct upload *uploads, int n_uploads,
                        const echo_clips_opts *opts, echo_error *err);

/* The same of one. */
echo_status upload_read_bytes(float **pcm, size_t *n, const void *bytes, size_t size,
                              const echo_clips_opts *opts, echo_error *err);

#endif

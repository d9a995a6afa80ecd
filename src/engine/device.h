/* SPDX-License-Identifier: MIT */
/* device.h - what computes, by the names that options give it. */
#ifndef ECHO_ENGINE_DEVICE_H
#define ECHO_ENGINE_DEVICE_H

#include "backend/backend.h"
#include "base/pool.h"

struct device {
    struct pool *pool;
    struct backend *be;
    char name[80]; /* "cpu: avx2, 4 threads" */
    int threads;
    bool profile; /* be is a trace backend */
};

/* Of the options device, isa, threads and profile count.  After a failure, too, d is for
 * echo_device_close(). */
echo_status echo_device_open(struct device *d, const echo_model_opts *o, echo_error *err);
void echo_device_close(struct device *d);

#endif

/* SPDX-License-Identifier: MIT */
/* precision.h - which of the float precisions multiplies faster, by measurement. */
#ifndef ECHO_ENGINE_PRECISION_H
#define ECHO_ENGINE_PRECISION_H

#include "backend/backend.h"

struct fast_float {
    enum dtype dtype; /* DT_BF16 or DT_F32 */
    char why[64];     /* "bf16 multiplies 1.97 times as fast as f32" */
};

/*
 * Measure both on the device, in 25 ms, where it has instructions for both.  That it has one
 * says nothing of its speed: some CPUs multiply bfloat16 at half the rate of float32.
 */
struct fast_float echo_fast_float(struct device *device);

/* The meaning of "auto" for the transformer of original files: never eight bits, which lose. */
enum dtype echo_auto_precision(const struct fast_float *fast);

#endif

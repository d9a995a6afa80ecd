/* SPDX-License-Identifier: MIT */
/* precision.h - which of the float precisions is faster on a device. */
#ifndef ECHO_ENGINE_PRECISION_H
#define ECHO_ENGINE_PRECISION_H

#include "backend/backend.h"

struct fast_float {
    enum dtype dtype; /* DT_F32, DT_BF16 or DT_F16 */
    char why[64];     /* "bf16 multiplies 1.97 times as fast as f32" */
};

/*
 * A device may know it.  Else both are measured, in 25 ms: that a CPU has instructions for
 * bfloat16 says nothing of their speed, which may be half that of float32.
 */
struct fast_float echo_fast_float(struct device *device);

/* The meaning of "auto" for the transformer of original files: never eight bits, which lose. */
enum dtype echo_auto_precision(const struct fast_float *fast);

#endif

/* SPDX-License-Identifier: MIT */
#include "engine/precision.h"

#include <stdio.h>

/* Rounding must pay: a tie goes to float32.  Known CPUs are far from it, at 0.5, 1 or 2. */
#define WORTH_ROUNDING 1.2

/* Alternately, so that a busy moment of the machine does not hit one of them alone. */
#define ROUNDS  3
#define ROUND_S 4e-3

struct fast_float echo_fast_float(struct device *device)
{
    struct fast_float fast = { .dtype = DT_F32 };
    double peak[DT_BF16 + 1] = { 0 };

    for (int i = 0; i < ROUNDS; i++)
        for (enum dtype t = DT_F32; t <= DT_BF16; t++) {
            double rate = device->ops->peak(device, t, ROUND_S);

            peak[t] = rate > peak[t] ? rate : peak[t];
        }
    if (!peak[DT_F32] || !peak[DT_BF16]) {
        snprintf(fast.why, sizeof fast.why, "the speed of bf16 could not be measured");
        return fast;
    }
    double ratio = peak[DT_BF16] / peak[DT_F32];

    if (ratio >= WORTH_ROUNDING)
        fast.dtype = DT_BF16;
    snprintf(fast.why, sizeof fast.why, "bf16 multiplies %s%.2f times as fast as f32",
             ratio < WORTH_ROUNDING ? "only " : "", ratio);
    return fast;
}

enum dtype echo_auto_precision(const struct fast_float *fast)
{
    return fast->dtype;
}

/* SPDX-License-Identifier: MIT */
#include "engine/precision.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/ascending.h"

/* Rounding must pay: a tie goes to float32.  Known CPUs are far from it, at 0.5, 1 or 2. */
#define WORTH_ROUNDING 1.2

/*
 * The choice changes bits, so a busy machine must not change the choice.  Each round measures
 * both, one after the other, and the median of their ratios counts: half of the rounds would
 * have to be disturbed, and in the same direction.  Once most of all rounds agree, the others
 * could not change the choice, and are left out: every opened model waits for this.
 */
#define ROUNDS  15
#define MOST    (ROUNDS / 2 + 1)
#define ROUND_S 8e-4

/* How many times as fast as float32 bfloat16 is; 0: it could not be measured. */
static double ratio_of(struct device *device)
{
    double ratios[ROUNDS];
    int n = 0, worth = 0;

    while (worth < MOST && n - worth < MOST) {
        double f32 = device->ops->peak(device, DT_F32, ROUND_S);
        double bf16 = device->ops->peak(device, DT_BF16, ROUND_S);

        ratios[n] = f32 > 0 ? bf16 / f32 : 0;
        worth += ratios[n++] >= WORTH_ROUNDING;
    }
    qsort(ratios, (size_t)n, sizeof *ratios, ascending);
    return ratios[n / 2];
}

struct fast_float echo_fast_float(struct device *device)
{
    struct fast_float fast = { .dtype = DT_F32 };
    double ratio;

    if (device->traits.rounding == ROUNDING_ALWAYS_PAYS) {
        fast.dtype = device->traits.computes[DT_F16] ? DT_F16 : DT_BF16;
        snprintf(fast.why, sizeof fast.why, "halves are moved twice as fast as f32");
        return fast;
    }
    if (device->traits.rounding == ROUNDING_NEVER_PAYS) {
        snprintf(fast.why, sizeof fast.why, "bf16 is multiplied as f32 here");
        return fast;
    }
    if (!(ratio = ratio_of(device))) {
        snprintf(fast.why, sizeof fast.why, "the speed of bf16 could not be measured");
        return fast;
    }
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

/* SPDX-License-Identifier: MIT */
/* gemm_expand_body.h - what every set makes of its expand(), whose dtype is a constant. */
#include "backend/cpu/gemm_operand_body.h"

static DECL_GEMM_EXPAND(expand_any)
{
    if (dtype == DT_F32)
        expand(lines, w, DT_F32, ld, n, k);
    else if (dtype == DT_BF16)
        expand(lines, w, DT_BF16, ld, n, k);
    else
        expand(lines, w, DT_F16, ld, n, k);
}

/* Sums and differences of n rows of 16 numbers, `step` numbers apart. */
static inline __attribute__((always_inline)) void mix(float *to, const float *from, const int n,
                                                     int step)
{
    for (int c = 0; c < 16; c += VEC) {
        vf r[16];

        for (int i = 0; i < n; i++)
            r[i] = v_get(from + i * step + c, VEC);
        for (int h = 1; h < n; h *= 2)
            for (int i = 0; i < n; i++)
                if (!(i & h)) {
                    vf sum = v_add(r[i], r[i + h]);

                    r[i + h] = v_sub(r[i], r[i + h]);
                    r[i] = sum;
                }
        for (int i = 0; i < n; i++)
            v_put(to + i * step + c, r[i], VEC);
    }
}

static DECL_GEMM_SPREAD(spread)
{
    int blocks = echo_panel_spread(n) / PANEL_BLOCK, step = PANEL_BLOCK;
    float turned[PANEL_BLOCK];

    if (!blocks)
        return;
    for (float *at = x; at < x + n; at += PANEL_BLOCK) {
        mix(at, at, 16, 16);
        expand(turned, at, DT_F32, 16, 16, 16); /* transposes */
        mix(at, turned, 16, 16);
    }
    for (; blocks > 1; blocks /= 2, step *= 2) /* two and two blocks, a row of 16 at a time */
        for (int i = 0; i < n; i += 16)
            if (!(i & step))
                mix(x + i, x + i, 2, step);
}

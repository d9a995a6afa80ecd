/* SPDX-License-Identifier: MIT */
/* gemm_dequantize_body.h - dequantize() with a constant dtype, and the Hadamard transform. */
#include "backend/cpu/gemm_quantize_body.h"

static DECL_GEMM_DEQUANTIZE(dequantize_any)
{
    if (dtype == DT_F32)
        dequantize(lines, w, DT_F32, ld, n, k);
    else if (dtype == DT_BF16)
        dequantize(lines, w, DT_BF16, ld, n, k);
    else
        dequantize(lines, w, DT_F16, ld, n, k);
}

/* Sums and differences of n rows of 16 numbers, `step` numbers apart. */
static inline __attribute__((always_inline)) void
butterflies(float *to, const float *from, const int n, int step)
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

static DECL_GEMM_HADAMARD(hadamard)
{
    int blocks = echo_hadamard_size(n) / PANEL_BLOCK, step = PANEL_BLOCK;
    float turned[PANEL_BLOCK];

    if (!blocks)
        return;
    for (float *at = x; at < x + n; at += PANEL_BLOCK) {
        butterflies(at, at, 16, 16);
        dequantize(turned, at, DT_F32, 16, 16, 16); /* transposes */
        butterflies(at, turned, 16, 16);
    }
    for (; blocks > 1; blocks /= 2, step *= 2) /* two and two blocks, a row of 16 at a time */
        for (int i = 0; i < n; i += 16)
            if (!(i & step))
                butterflies(x + i, x + i, 2, step);
}

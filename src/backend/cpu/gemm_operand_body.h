/* SPDX-License-Identifier: MIT */
/*
 * gemm_operand_body.h - rows of x as operands of products, over a vector layer (vec_*.h).
 *
 * A set whose products want eight-bit numbers without sign defines OPERAND_FLIP as 0x80.
 */
#include <math.h>
#include <string.h>

#include "backend/cpu/vec_loop.h"

#ifndef OPERAND_FLIP
#define OPERAND_FLIP 0
#endif

static inline __attribute__((unused)) DECL_GEMM_OPERAND(operand_bf16)
{
    uint16_t *out = to;

    VEC_LOOP(n)
        v_put_bf16(out + i, v_get(x + i, live), live);
    if (n % 2)
        out[n] = 0;
}

/* Sums and differences of n rows of 16 numbers, `step` numbers apart. */
static inline __attribute__((always_inline, unused)) void mix(float *to, const float *from,
                                                             const int n, int step)
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

static inline __attribute__((unused)) void spread_with(gemm_expand *transpose, float *x, int n)
{
    int blocks = echo_panel_spread(n) / PANEL_BLOCK, step = PANEL_BLOCK;
    float turned[PANEL_BLOCK];

    if (!blocks)
        return;
    for (float *at = x; at < x + n; at += PANEL_BLOCK) {
        mix(at, at, 16, 16);
        transpose(turned, at, DT_F32, 16, 16, 16);
        mix(at, turned, 16, 16);
    }
    for (; blocks > 1; blocks /= 2, step *= 2) /* two and two blocks, a row of 16 at a time */
        for (int i = 0; i < n; i += 16)
            if (!(i & step))
                mix(x + i, x + i, 2, step);
}

static inline __attribute__((unused)) DECL_GEMM_OPERAND(operand_i8)
{
    vf top = v_zero(), odd = v_zero();
    int8_t *out = to;

    VEC_LOOP(n) {
        vf v = v_get(x + i, live);

        top = v_max(top, v_abs(v));
        odd = v_fma(v, v_zero(), odd); /* a number that is not finite makes the scale none */
    }
    float largest = v_top(top), scale = largest / 127 + v_sum(odd);
    vf inverse = v_set(largest > 1e-30f ? 127 / largest : 0);

    VEC_LOOP(n)
        v_put_i8(out + i, v_mul(v_get(x + i, live), inverse), OPERAND_FLIP, live);
    for (; n % 4; n++)
        out[n] = 0; /* meets weights that are 0 */
    memcpy(out + n, &scale, sizeof scale);
}

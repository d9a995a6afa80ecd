/* SPDX-License-Identifier: MIT */
/*
 * gemm_quantize_body.h - rows of x in the dtype that a matmul reads, over vec_*.h.
 *
 * An instruction set whose dot products take unsigned bytes defines QUANTIZE_FLIP as 0x80.
 */
#include <math.h>
#include <string.h>

#include "backend/cpu/vec_loop.h"

#ifndef QUANTIZE_FLIP
#define QUANTIZE_FLIP 0
#endif

static inline __attribute__((unused)) DECL_GEMM_QUANTIZE(quantize_bf16)
{
    uint16_t *out = to;

    VEC_LOOP (n)
        v_put_bf16(out + i, v_get(x + i, live), live);
    if (n % 2)
        out[n] = 0;
}

static inline __attribute__((unused)) DECL_GEMM_QUANTIZE(quantize_i8)
{
    vf top = v_zero(), odd = v_zero();
    int8_t *out = to;

    VEC_LOOP (n) {
        vf v = v_get(x + i, live);

        top = v_max(top, v_abs(v));
        odd = v_fma(v, v_zero(), odd); /* a number that is not finite makes the scale none */
    }
    float largest = v_top(top), scale = largest / 127 + v_sum(odd);
    vf inverse = v_set(largest > 1e-30f ? 127 / largest : 0);

    VEC_LOOP (n)
        v_put_i8(out + i, v_mul(v_get(x + i, live), inverse), QUANTIZE_FLIP, live);
    for (; n % 4; n++)
        out[n] = 0; /* meets weights that are 0 */
    memcpy(out + n, &scale, sizeof scale);
}

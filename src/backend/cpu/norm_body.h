/* SPDX-License-Identifier: MIT */
/*
 * norm_body.h - the norms over a vector layer (vec_*.h), included by one file per set.
 *
 * Sums run in as many lanes as a vector has, in the order of the row.
 */
#include "backend/cpu/norm.h"
#include "backend/cpu/vec_loop.h"

#include <math.h>

static float inverse_rms(const float *x, int n)
{
    vf sum = v_zero();

    VEC_LOOP(n) {
        vf v = v_get(x + i, live);

        sum = v_fma(v, v, sum);
    }
    return 1.0f / sqrtf(v_sum(sum) / (float)n + (float)ECHO_NORM_EPS);
}

static DECL_NORM_RMS(rms)
{
    vf r = v_set(inverse_rms(x, n));

    VEC_LOOP(n)
        v_put(y + i, v_mul(v_mul(v_get(x + i, live), r), v_get(gamma + i, live)), live);
}

static DECL_NORM_ADALN(adaln)
{
    vf r = v_set(inverse_rms(x, n)), one = v_set(1);

    VEC_LOOP(n) {
        vf s = v_add(one, v_get(scale + i, live));

        v_put(y + i, v_fma(v_mul(v_get(x + i, live), r), s, v_get(shift + i, live)), live);
    }
}

static DECL_NORM_LAYER(layer)
{
    vf sum = v_zero(), squares = v_zero();

    VEC_LOOP(n)
        sum = v_add(sum, v_get(x + i, live));
    vf mean = v_set(v_sum(sum) / (float)n);

    VEC_LOOP(n) {
        vf d = v_sub(v_get(x + i, live), v_only(mean, live));

        squares = v_fma(d, d, squares);
    }
    vf r = v_set(1.0f / sqrtf(v_sum(squares) / (float)n + (float)ECHO_LAYER_NORM_EPS));

    VEC_LOOP(n) {
        vf d = v_mul(v_sub(v_get(x + i, live), mean), r);

        v_put(y + i, v_fma(d, v_get(gamma + i, live), v_get(bias + i, live)), live);
    }
}

static DECL_NORM_HEADS(heads_row)
{
    for (int h = 0; h < heads; h++, x += head_dim) {
        if (gamma) {
            const float *scale = gamma + h * head_dim;
            vf r = v_set(inverse_rms(x, head_dim));

            VEC_LOOP (head_dim)
                v_put(x + i, v_mul(v_mul(v_get(x + i, live), r), v_get(scale + i, live)), live);
        }
        if (h < rope_heads)
            VEC_LOOP (head_dim) {
                vf v = v_get(x + i, live);
                vf turned = v_mul(v_swap_pairs(v), v_get(rope + head_dim + i, live));

                v_put(x + i, v_fma(v, v_get(rope + i, live), turned), live);
            }
    }
}

static const struct norm_fns kernels = { rms, adaln, layer, heads_row };

/* SPDX-License-Identifier: MIT */
/*
 * activation_body.h - the same over a vector layer (vec_*.h), included by one file per set.
 *
 * exp: x = n ln 2 + r, a degree-5 polynomial for e^r - 1 - r (Cephes' expf coefficients),
 * 2 ulp.  erf: Abramowitz and Stegun 7.1.26, 1.5e-7.  tanh: Cephes' odd polynomial below
 * 0.625, else through exp.  sin^2 has period pi: one rounding reduces the argument.
 */
#include "backend/cpu/activation.h"
#include "backend/cpu/vec_loop.h"

#include <stdbool.h>

static inline vf v_exp(vf x)
{
    /* clamped, the result stays a normal number; in this order a NaN stays one */
    x = v_min(v_set(88.0f), v_max(v_set(-87.0f), x));
    vf n = v_round(v_mul(x, v_set(1.44269504088896341f)));
    vf r = v_fma(n, v_set(-0.693359375f), x);

    r = v_fma(n, v_set(2.12194440e-4f), r);
    vf p = v_set(1.9875691500e-4f);

    p = v_fma(p, r, v_set(1.3981999507e-3f));
    p = v_fma(p, r, v_set(8.3334519073e-3f));
    p = v_fma(p, r, v_set(4.1665795894e-2f));
    p = v_fma(p, r, v_set(1.6666665459e-1f));
    p = v_fma(p, r, v_set(5.0000001201e-1f));
    p = v_fma(p, v_mul(r, r), v_add(r, v_set(1)));
    return v_mul(p, v_exp2(n));
}

static inline vf v_sigmoid(vf x)
{
    return v_div(v_set(1), v_add(v_set(1), v_exp(v_sub(v_zero(), x))));
}

static inline vf v_tanh(vf x)
{
    vf s = v_mul(x, x), p = v_set(-5.70498872745e-3f);

    p = v_fma(p, s, v_set(2.06390887954e-2f));
    p = v_fma(p, s, v_set(-5.37397155531e-2f));
    p = v_fma(p, s, v_set(1.33314422036e-1f));
    p = v_fma(p, s, v_set(-3.33332819422e-1f));
    p = v_fma(v_mul(p, s), x, x);
    vf e = v_exp(v_mul(v_set(2), v_abs(x)));
    vf far = v_sub(v_set(1), v_div(v_set(2), v_add(e, v_set(1))));

    return v_if_less(v_abs(x), v_set(0.625f), p, v_copysign(far, x));
}

static inline vf v_erf(vf x)
{
    vf a = v_abs(x);
    vf t = v_div(v_set(1), v_fma(v_set(0.3275911f), a, v_set(1)));
    vf p = v_set(1.061405429f);

    p = v_fma(p, t, v_set(-1.453152027f));
    p = v_fma(p, t, v_set(1.421413741f));
    p = v_fma(p, t, v_set(-0.284496736f));
    p = v_fma(p, t, v_set(0.254829592f));
    p = v_mul(v_mul(p, t), v_exp(v_sub(v_zero(), v_mul(a, a))));
    return v_copysign(v_sub(v_set(1), p), x);
}

static DECL_ACT_GATE_SIGMOID(gate_sigmoid)
{
    VEC_LOOP(n)
        v_put(y + i, v_mul(v_get(y + i, live), v_sigmoid(v_get(gate + i, live))), live);
}

static DECL_ACT_GATED_ADD(gated_add)
{
    VEC_LOOP(n) {
        vf g = v_get(gate + i, live);

        v_put(x + i, v_fma(g, v_get(y + i, live), v_get(x + i, live)), live);
    }
}

static DECL_ACT_ADD(add)
{
    vf f = v_set(factor);

    VEC_LOOP(n) {
        vf g = gamma ? v_mul(f, v_get(gamma + i, live)) : f;

        v_put(x + i, v_fma(g, v_get(y + i, live), v_get(x + i, live)), live);
    }
}

static DECL_ACT_SCALE(scale_row)
{
    VEC_LOOP(n)
        v_put(x + i, v_mul(v_get(x + i, live), v_set(factor)), live);
}

static DECL_ACT_SILU(silu)
{
    VEC_LOOP(n) {
        vf v = v_get(x + i, live);

        v_put(y + i, v_mul(v, v_sigmoid(v)), live);
    }
}

static DECL_ACT_SILU_MUL(silu_mul)
{
    VEC_LOOP(n) {
        vf v = v_get(a + i, live);

        v_put(y + i, v_mul(v_mul(v, v_sigmoid(v)), v_get(b + i, live)), live);
    }
}

static DECL_ACT_GELU(gelu)
{
    VEC_LOOP(n) {
        vf v = v_get(x + i, live);
        vf e = v_erf(v_mul(v, v_set(0.70710678118654752f)));

        v_put(y + i, v_mul(v_mul(v_set(0.5f), v), v_add(v_set(1), e)), live);
    }
}

static DECL_ACT_TANH(tanh_row)
{
    VEC_LOOP(n)
        v_put(x + i, v_tanh(v_get(x + i, live)), live);
}

static DECL_ACT_SNAKE(snake)
{
    VEC_LOOP(n) {
        vf v = v_get(x + i, live);
        vf u = v_mul(v, v_get(turns + i, live));
        vf r = v_sub(u, v_round(u)), s = v_mul(r, r); /* sin(pi u), up to its sign */
        vf p = v_set(0.0775603876f);

        p = v_fma(p, s, v_set(-0.5982421041f));
        p = v_fma(p, s, v_set(2.5500698090f));
        p = v_fma(p, s, v_set(-5.1677098274f));
        p = v_fma(p, s, v_set(3.1415927410f));
        p = v_mul(p, r);
        v_put(y + i, v_fma(v_mul(p, p), v_get(inverse + i, live), v), live);
    }
}

/* 1 in the lanes that stand for numbers first..end-1 of a row, else 0 */
static inline vf inside(int i, int first, int end)
{
    vf at = v_add(v_count(), v_set((float)i));
    vf in = v_if_less(at, v_set((float)end), v_set(1), v_zero());

    return v_if_less(at, v_set((float)first), v_zero(), in);
}

/* Where all lanes are of numbers that count. */
static inline bool is_inside(int i, int first, int end)
{
    return i >= first && i + VEC <= end;
}

static DECL_ACT_SOFTMAX(softmax)
{
    vf top = v_set(-3.4e38f), sum = v_zero(), f = v_set(scale);
    int whole = first / VEC * VEC; /* lanes depend on the place in the row alone */

    for (int i = whole; i < end; i += VEC) {
        int live = n - i < VEC ? n - i : VEC;
        vf v = v_get(x + i, live);

        if (!is_inside(i, first, end))
            v = v_if_less(inside(i, first, end), v_set(0.5f), top, v);
        top = v_max(top, v);
    }
    top = v_set(v_top(top));
    VEC_LOOP(n) {
        vf e = v_zero();

        if (i >= whole && i < end)
            e = v_exp(v_mul(f, v_sub(v_get(x + i, live), top)));
        if (!is_inside(i, first, end))
            e = v_if_less(inside(i, first, end), v_set(0.5f), v_zero(), e);
        sum = v_add(sum, e);
        v_put(x + i, e, live);
    }
    return 1.0f / v_sum(sum);
}

static DECL_ACT_DEPTHWISE(depthwise)
{
    VEC_LOOP(n) {
        vf sum = bias ? v_get(bias + i, live) : v_zero();

        for (int t = 0; t < taps; t++)
            sum = v_fma(v_get(w + t * n + i, live), v_get(x + t * ldx + i, live), sum);
        v_put(y + i, sum, live);
    }
}

static const struct activation_fns kernels = { gate_sigmoid, gated_add, add,      scale_row,
                                               silu,         silu_mul,  gelu,     tanh_row,
                                               snake,        softmax,   depthwise };

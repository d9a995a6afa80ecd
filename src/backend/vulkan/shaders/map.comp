#version 460
/* SPDX-License-Identifier: MIT */
/*
 * map.comp - what is done number by number.
 *
 * IN_HALF and OUT_HALF: x and y are of halves.
 */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

#define COPY 0
#define ZERO 1
#define ADD 2   /* y += factor * x * a */
#define SCALE 3 /* y *= factor */
#define SILU 4
#define GELU 5
#define TANH 6  /* of y */
#define SNAKE 7 /* a: two rows, alpha / pi and 1 / (alpha + 1e-9) */
#define GATE 8  /* y *= sigmoid(x), or silu(x) where the factor is not 0 */

layout(local_size_x = 256) in;
layout(constant_id = 0) const uint KIND = COPY;

/* Abramowitz and Stegun 7.1.26, 1.5e-7 */
float erf_of(float x)
{
    float a = abs(x), t = 1.0 / fma(0.3275911, a, 1.0), s = 1.061405429;

    s = fma(s, t, -1.453152027);
    s = fma(s, t, 1.421413741);
    s = fma(s, t, -0.284496736);
    s = fma(s, t, 0.254829592);
    s = 1.0 - s * t * exp(-min(a * a, 87.0));
    return x < 0 ? -s : s;
}

/* Cephes' odd polynomial below 0.625, else through exp. */
float tanh_of(float x)
{
    float s = x * x, near = -5.70498872745e-3;

    near = fma(near, s, 2.06390887954e-2);
    near = fma(near, s, -5.37397155531e-2);
    near = fma(near, s, 1.33314422036e-1);
    near = fma(near, s, -3.33332819422e-1);
    near = fma(near * s, x, x);
    if (abs(x) < 0.625 || isnan(x))
        return near;
    float far = 1.0 - 2.0 / (exp(min(2.0 * abs(x), 80.0)) + 1.0);

    return x < 0 ? -far : far;
}

float x_at(uint i, uint c)
{
#ifdef IN_HALF
    return float(Half(p.x).d[i * p.ld_x + c]);
#else
    return p.x.d[i * p.ld_x + c];
#endif
}

#ifdef OUT_HALF
#define OLD 0.0
#else
#define OLD p.y.d[i * p.ld_y + c]
#endif

void main()
{
    const uint step = gl_NumWorkGroups.x * 256;

    for (uint at = gl_GlobalInvocationID.x; at < p.rows * p.cols; at += step) {
        const uint i = at / p.cols, c = at % p.cols;
        float v = 0;

        if (KIND == COPY)
            v = x_at(i, c);
        else if (KIND == ADD)
            v = fma(p.factor * ((p.has & HAS_A) != 0 ? p.a.d[c] : 1.0), x_at(i, c), OLD);
        else if (KIND == SCALE)
            v = OLD * p.factor;
        else if (KIND == SILU)
            v = silu(x_at(i, c));
        else if (KIND == GELU)
            v = 0.5 * x_at(i, c) * (1.0 + erf_of(x_at(i, c) * 0.70710678118654752));
        else if (KIND == TANH)
            v = tanh_of(OLD);
        else if (KIND == SNAKE)
            v = snake(x_at(i, c), p.a.d[c], p.a.d[p.ld_a + c]);
        else if (KIND == GATE)
            v = OLD * (p.factor != 0 ? silu(x_at(i, c)) : sigmoid(x_at(i, c)));
#ifdef OUT_HALF
        Half(p.y).d[i * p.ld_y + c] = to_half(v);
#else
        p.y.d[i * p.ld_y + c] = v;
#endif
    }
}

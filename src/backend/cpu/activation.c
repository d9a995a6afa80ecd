/* SPDX-License-Identifier: MIT */
/* activation.c - reference kernels, in double through the C library, and the choice. */
#include "backend/cpu/activation.h"

#include <math.h>

#include "base/cpu.h"

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static DECL_ACT_GATE_SIGMOID(gate_sigmoid_c)
{
    for (int i = 0; i < n; i++)
        y[i] = (float)(y[i] * sigmoid(gate[i]));
}

static DECL_ACT_GATED_ADD(gated_add_c)
{
    for (int i = 0; i < n; i++)
        x[i] = (float)(x[i] + (double)gate[i] * y[i]);
}

static DECL_ACT_ADD(add_c)
{
    for (int i = 0; i < n; i++)
        x[i] = (float)(x[i] + (double)factor * y[i] * (gamma ? gamma[i] : 1));
}

static DECL_ACT_SCALE(scale_c)
{
    for (int i = 0; i < n; i++)
        x[i] *= factor;
}

static DECL_ACT_SILU(silu_c)
{
    for (int i = 0; i < n; i++)
        y[i] = (float)(x[i] * sigmoid(x[i]));
}

static DECL_ACT_SILU_MUL(silu_mul_c)
{
    for (int i = 0; i < n; i++)
        y[i] = (float)(a[i] * sigmoid(a[i]) * b[i]);
}

static DECL_ACT_GELU(gelu_c)
{
    for (int i = 0; i < n; i++)
        y[i] = (float)(0.5 * x[i] * (1 + erf(x[i] * 0.70710678118654752440)));
}

static DECL_ACT_TANH(tanh_c)
{
    for (int i = 0; i < n; i++)
        x[i] = (float)tanh(x[i]);
}

static DECL_ACT_SNAKE(snake_c)
{
    for (int i = 0; i < n; i++) {
        double s = sin(3.14159265358979323846 * x[i] * turns[i]);

        y[i] = (float)(x[i] + s * s * inverse[i]);
    }
}

static DECL_ACT_SOFTMAX(softmax_c)
{
    double top = -INFINITY, sum = 0;

    for (int i = first; i < end; i++)
        top = x[i] > top ? x[i] : top;
    for (int i = 0; i < n; i++) {
        double e = i < first || i >= end ? 0 : exp(scale * (x[i] - top));

        sum += e;
        x[i] = (float)e;
    }
    return (float)(1 / sum);
}

static DECL_ACT_DEPTHWISE(depthwise_c)
{
    for (int c = 0; c < n; c++) {
        double sum = bias ? bias[c] : 0;

        for (int t = 0; t < taps; t++)
            sum += (double)w[t * n + c] * x[t * ldx + c];
        y[c] = (float)sum;
    }
}

void echo_activation_init(struct activation_fns *f, unsigned cpu)
{
    *f = (struct activation_fns){ gate_sigmoid_c, gated_add_c, add_c,     scale_c,
                                  silu_c,         silu_mul_c,  gelu_c,    tanh_c,
                                  snake_c,        softmax_c,   depthwise_c };
    (void)cpu;
#if defined(__x86_64__)
    if (cpu & CPU_AVX2)
        echo_activation_init_avx2(f);
    if (cpu & CPU_AVX512)
        echo_activation_init_avx512(f);
#elif defined(__aarch64__)
    if (cpu & CPU_NEON)
        echo_activation_init_neon(f);
#endif
}

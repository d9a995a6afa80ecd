/* SPDX-License-Identifier: MIT */
/* norm.c - reference kernels, which sum in double, and the choice of kernel. */
#include "backend/cpu/norm.h"

#include <math.h>

#include "base/cpu.h"

static double inverse_rms(const float *x, int n)
{
    double sum = 0;

    for (int i = 0; i < n; i++)
        sum += (double)x[i] * x[i];
    return 1 / sqrt(sum / n + ECHO_NORM_EPS);
}

static DECL_NORM_RMS(rms_c)
{
    double r = inverse_rms(x, n);

    for (int i = 0; i < n; i++)
        y[i] = (float)(x[i] * r * gamma[i]);
}

static DECL_NORM_ADALN(adaln_c)
{
    double r = inverse_rms(x, n);

    for (int i = 0; i < n; i++)
        y[i] = (float)(x[i] * r * (1 + (double)scale[i]) + shift[i]);
}

static DECL_NORM_LAYER(layer_c)
{
    double mean = 0, variance = 0;

    for (int i = 0; i < n; i++)
        mean += x[i];
    mean /= n;
    for (int i = 0; i < n; i++)
        variance += (x[i] - mean) * (x[i] - mean);
    double r = 1 / sqrt(variance / n + ECHO_LAYER_NORM_EPS);

    for (int i = 0; i < n; i++)
        y[i] = (float)((x[i] - mean) * r * gamma[i] + bias[i]);
}

static DECL_NORM_HEADS(heads_c)
{
    for (int h = 0; h < heads; h++, x += head_dim) {
        double r = gamma ? inverse_rms(x, head_dim) : 1;

        for (int i = 0; gamma && i < head_dim; i++)
            x[i] = (float)(x[i] * r * gamma[h * head_dim + i]);
        for (int i = 0; h < rope_heads && i < head_dim; i += 2) {
            double a = x[i], b = x[i + 1];

            x[i] = (float)(a * rope[i] + b * rope[head_dim + i]);
            x[i + 1] = (float)(b * rope[i + 1] + a * rope[head_dim + i + 1]);
        }
    }
}

void echo_norm_init(struct norm_fns *f, unsigned cpu)
{
    *f = (struct norm_fns){ rms_c, adaln_c, layer_c, heads_c };
    (void)cpu;
#if defined(__x86_64__)
    if (cpu & CPU_AVX2)
        echo_norm_init_avx2(f);
    if (cpu & CPU_AVX512)
        echo_norm_init_avx512(f);
#elif defined(__aarch64__)
    if (cpu & CPU_NEON)
        echo_norm_init_neon(f);
#endif
}

/* SPDX-License-Identifier: MIT */
/*
 * gemm.c - reference kernels and the choice of kernel.
 *
 * The C kernel is the definition of right: it sums in double, and the tests
 * measure every other kernel against it.
 */
#include "backend/cpu/gemm.h"

#include <string.h>

#include "base/bf16.h"
#include "base/cpu.h"

static void one_row(const struct gemm_args *a, int i, int j, int cols)
{
    float *y = a->y + i * a->ldy + j;
    const float *panel = a->w + (j / GEMM_PANEL) * a->panel;
    double sum[GEMM_PANEL] = { 0 };

    for (int c = 0; c < cols; c++)
        sum[c] = (a->add ? (double)y[c] : 0.0) + (a->bias ? (double)a->bias[j + c] : 0.0);
    for (int t = 0; t < a->taps; t++) {
        const float *x = a->x + i * a->ldx + t * a->tap;

        for (int p = 0; p < a->k; p++, panel += GEMM_PANEL)
            for (int c = 0; c < GEMM_PANEL; c++)
                sum[c] += (double)x[p] * (double)panel[c];
    }
    for (int c = 0; c < cols; c++)
        y[c] = (float)sum[c];
}

static DECL_GEMM_RUN(gemm_run_c)
{
    for (int j = 0; j < a->n; j += GEMM_PANEL)
        for (int i = 0; i < a->m; i++)
            one_row(a, i, j, a->n - j < GEMM_PANEL ? a->n - j : GEMM_PANEL);
}

/* Through memcpy: a tensor in a file may start at any byte. */
static float number_at(const void *w, enum dtype dtype, ptrdiff_t at)
{
    const char *p = w;
    uint16_t h;
    float f;

    if (dtype == DT_F32) {
        memcpy(&f, p + at * 4, 4);
        return f;
    }
    memcpy(&h, p + at * 2, 2);
    return dtype == DT_BF16 ? bf16_to_f32(h) : f16_to_f32(h);
}

static DECL_GEMM_EXPAND(gemm_expand_c)
{
    for (int p = 0; p < k; p++)
        for (int c = 0; c < GEMM_PANEL; c++)
            panel[p * GEMM_PANEL + c] = c < n ? number_at(w, dtype, c * ld + p) : 0.0f;
}

void echo_gemm_init(struct gemm_fns *f, unsigned cpu)
{
    *f = (struct gemm_fns){ gemm_run_c, gemm_expand_c };
    (void)cpu;
#if defined(__x86_64__)
    if (cpu & CPU_AVX2)
        *f = (struct gemm_fns){ echo_gemm_run_avx2, echo_gemm_expand_avx2 };
    if (cpu & CPU_AVX512)
        *f = (struct gemm_fns){ echo_gemm_run_avx512, echo_gemm_expand_avx512 };
#endif
}

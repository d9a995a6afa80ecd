/* SPDX-License-Identifier: MIT */
/*
 * gemm.c - reference kernels and the choice of kernel.
 *
 * The C kernel is the definition of right: it sums in double, and the tests
 * measure every other kernel against it.
 */
#include "backend/cpu/gemm.h"

#include <math.h>
#include <string.h>

#include "base/bf16.h"
#include "base/cpu.h"

static float f32_at(const void *p, int i)
{
    float f;

    memcpy(&f, (const char *)p + i * 4, sizeof f);
    return f;
}

static float bf16_at(const void *p, int i)
{
    uint16_t h;

    memcpy(&h, (const char *)p + i * 2, sizeof h);
    return bf16_to_f32(h);
}

/* One number of y: x, `step` bytes at a time, and column c of a panel of `dtype`. */
static double dot(const struct gemm_args *a, const char *x, const char *panel, int c,
                  enum dtype dtype, int step)
{
    double sum = 0;

    for (int t = 0; t < a->taps; t++)
        for (int p = 0; p < a->lines; p++, panel += PANEL_LINE) {
            const char *at = x + t * a->tap + step * (ptrdiff_t)p, *w = panel + 4 * c;

            if (dtype == DT_F32)
                sum += (double)f32_at(at, 0) * (double)f32_at(w, 0);
            for (int h = 0; dtype == DT_BF16 && h < 2; h++)
                sum += (double)(step == 8 ? f32_at(at, h) : bf16_at(at, h)) *
                       (double)bf16_at(w, h);
            for (int h = 0; dtype == DT_I8 && h < 4; h++)
                sum += (signed char)at[h] * (signed char)w[h];
        }
    if (dtype == DT_I8)
        sum *= (double)f32_at(x, a->lines) * (double)f32_at(panel, c);
    return sum;
}

static void run(const struct gemm_args *a, enum dtype dtype, int step)
{
    for (int j = 0; j < a->n; j++)
        for (int i = 0; i < a->m; i++) {
            const char *panel = (const char *)a->w + j / GEMM_PANEL * a->panel;
            float *y = a->y + i * a->ldy + j;
            double from = (a->add ? (double)*y : 0) + (a->bias ? (double)a->bias[j] : 0);

            *y = (float)(from + dot(a, (const char *)a->x + i * a->ldx, panel,
                                    j % GEMM_PANEL, dtype, step));
        }
}

static DECL_GEMM_RUN(gemm_f32_c)
{
    run(a, DT_F32, 4);
}

static DECL_GEMM_RUN(gemm_bf16_c)
{
    run(a, DT_BF16, 4);
}

static DECL_GEMM_RUN(gemm_wide_c)
{
    run(a, DT_BF16, 8);
}

static DECL_GEMM_RUN(gemm_i8_c)
{
    run(a, DT_I8, 4);
}

static void butterflies(float *x, int n, int step)
{
    for (int h = 1; h < n; h *= 2)
        for (int i = 0; i < n; i++)
            if (!(i & h)) {
                float a = x[i * step], b = x[(i + h) * step];

                x[i * step] = a + b;
                x[(i + h) * step] = a - b;
            }
}

static DECL_GEMM_HADAMARD(hadamard_c)
{
    int together = echo_hadamard_size(n);

    if (together == 1)
        return;
    for (float *at = x; at < x + n; at += PANEL_BLOCK) {
        for (int j = 0; j < 16; j++)
            butterflies(at + j, 16, 16);
        for (int j = 0; j < 16; j++) /* as if transposed */
            butterflies(at + j * 16, 16, 1);
        for (int i = 0; i < 16; i++)
            for (int j = 0; j < i; j++) {
                float a = at[i * 16 + j];

                at[i * 16 + j] = at[j * 16 + i];
                at[j * 16 + i] = a;
            }
    }
    for (int j = 0; j < PANEL_BLOCK; j++)
        butterflies(x + j, together / PANEL_BLOCK, PANEL_BLOCK);
}

static DECL_GEMM_QUANTIZE(quantize_bf16_c)
{
    uint16_t *out = to;

    for (int i = 0; i < n; i++)
        out[i] = f32_to_bf16(x[i]);
    if (n % 2)
        out[n] = 0;
}

static DECL_GEMM_QUANTIZE(quantize_i8_c)
{
    float top = 0, odd = 0;
    int8_t *out = to;

    for (int i = 0; i < n; i++) {
        top = fabsf(x[i]) > top ? fabsf(x[i]) : top;
        odd += x[i] * 0; /* NaN if it is not finite */
    }
    float inverse = top > 1e-30f ? 127 / top : 0, scale = top / 127 + odd;

    for (int i = 0; i < n; i++)
        out[i] = isfinite(x[i]) ? (int8_t)rintf(x[i] * inverse) : 0;
    for (; n % 4; n++)
        out[n] = 0;
    memcpy(out + n, &scale, sizeof scale);
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

static DECL_GEMM_DEQUANTIZE(gemm_dequantize_c)
{
    for (int p = 0; p < k; p++)
        for (int c = 0; c < GEMM_PANEL; c++)
            lines[p * GEMM_PANEL + c] = c < n ? number_at(w, dtype, c * ld + p) : 0.0f;
}

void echo_gemm_init(struct gemm_fns *f, unsigned cpu)
{
    *f = (struct gemm_fns){ .run = { gemm_f32_c, gemm_bf16_c, gemm_i8_c },
                            .run_wide = gemm_wide_c,
                            .quantize = { NULL, quantize_bf16_c, quantize_i8_c },
                            .hadamard = hadamard_c,
                            .dequantize = gemm_dequantize_c,
                            .bf16_by_f32 = true };
    (void)cpu;
#if defined(__x86_64__)
    if (cpu & CPU_AVX2)
        echo_gemm_init_avx2(f);
    if (cpu & CPU_AVXVNNI)
        echo_gemm_init_avxvnni(f);
    if (cpu & CPU_AVX512)
        echo_gemm_init_avx512(f);
    if (cpu & CPU_AVX512VNNI)
        echo_gemm_init_avx512vnni(f);
    if (cpu & CPU_AVX512BF16)
        echo_gemm_init_avx512bf16(f);
    if (cpu & CPU_AMX)
        echo_gemm_init_amx(f);
#elif defined(__aarch64__)
    if (cpu & CPU_NEON)
        echo_gemm_init_neon(f);
    if (cpu & CPU_NEONDOT)
        echo_gemm_init_neondot(f);
    if (cpu & CPU_NEONBF16)
        echo_gemm_init_neonbf16(f);
#endif
}

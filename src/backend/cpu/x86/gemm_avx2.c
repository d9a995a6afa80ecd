/* SPDX-License-Identifier: MIT */
/* gemm_avx2.c - tiles of 6 rows by one panel (2 registers): 12 accumulators. */
#include "backend/cpu/gemm.h"

#ifndef __AVX2__
#error "build this file with -mavx2 -mfma -mf16c"
#endif

#include <immintrin.h>
#include <string.h>

#define MR     6
#define INLINE static inline __attribute__((always_inline))

/* rows is a constant after inlining; full says that all 16 columns exist. */
INLINE void tile(const struct gemm_args *a, int i, int j, const int rows, const bool full)
{
    const float *w = a->w + (j / GEMM_PANEL) * a->panel;
    float *y = a->y + i * a->ldy + j;
    int n = full ? GEMM_PANEL : a->n - j;
    float edge[MR][GEMM_PANEL], bias[GEMM_PANEL] = { 0 };
    __m256 acc[MR][2];

    if (a->bias)
        memcpy(bias, a->bias + j, (size_t)n * sizeof *bias);
    for (int r = 0; r < rows; r++) {
        const float *from = y + r * a->ldy;

        if (!a->add)
            from = bias;
        else if (!full)
            from = memcpy(edge[r], from, (size_t)n * sizeof *from);
        for (int h = 0; h < 2; h++) {
            acc[r][h] = _mm256_loadu_ps(from + 8 * h);
            if (a->add)
                acc[r][h] = _mm256_add_ps(_mm256_loadu_ps(bias + 8 * h), acc[r][h]);
        }
    }
    for (int t = 0; t < a->taps; t++) {
        const float *x = a->x + i * a->ldx + t * a->tap;

        for (int p = 0; p < a->k; p++, w += GEMM_PANEL) {
            __m256 w0 = _mm256_loadu_ps(w), w1 = _mm256_loadu_ps(w + 8);

            for (int r = 0; r < rows; r++) {
                __m256 xv = _mm256_broadcast_ss(x + r * a->ldx + p);

                acc[r][0] = _mm256_fmadd_ps(xv, w0, acc[r][0]);
                acc[r][1] = _mm256_fmadd_ps(xv, w1, acc[r][1]);
            }
        }
    }
    for (int r = 0; r < rows; r++) {
        float *to = full ? y + r * a->ldy : edge[r];

        _mm256_storeu_ps(to, acc[r][0]);
        _mm256_storeu_ps(to + 8, acc[r][1]);
        if (!full)
            memcpy(y + r * a->ldy, to, (size_t)n * sizeof *to);
    }
}

#define STRIP(name, full)                                \
    static void name(const struct gemm_args *a, int j)   \
    {                                                    \
        int i = 0;                                       \
                                                         \
        for (; i + MR <= a->m; i += MR)                  \
            tile(a, i, j, MR, full);                     \
        switch (a->m - i) {                              \
        case 5: tile(a, i, j, 5, full); break;           \
        case 4: tile(a, i, j, 4, full); break;           \
        case 3: tile(a, i, j, 3, full); break;           \
        case 2: tile(a, i, j, 2, full); break;           \
        case 1: tile(a, i, j, 1, full); break;           \
        }                                                \
    }
STRIP(full_strip, true)
STRIP(edge_strip, false)

DECL_GEMM_RUN(echo_gemm_run_avx2)
{
    int j = 0;

    for (; j + GEMM_PANEL <= a->n; j += GEMM_PANEL)
        full_strip(a, j);
    if (j < a->n)
        edge_strip(a, j);
}

INLINE __m256 load8(const void *w, enum dtype dtype, ptrdiff_t at)
{
    const char *p = w;

    if (dtype == DT_F32)
        return _mm256_loadu_ps((const float *)(const void *)(p + at * 4));
    __m128i h = _mm_loadu_si128((const void *)(p + at * 2));

    if (dtype == DT_F16)
        return _mm256_cvtph_ps(h);
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(h), 16));
}

INLINE void transpose(__m256 r[8])
{
    __m256 t[8];

    for (int i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < 8; i += 4)
        for (int h = 0; h < 2; h++) {
            __m256d a = _mm256_castps_pd(t[i + h]), b = _mm256_castps_pd(t[i + 2 + h]);

            r[i + 2 * h] = _mm256_castpd_ps(_mm256_unpacklo_pd(a, b));
            r[i + 2 * h + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(a, b));
        }
    for (int c = 0; c < 4; c++) {
        __m256 low = r[c], high = r[4 + c];

        r[c] = _mm256_permute2f128_ps(low, high, 0x20);
        r[4 + c] = _mm256_permute2f128_ps(low, high, 0x31);
    }
}

/* Eight numbers of each of eight rows at w[row * ld]; 0 for rows past n, numbers past count. */
INLINE void expand_block(float *panel, const void *w, const enum dtype dtype, ptrdiff_t ld,
                         int n, int count)
{
    ptrdiff_t size = dtype == DT_F32 ? 4 : 2;
    __m256 r[8];

    for (int c = 0; c < 8; c++) {
        char last[32] = { 0 };

        if (c >= n) {
            r[c] = _mm256_setzero_ps();
        } else if (count < 8) { /* not a byte past the end of the row */
            memcpy(last, (const char *)w + c * ld * size, (size_t)(count * size));
            r[c] = load8(last, dtype, 0);
        } else {
            r[c] = load8(w, dtype, c * ld);
        }
    }
    transpose(r);
    for (int p = 0; p < count; p++)
        _mm256_storeu_ps(panel + p * GEMM_PANEL, r[p]);
}

INLINE void expand(float *panel, const void *w, const enum dtype dtype, ptrdiff_t ld, int n,
                   int k)
{
    ptrdiff_t size = dtype == DT_F32 ? 4 : 2;
    int low = n < 8 ? n : 8;

    for (int p = 0; p < k; p += 8) {
        const char *from = (const char *)w + p * size;
        int count = k - p < 8 ? k - p : 8;
        float *to = panel + p * GEMM_PANEL;

        expand_block(to, from, dtype, ld, low, count);
        expand_block(to + 8, n > 8 ? from + 8 * ld * size : from, dtype, ld, n - low, count);
    }
}

DECL_GEMM_EXPAND(echo_gemm_expand_avx2)
{
    if (dtype == DT_F32)
        expand(panel, w, DT_F32, ld, n, k);
    else if (dtype == DT_BF16)
        expand(panel, w, DT_BF16, ld, n, k);
    else
        expand(panel, w, DT_F16, ld, n, k);
}

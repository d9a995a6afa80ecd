/* SPDX-License-Identifier: MIT */
/* gemm_avx512.c - tiles of 8 rows by 3 panels: 24 accumulators, the rest for operands. */
#include "backend/cpu/gemm.h"

#ifndef __AVX512F__
#error "build this file with -mavx512f -mavx512bw -mavx512dq -mavx512vl"
#endif

#include <immintrin.h>

#define MR     8
#define PANELS 3
#define INLINE static inline __attribute__((always_inline))

/* rows and panels are constants after inlining, so that acc stays in registers. */
INLINE void tile(const struct gemm_args *a, int i, int j, __mmask16 last, const int rows,
                 const int panels)
{
    const float *w = a->w + (j / GEMM_PANEL) * a->panel;
    float *y = a->y + i * a->ldy + j;
    __m512 acc[MR][PANELS];

    for (int q = 0; q < panels; q++) {
        __mmask16 live = q == panels - 1 ? last : 0xffff;
        __m512 b = a->bias ? _mm512_maskz_loadu_ps(live, a->bias + j + q * GEMM_PANEL)
                           : _mm512_setzero_ps();

        for (int r = 0; r < rows; r++)
            acc[r][q] = a->add ? _mm512_add_ps(b, _mm512_maskz_loadu_ps(live, y + r * a->ldy +
                                                                        q * GEMM_PANEL))
                               : b;
    }
    for (int t = 0; t < a->taps; t++) {
        const float *x = a->x + i * a->ldx + t * a->tap;

        for (int p = 0; p < a->k; p++, w += GEMM_PANEL) {
            __m512 wv[PANELS];

            for (int q = 0; q < panels; q++)
                wv[q] = _mm512_loadu_ps(w + q * a->panel);
            for (int r = 0; r < rows; r++) {
                __m512 xv = _mm512_set1_ps(x[r * a->ldx + p]);

                for (int q = 0; q < panels; q++)
                    acc[r][q] = _mm512_fmadd_ps(xv, wv[q], acc[r][q]);
            }
        }
    }
    for (int r = 0; r < rows; r++)
        for (int q = 0; q < panels; q++)
            _mm512_mask_storeu_ps(y + r * a->ldy + q * GEMM_PANEL,
                                  q == panels - 1 ? last : 0xffff, acc[r][q]);
}

#define STRIP(panels)                                              \
    static void strip_##panels(const struct gemm_args *a, int j, __mmask16 last) \
    {                                                              \
        int i = 0;                                                 \
                                                                   \
        for (; i + MR <= a->m; i += MR)                            \
            tile(a, i, j, last, MR, panels);                       \
        switch (a->m - i) {                                        \
        case 7: tile(a, i, j, last, 7, panels); break;             \
        case 6: tile(a, i, j, last, 6, panels); break;             \
        case 5: tile(a, i, j, last, 5, panels); break;             \
        case 4: tile(a, i, j, last, 4, panels); break;             \
        case 3: tile(a, i, j, last, 3, panels); break;             \
        case 2: tile(a, i, j, last, 2, panels); break;             \
        case 1: tile(a, i, j, last, 1, panels); break;             \
        }                                                          \
    }
STRIP(1)
STRIP(2)
STRIP(3)

DECL_GEMM_RUN(echo_gemm_run_avx512)
{
    for (int j = 0; j < a->n; j += PANELS * GEMM_PANEL) {
        int n = a->n - j < PANELS * GEMM_PANEL ? a->n - j : PANELS * GEMM_PANEL;
        int rest = (n - 1) % GEMM_PANEL + 1; /* columns of the last panel */
        __mmask16 last = (__mmask16)((1u << rest) - 1);

        if (n > 2 * GEMM_PANEL)
            strip_3(a, j, last);
        else if (n > GEMM_PANEL)
            strip_2(a, j, last);
        else
            strip_1(a, j, last);
    }
}

INLINE __m512 load16(const void *w, enum dtype dtype, ptrdiff_t at, __mmask16 live)
{
    const char *p = w;

    if (dtype == DT_F32)
        return _mm512_maskz_loadu_ps(live, p + at * 4);
    __m256i h = _mm256_maskz_loadu_epi16(live, p + at * 2);

    if (dtype == DT_F16)
        return _mm512_cvtph_ps(h);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(h), 16));
}

/* Transpose 16 x 16 in four rounds of exchanging halves. */
INLINE void transpose(__m512 r[16])
{
    __m512 t[16];

    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < 16; i += 4)
        for (int h = 0; h < 2; h++) {
            __m512d a = _mm512_castps_pd(t[i + h]), b = _mm512_castps_pd(t[i + 2 + h]);

            r[i + 2 * h] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
            r[i + 2 * h + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
        }
    for (int i = 0; i < 16; i += 8)
        for (int c = 0; c < 4; c++) {
            t[i + c] = _mm512_shuffle_f32x4(r[i + c], r[i + 4 + c], 0x88);
            t[i + 4 + c] = _mm512_shuffle_f32x4(r[i + c], r[i + 4 + c], 0xdd);
        }
    for (int c = 0; c < 8; c++) {
        r[c] = _mm512_shuffle_f32x4(t[c], t[8 + c], 0x88);
        r[8 + c] = _mm512_shuffle_f32x4(t[c], t[8 + c], 0xdd);
    }
}

INLINE void expand(float *panel, const void *w, const enum dtype dtype, ptrdiff_t ld, int n,
                   int k)
{
    for (int p = 0; p < k; p += 16) {
        int count = k - p < 16 ? k - p : 16;
        __mmask16 live = (__mmask16)((1u << count) - 1);
        __m512 r[16];

        for (int c = 0; c < 16; c++)
            r[c] = c < n ? load16(w, dtype, c * ld + p, live) : _mm512_setzero_ps();
        transpose(r);
        for (int c = 0; c < count; c++)
            _mm512_storeu_ps(panel + (p + c) * GEMM_PANEL, r[c]);
    }
}

DECL_GEMM_EXPAND(echo_gemm_expand_avx512)
{
    if (dtype == DT_F32)
        expand(panel, w, DT_F32, ld, n, k);
    else if (dtype == DT_BF16)
        expand(panel, w, DT_BF16, ld, n, k);
    else
        expand(panel, w, DT_F16, ld, n, k);
}

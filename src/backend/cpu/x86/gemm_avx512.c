/* SPDX-License-Identifier: MIT */
/*
 * gemm_avx512.c - tiles of 8 rows by 3 panels: 24 sums, the rest for inputs.
 *
 * Without its own instruction a product of bfloat16 is two of float32.
 */
#include "backend/cpu/gemm.h"
#include "backend/cpu/x86/vec_avx512.h"

#define INLINE static inline __attribute__((always_inline))

#define GEMM_NAME            f32
#define GEMM_ROWS            8
#define GEMM_PANELS          3
#define GEMM_INT             0
#define GEMM_STEP            4
#define GEMM_DOT(sum, x, w)  v_fma(vb_float(vb_set(x)), vb_float(w), sum)
#include "backend/cpu/gemm_body.h"

#define GEMM_NAME            bf16
#define GEMM_ROWS            8
#define GEMM_PANELS          3
#define GEMM_INT             0
#define GEMM_STEP            4
#define GEMM_DOT(sum, x, w)                          \
    v_fma(vb_high(vb_set(x)), vb_high(w),            \
          v_fma(vb_low(vb_set(x)), vb_low(w), sum))
#include "backend/cpu/gemm_body.h"

#define GEMM_NAME            wide
#define GEMM_ROWS            8
#define GEMM_PANELS          3
#define GEMM_INT             0
#define GEMM_STEP            8
#define GEMM_DOT(sum, x, w)                          \
    v_fma(vb_float(vb_set((x) + 4)), vb_high(w),     \
          v_fma(vb_float(vb_set(x)), vb_low(w), sum))
#include "backend/cpu/gemm_body.h"

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

INLINE void dequantize(float *lines_out, const void *w, const enum dtype dtype, ptrdiff_t ld,
                       int n, int k)
{
    for (int p = 0; p < k; p += 16) {
        int count = k - p < 16 ? k - p : 16;
        __mmask16 live = (__mmask16)((1u << count) - 1);
        __m512 r[16];

        for (int c = 0; c < 16; c++)
            r[c] = c < n ? load16(w, dtype, c * ld + p, live) : _mm512_setzero_ps();
        transpose(r);
        for (int c = 0; c < count; c++)
            _mm512_storeu_ps(lines_out + (p + c) * GEMM_PANEL, r[c]);
    }
}

#include "backend/cpu/gemm_dequantize_body.h"

void echo_gemm_init_avx512(struct gemm_fns *f)
{
    f->run[DT_F32] = f32;
    f->run[DT_BF16] = bf16;
    f->run_wide = wide;
    f->quantize[DT_BF16] = quantize_bf16;
    f->hadamard = hadamard;
    f->dequantize = dequantize_any;
}

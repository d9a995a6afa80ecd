/* SPDX-License-Identifier: MIT */
/*
 * gemm_avx2.c - tiles of 6 rows by one panel (2 registers): 12 sums.
 *
 * A product of bfloat16 is two of float32.  Eight-bit numbers are multiplied as sizes of x by
 * weights that have x's sign, which cannot overflow the sixteen bits of a pair: both are at
 * most 127.
 */
#include "backend/cpu/gemm.h"
#include "backend/cpu/x86/vec_avx2.h"

#define INLINE static inline __attribute__((always_inline))

#define GEMM_NAME            f32
#define GEMM_ROWS            6
#define GEMM_PANELS          1
#define GEMM_INT             0
#define GEMM_STEP            4
#define GEMM_DOT(sum, x, w)  v_fma(vb_float(vb_set(x)), vb_float(w), sum)
#include "backend/cpu/gemm_body.h"

#define GEMM_NAME            bf16
#define GEMM_ROWS            4
#define GEMM_PANELS          1
#define GEMM_INT             0
#define GEMM_STEP            4
#define GEMM_DOT(sum, x, w)                          \
    v_fma(vb_high(vb_set(x)), vb_high(w),            \
          v_fma(vb_low(vb_set(x)), vb_low(w), sum))
#include "backend/cpu/gemm_body.h"

#define GEMM_NAME            wide
#define GEMM_ROWS            6
#define GEMM_PANELS          1
#define GEMM_INT             0
#define GEMM_STEP            8
#define GEMM_DOT(sum, x, w)                          \
    v_fma(vb_float(vb_set((x) + 4)), vb_high(w),     \
          v_fma(vb_float(vb_set(x)), vb_low(w), sum))
#include "backend/cpu/gemm_body.h"

INLINE vb dot_i8(vb sum, vb x, vb w)
{
    vb pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(x), _mm256_sign_epi8(w, x));

    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

#define GEMM_NAME            i8
#define GEMM_ROWS            4
#define GEMM_PANELS          1
#define GEMM_INT             1
#define GEMM_STEP            4
#define GEMM_FIRST(sums)     _mm256_setzero_si256()
#define GEMM_DOT(sum, x, w)  dot_i8(sum, vb_set(x), w)
#include "backend/cpu/gemm_body.h"

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
INLINE void dequantize_block(float *panel, const void *w, const enum dtype dtype, ptrdiff_t ld,
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

INLINE void dequantize(float *panel, const void *w, const enum dtype dtype, ptrdiff_t ld, int n,
                       int k)
{
    ptrdiff_t size = dtype == DT_F32 ? 4 : 2;
    int low = n < 8 ? n : 8;

    for (int p = 0; p < k; p += 8) {
        const char *from = (const char *)w + p * size;
        int count = k - p < 8 ? k - p : 8;
        float *to = panel + p * GEMM_PANEL;

        dequantize_block(to, from, dtype, ld, low, count);
        dequantize_block(to + 8, n > 8 ? from + 8 * ld * size : from, dtype, ld, n - low,
                         count);
    }
}

#include "backend/cpu/gemm_dequantize_body.h"

void echo_gemm_init_avx2(struct gemm_fns *f)
{
    f->run[DT_F32] = f32;
    f->run[DT_BF16] = bf16;
    f->run_wide = wide;
    f->run[DT_I8] = i8;
    f->quantize[DT_BF16] = quantize_bf16;
    f->quantize[DT_I8] = quantize_i8;
    f->hadamard = hadamard;
    f->dequantize = dequantize_any;
}

/* SPDX-License-Identifier: MIT */
/*
 * gemm_neon.c - tiles of 6 rows by one panel (4 registers): 24 sums, the rest for inputs.
 *
 * A product of bfloat16 is two of float32; the halves of the weights take registers of their
 * own.  Eight-bit numbers are at most 127, so that two products fit into sixteen bits.
 */
#include "backend/cpu/gemm.h"
#include "backend/cpu/arm/vec_neon.h"

#define INLINE static inline __attribute__((always_inline))

/* sum + w times what all lanes of x hold, read from one.  Through intrinsics, gcc 12 fills the
 * lanes first: 6 instructions more where 24 are products. */
INLINE vf fma_same(vf sum, vf x, vf w)
{
    float same = vgetq_lane_f32(x, 0);

    __asm__("fmla %0.4s, %1.4s, %2.s[0]" : "+w"(sum) : "w"(w), "w"(same));
    return sum;
}

#define GEMM_NAME            f32
#define GEMM_ROWS            6
#define GEMM_PANELS          1
#define GEMM_INT             0
#define GEMM_STEP            4
#define GEMM_DOT(sum, x, w)  fma_same(sum, vb_float(vb_set(x)), vb_float(w))
#include "backend/cpu/gemm_body.h"

#define GEMM_NAME            bf16
#define GEMM_ROWS            4
#define GEMM_PANELS          1
#define GEMM_INT             0
#define GEMM_STEP            4
#define GEMM_DOT(sum, x, w)                                    \
    fma_same(fma_same(sum, vb_low(vb_set(x)), vb_low(w)),      \
             vb_high(vb_set(x)), vb_high(w))
#include "backend/cpu/gemm_body.h"

#define GEMM_NAME            wide
#define GEMM_ROWS            4
#define GEMM_PANELS          1
#define GEMM_INT             0
#define GEMM_STEP            8
#define GEMM_DOT(sum, x, w)                                    \
    fma_same(fma_same(sum, vb_float(vb_set(x)), vb_low(w)),    \
             vb_float(vb_set((x) + 4)), vb_high(w))
#include "backend/cpu/gemm_body.h"

INLINE vb dot_i8(vb sum, vb x, vb w)
{
    int8x16_t a = vreinterpretq_s8_s32(x), b = vreinterpretq_s8_s32(w);
    int16x8_t low = vmull_s8(vget_low_s8(a), vget_low_s8(b)), high = vmull_high_s8(a, b);

    return vpadalq_s16(sum, vpaddq_s16(low, high));
}

#define GEMM_NAME            i8
#define GEMM_ROWS            4
#define GEMM_PANELS          1
#define GEMM_INT             1
#define GEMM_STEP            4
#define GEMM_FIRST(sums)     vdupq_n_s32(0)
#define GEMM_DOT(sum, x, w)  dot_i8(sum, vb_set(x), w)
#include "backend/cpu/gemm_body.h"

INLINE vf load4(const char *p, enum dtype dtype)
{
    if (dtype == DT_F32)
        return vb_float(vb_load(p));
    uint16x4_t h = vreinterpret_u16_u8(vld1_u8((const void *)p));

    if (dtype == DT_F16)
        return vcvt_f32_f16(vreinterpret_f16_u16(h));
    return vreinterpretq_f32_u32(vshll_n_u16(h, 16));
}

INLINE void transpose(vf r[4])
{
    float64x2_t t[4];

    for (int i = 0; i < 4; i += 2) {
        t[i] = vreinterpretq_f64_f32(vtrn1q_f32(r[i], r[i + 1]));
        t[i + 1] = vreinterpretq_f64_f32(vtrn2q_f32(r[i], r[i + 1]));
    }
    for (int h = 0; h < 2; h++) {
        r[h] = vreinterpretq_f32_f64(vtrn1q_f64(t[h], t[2 + h]));
        r[2 + h] = vreinterpretq_f32_f64(vtrn2q_f64(t[h], t[2 + h]));
    }
}

/* Four numbers of each of four rows at w[row * ld]; 0 for rows past n, numbers past count. */
INLINE void dequantize_block(float *panel, const char *w, const enum dtype dtype, ptrdiff_t ld,
                             int n, int count)
{
    ptrdiff_t size = dtype == DT_F32 ? 4 : 2;
    vf r[4];

    for (int c = 0; c < 4; c++) {
        char last[16] = { 0 };

        if (c >= n) {
            r[c] = v_zero();
        } else if (count < 4) { /* not a byte past the end of the row */
            memcpy(last, w + c * ld * size, (size_t)(count * size));
            r[c] = load4(last, dtype);
        } else {
            r[c] = load4(w + c * ld * size, dtype);
        }
    }
    transpose(r);
    for (int p = 0; p < count; p++)
        v_put(panel + p * GEMM_PANEL, r[p], VEC);
}

INLINE void dequantize(float *panel, const void *w, const enum dtype dtype, ptrdiff_t ld, int n,
                       int k)
{
    ptrdiff_t size = dtype == DT_F32 ? 4 : 2;

    for (int p = 0; p < k; p += 4, panel += 4 * GEMM_PANEL)
        for (int c = 0; c < GEMM_PANEL; c += 4) {
            const char *from = (const char *)w + (p + (c < n ? c * ld : 0)) * size;

            dequantize_block(panel + c, from, dtype, ld, n - c, k - p < 4 ? k - p : 4);
        }
}

#include "backend/cpu/gemm_dequantize_body.h"

void echo_gemm_init_neon(struct gemm_fns *f)
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

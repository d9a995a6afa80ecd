/* SPDX-License-Identifier: MIT */
/*
 * gemm_neonbf16.c - products of bfloat16 pairs, added up in float32.  The instruction may round
 * to odd: within an ulp, not half of one; and what is denormal is 0 to it.
 */
#include "backend/cpu/gemm.h"
#include "backend/cpu/arm/vec_neon.h"

#ifndef __ARM_FEATURE_BF16_VECTOR_ARITHMETIC
#error "build this file with -march=armv8.2-a+bf16"
#endif

/* vbfdotq_f32() of what is the same in all lanes of x; see fma_same() in gemm_neon.c */
static inline __attribute__((always_inline)) vf dot_same(vf sum, vb x, vb w)
{
    int32_t same = vgetq_lane_s32(x, 0);

    __asm__("bfdot %0.4s, %1.8h, %2.2h[0]" : "+w"(sum) : "w"(w), "w"(same));
    return sum;
}

#define GEMM_NAME            bf16
#define GEMM_ROWS            6
#define GEMM_PANELS          1
#define GEMM_INT             0
#define GEMM_STEP            4
#define GEMM_DOT(sum, x, w)  dot_same(sum, vb_set(x), w)
#include "backend/cpu/gemm_body.h"

void echo_gemm_init_neonbf16(struct gemm_fns *f)
{
    f->run[DT_BF16] = bf16;
    f->bf16_by_f32 = false;
}

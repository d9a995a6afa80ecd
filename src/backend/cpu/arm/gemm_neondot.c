/* SPDX-License-Identifier: MIT */
/* gemm_neondot.c - eight-bit products, four of them to a sum at once. */
#include "backend/cpu/gemm.h"
#include "backend/cpu/arm/vec_neon.h"

#ifndef __ARM_FEATURE_DOTPROD
#error "build this file with -march=armv8.2-a+dotprod"
#endif

/* vdotq_s32() of what is the same in all lanes of x; see fma_same() in gemm_neon.c */
static inline __attribute__((always_inline)) vb dot_same(vb sum, vb x, vb w)
{
    int32_t same = vgetq_lane_s32(x, 0);

    __asm__("sdot %0.4s, %1.16b, %2.4b[0]" : "+w"(sum) : "w"(w), "w"(same));
    return sum;
}

#define GEMM_NAME            i8
#define GEMM_ROWS            6
#define GEMM_PANELS          1
#define GEMM_INT             1
#define GEMM_STEP            4
#define GEMM_FIRST(sums)     vdupq_n_s32(0)
#define GEMM_DOT(sum, x, w)  dot_same(sum, vb_set(x), w)
#include "backend/cpu/gemm_body.h"

void echo_gemm_init_neondot(struct gemm_fns *f)
{
    f->run[DT_I8] = i8;
}

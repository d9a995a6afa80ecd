/* SPDX-License-Identifier: MIT */
/* gemm_avx512bf16.c - products of bfloat16 pairs, added up in float32. */
#include "backend/cpu/gemm.h"
#include "backend/cpu/x86/vec_avx512.h"

#ifndef __AVX512BF16__
#error "build this file with -mavx512bf16 too"
#endif

#define GEMM_NAME            bf16
#define GEMM_ROWS            8
#define GEMM_PANELS          3
#define GEMM_INT             0
#define GEMM_STEP            4
#define GEMM_DOT(sum, x, w)  _mm512_dpbf16_ps(sum, (__m512bh)vb_set(x), (__m512bh)(w))
#include "backend/cpu/gemm_body.h"

void echo_gemm_init_avx512bf16(struct gemm_fns *f)
{
    f->run[DT_BF16] = bf16;
    f->bf16_by_f32 = false;
}

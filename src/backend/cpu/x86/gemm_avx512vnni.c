/* SPDX-License-Identifier: MIT */
/*
 * gemm_avx512vnni.c - eight-bit products.  The instruction wants x without sign: 128 is added
 * to it, and 128 times the sums of the weights is where the sums begin.
 */
#include "backend/cpu/gemm.h"
#include "backend/cpu/x86/vec_avx512.h"

#define QUANTIZE_FLIP 0x80
#include "backend/cpu/gemm_quantize_body.h"

#ifndef __AVX512VNNI__
#error "build this file with -mavx512vnni too"
#endif

#define GEMM_NAME            i8
#define GEMM_ROWS            8
#define GEMM_PANELS          3
#define GEMM_INT             1
#define GEMM_STEP            4
#define GEMM_FIRST(sums)     _mm512_mullo_epi32(sums, _mm512_set1_epi32(-128))
#define GEMM_DOT(sum, x, w)  _mm512_dpbusd_epi32(sum, vb_set(x), w)
#include "backend/cpu/gemm_body.h"

void echo_gemm_init_avx512vnni(struct gemm_fns *f)
{
    f->run[DT_I8] = i8;
    f->quantize[DT_I8] = quantize_i8;
}

/* SPDX-License-Identifier: MIT */
/* gemm_avxvnni.c - eight-bit products of CPUs that have them in AVX2's width alone; see
 * gemm_avx512vnni.c. */
#include "backend/cpu/gemm.h"
#include "backend/cpu/x86/vec_avx2.h"

#define QUANTIZE_FLIP 0x80
#include "backend/cpu/gemm_quantize_body.h"

#ifndef __AVXVNNI__
#error "build this file with -mavxvnni too"
#endif

#define GEMM_NAME            i8
#define GEMM_ROWS            6
#define GEMM_PANELS          1
#define GEMM_INT             1
#define GEMM_STEP            4
#define GEMM_FIRST(sums)     _mm256_mullo_epi32(sums, _mm256_set1_epi32(-128))
#define GEMM_DOT(sum, x, w)  _mm256_dpbusd_avx_epi32(sum, vb_set(x), w)
#include "backend/cpu/gemm_body.h"

void echo_gemm_init_avxvnni(struct gemm_fns *f)
{
    f->run[DT_I8] = i8;
    f->quantize[DT_I8] = quantize_i8;
}

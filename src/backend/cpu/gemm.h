/* SPDX-License-Identifier: MIT */
/*
 * gemm.h - y = x W^T, the kernel where the time goes.
 *
 * Weights are read as panels (base/panels.h), in one of three precisions.  A
 * matrix that lies in a mapped file row by row is dequantised into panels of
 * float32 a strip at a time, in cache, whatever its number format; what is
 * packed is used where it lies.  Kernels are single-threaded and know nothing
 * of tensors; cpu_matmul.c cuts the work and hands it out.
 */
#ifndef ECHO_GEMM_H
#define ECHO_GEMM_H

#include <stdbool.h>
#include <stddef.h>

#include "backend/backend.h"
#include "base/panels.h"

#define GEMM_PANEL PANEL_COLUMNS
#define GEMM_CUT   16 /* lines of bfloat16 that may be added up before they join a sum */

struct gemm_args {
    float *y;
    ptrdiff_t ldy; /* floats */
    const void *x;
    ptrdiff_t ldx, tap; /* bytes from row to row, from tap to tap */
    const void *w;
    ptrdiff_t panel;   /* bytes from panel to panel */
    const float *bias; /* [n], or NULL */
    int m, n;
    int taps, lines; /* a line meets four bytes of x; of a DT_I8 one tap only */
    bool add;        /* start from y */
};

/*
 * y[i][j] (+)= bias[j] + sum over t, p of x[i][t][p] w[t * k + p][j]
 * Each number is one chain of sums in that order, so that cutting the work
 * (into rows, columns, or K-blocks with add) never changes a bit.
 * Of DT_BF16 a link may be GEMM_CUT lines of a tap: that is where they are cut.
 * Sums of DT_I8 are whole numbers, scaled once: lines are all that there are.
 */
#define DECL_GEMM_RUN(name) void name(const struct gemm_args *a)
typedef DECL_GEMM_RUN(gemm_run);

/* In place: a row of x becomes the sums and differences that eight-bit panels are multiplied
 * by; see base/panels.h. */
#define DECL_GEMM_HADAMARD(name) void name(float *x, int n)
typedef DECL_GEMM_HADAMARD(gemm_hadamard);

/* n numbers of a row of x quantised for an instruction set, filled up to whole lines. */
#define DECL_GEMM_QUANTIZE(name) void name(void *to, const float *x, int n)
typedef DECL_GEMM_QUANTIZE(gemm_quantize);

/* Rows 0..n-1 (at most 16) of a row-major matrix of `dtype`, ld numbers apart, columns 0..k-1:
 * to lines of float32. */
#define DECL_GEMM_DEQUANTIZE(name) \
    void name(float *lines, const void *w, enum dtype dtype, ptrdiff_t ld, int n, int k)
typedef DECL_GEMM_DEQUANTIZE(gemm_dequantize);

struct gemm_fns {
    gemm_run *run[DT_I8 + 1];         /* panels and activations of the same dtype */
    gemm_run *run_wide;               /* of bfloat16 and float32: a line meets 8 bytes of x */
    gemm_quantize *quantize[DT_I8 + 1];    /* of DT_F32: none */
    gemm_hadamard *hadamard;          /* before those of DT_I8 */
    gemm_dequantize *dequantize;
    bool bf16_by_f32; /* run[DT_BF16] multiplies numbers of float32 */
};

void echo_gemm_init(struct gemm_fns *f, unsigned cpu);

/* Each replaces what its set does better. */
void echo_gemm_init_avx2(struct gemm_fns *f);
void echo_gemm_init_avxvnni(struct gemm_fns *f);
void echo_gemm_init_avx512(struct gemm_fns *f);
void echo_gemm_init_avx512vnni(struct gemm_fns *f);
void echo_gemm_init_avx512bf16(struct gemm_fns *f);
void echo_gemm_init_amx(struct gemm_fns *f);
void echo_gemm_init_neon(struct gemm_fns *f);
void echo_gemm_init_neondot(struct gemm_fns *f);
void echo_gemm_init_neonbf16(struct gemm_fns *f);

#endif

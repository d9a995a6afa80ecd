/* SPDX-License-Identifier: MIT */
/*
 * gemm.h - y = x W^T, the kernel where the time goes.
 *
 * Weights are read as panels: 16 columns side by side for each k, zeros where
 * there are fewer.  A matrix that lies in a mapped file row by row is expanded
 * into panels a strip at a time, in cache, whatever its number format; what is
 * ours is packed once.  Kernels are single-threaded and know nothing of
 * tensors; cpu_linear.c cuts the work and hands it out.
 */
#ifndef ECHO_GEMM_H
#define ECHO_GEMM_H

#include <stdbool.h>
#include <stddef.h>

#include "backend/backend.h"

#define GEMM_PANEL 16 /* columns of a panel */

struct gemm_args {
    float *y;
    ptrdiff_t ldy;
    const float *x;
    ptrdiff_t ldx, tap; /* floats from row to row, from tap to tap */
    const float *w;
    ptrdiff_t panel;   /* floats from panel to panel */
    const float *bias; /* [n], or NULL */
    int m, n;
    int taps, k; /* w has taps * k rows of GEMM_PANEL */
    bool add;    /* start from y */
};

/*
 * y[i][j] (+)= bias[j] + sum over t, p of x[i * ldx + t * tap + p] w[t * k + p][j]
 * Each number is one chain of sums in that order, so that cutting the work
 * (into rows, columns, or stretches of k with add) never changes a bit.
 */
#define DECL_GEMM_RUN(name) void name(const struct gemm_args *a)
typedef DECL_GEMM_RUN(gemm_run);

/* Rows 0..n-1 (at most 16) of a row-major matrix of `dtype`, ld numbers apart, columns 0..k-1:
 * to one panel [k][16]. */
#define DECL_GEMM_EXPAND(name) \
    void name(float *panel, const void *w, enum dtype dtype, ptrdiff_t ld, int n, int k)
typedef DECL_GEMM_EXPAND(gemm_expand);

struct gemm_fns {
    gemm_run *run;
    gemm_expand *expand;
};

void echo_gemm_init(struct gemm_fns *f, unsigned cpu);

/* one per instruction set; see x86/ */
DECL_GEMM_RUN(echo_gemm_run_avx2);
DECL_GEMM_RUN(echo_gemm_run_avx512);
DECL_GEMM_EXPAND(echo_gemm_expand_avx2);
DECL_GEMM_EXPAND(echo_gemm_expand_avx512);

#endif

/* SPDX-License-Identifier: MIT */
/* activation.h - what is done to each number by itself, or nearly, a row at a time. */
#ifndef ECHO_ACTIVATION_H
#define ECHO_ACTIVATION_H

#include <stddef.h>

/* The epilogues of matmuls and op_silu(), ... of one row: see backend.h */
#define DECL_ACT_GATE_SIGMOID(name) void name(float *y, const float *gate, int n)
#define DECL_ACT_GATED_ADD(name) void name(float *x, const float *gate, const float *y, int n)
/* gamma may be NULL */
#define DECL_ACT_ADD(name) \
    void name(float *x, const float *y, const float *gamma, float factor, int n)
#define DECL_ACT_SCALE(name)    void name(float *x, float factor, int n)
#define DECL_ACT_SILU(name)     void name(float *y, const float *x, int n)
#define DECL_ACT_SILU_MUL(name) void name(float *y, const float *a, const float *b, int n)
#define DECL_ACT_GELU(name)     void name(float *y, const float *x, int n)
#define DECL_ACT_TANH(name)     void name(float *x, int n)
/* turns = alpha / pi, inverse = 1 / (alpha + 1e-9) */
#define DECL_ACT_SNAKE(name) \
    void name(float *y, const float *x, const float *turns, const float *inverse, int n)
/* x: scores to what is in proportion to the probabilities of scale * x[first..end-1], the
 * largest of them 1; the others become 0.  Returns the factor that makes their sum 1. */
#define DECL_ACT_SOFTMAX(name) float name(float *x, float scale, int first, int end, int n)
/* y[c] = bias[c] + sum over t of w[t][c] x[t][c]; w has rows of n, x rows of ldx */
#define DECL_ACT_DEPTHWISE(name)                                                        \
    void name(float *y, const float *x, ptrdiff_t ldx, const float *w, const float *bias, \
              int taps, int n)

struct activation_fns {
    DECL_ACT_GATE_SIGMOID((*gate_sigmoid));
    DECL_ACT_GATED_ADD((*gated_add));
    DECL_ACT_ADD((*add));
    DECL_ACT_SCALE((*scale));
    DECL_ACT_SILU((*silu));
    DECL_ACT_SILU_MUL((*silu_mul));
    DECL_ACT_GELU((*gelu));
    DECL_ACT_TANH((*tanh));
    DECL_ACT_SNAKE((*snake));
    DECL_ACT_SOFTMAX((*softmax));
    DECL_ACT_DEPTHWISE((*depthwise));
};

void echo_activation_init(struct activation_fns *f, unsigned cpu);

void echo_activation_init_avx2(struct activation_fns *f);
void echo_activation_init_avx512(struct activation_fns *f);
void echo_activation_init_neon(struct activation_fns *f);

#endif

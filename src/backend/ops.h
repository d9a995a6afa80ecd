/* SPDX-License-Identifier: MIT */
/*
 * ops.h - the operations that a model is written in, and the memory a forward pass works in.
 *
 * Each function checks shapes, makes a struct op and gives it to the queue.
 */
#ifndef ECHO_OPS_H
#define ECHO_OPS_H

#include "backend/backend.h"
#include "base/arena.h"

/* The queue and the memory of one forward pass. */
struct run {
    struct queue *queue;
    struct buffer *mem;
    struct arena arena;
    bool dry; /* on a null queue: shapes are checked and scratch is measured, no more */
    bool (*stopped)(void *user); /* asked now and then in long passes; may be NULL */
    void *user;
};

static inline bool run_stopped(const struct run *r)
{
    return r->stopped && r->stopped(r->user);
}

/* Rows without gaps, for windows and reshapes. */
static inline struct tensor scratch_dense(struct run *r, int rows, int cols, enum dtype dtype)
{
    size_t bytes = (size_t)rows * (size_t)cols * dtype_size(dtype);

    return (struct tensor){ r->mem, arena_push(&r->arena, bytes), rows, cols, cols, dtype };
}

/* Rows as the device likes them. */
static inline struct tensor scratch_of(struct run *r, int rows, int cols, enum dtype dtype)
{
    const struct traits *traits = &r->queue->device->traits;
    int size = (int)dtype_size(dtype), align = traits->row_align ? traits->row_align : size;
    int bytes = (cols * size + traits->row_tail[dtype] + align - 1) / align * align;

    if (traits->row_alias && bytes % traits->row_alias == 0)
        bytes += align;
    struct tensor t = scratch_dense(r, rows, bytes / size, dtype);

    t.cols = cols;
    return t;
}

static inline struct tensor scratch(struct run *r, int rows, int cols)
{
    return scratch_of(r, rows, cols, DT_F32);
}

/* Rows for matmuls with w. */
static inline struct tensor scratch_for(struct run *r, int rows, const struct weight *w)
{
    return scratch_of(r, rows, w->k, w->x_dtype);
}

/* Names with external linkage begin with echo_; the model is easier to read without it. */
#define op_write             echo_op_write
#define op_read              echo_op_read
#define op_copy              echo_op_copy
#define op_zero              echo_op_zero
#define op_rope_table        echo_op_rope_table
#define op_linear            echo_op_linear
#define op_linear_add        echo_op_linear_add
#define op_linear_gated_add  echo_op_linear_gated_add
#define op_linear_gate       echo_op_linear_gate
#define op_swiglu            echo_op_swiglu
#define op_conv              echo_op_conv
#define op_conv_snake        echo_op_conv_snake
#define op_matmul            echo_op_matmul
#define op_depthwise         echo_op_depthwise
#define op_attention         echo_op_attention
#define op_rms_norm          echo_op_rms_norm
#define op_layer_norm        echo_op_layer_norm
#define op_adaln             echo_op_adaln
#define op_head_norm_rope    echo_op_head_norm_rope
#define op_add               echo_op_add
#define op_scale             echo_op_scale
#define op_silu              echo_op_silu
#define op_gate              echo_op_gate
#define op_gelu              echo_op_gelu
#define op_tanh              echo_op_tanh
#define op_snake             echo_op_snake
#define op_nearest           echo_op_nearest
#define op_gather            echo_op_gather

/* ---- moving ---- */

void op_write(struct queue *q, struct tensor dst, const float *src);
void op_read(struct queue *q, float *dst, struct tensor src);
/* dst may be quantised, of what src is in float32. */
void op_copy(struct queue *q, struct tensor dst, struct tensor src);
void op_zero(struct queue *q, struct tensor dst);

/*
 * Rotations for heads of rope.cols / 2 numbers: row i is position + i * step; a row has
 * cos, cos for each pair of neighbours, then -sin, sin for each.  Angles are
 * position * 10000^(-2 pair / head) in float32; `round`: cos and sin are rounded to bfloat16.
 * Made on the host: a GPU's sine of hundreds of radians is too coarse.
 */
void op_rope_table(struct queue *q, struct tensor rope, int position, int step, bool round);

/* ---- matmuls ---- */

/* y = x W^T + bias */
void op_linear(struct queue *q, struct tensor y, struct tensor x, const struct weight *w,
               struct tensor bias);

/* in place: y += x W^T + bias */
void op_linear_add(struct queue *q, struct tensor y, struct tensor x, const struct weight *w,
                   struct tensor bias);

/* in place: y += gate * (x W^T) */
void op_linear_gated_add(struct queue *q, struct tensor y, struct tensor gate,
                         struct tensor x, const struct weight *w);

/* in place: y *= sigmoid(x W^T) */
void op_linear_gate(struct queue *q, struct tensor y, struct tensor x,
                    const struct weight *w);

/* y = silu(x W1^T) * (x W3^T); y may be of bfloat16 or halves */
void op_swiglu(struct queue *q, struct tensor y, struct tensor x, const struct weight *w1,
               const struct weight *w3);

/* y[i] = bias + sum over taps t of W_t x[i + t * dilation]; W is [n][taps][x.cols] */
void op_conv(struct queue *q, struct tensor y, struct tensor x, const struct weight *w,
             struct tensor bias, int taps, int dilation);

/* The same, then Snake (see op_snake()); y may be of bfloat16 or halves. */
void op_conv_snake(struct queue *q, struct tensor y, struct tensor x, const struct weight *w,
                   struct tensor bias, struct tensor alpha, int taps, int dilation);

/* Any of these: y (epilogue)= a + x W^T over op->taps; b is the gate. */
void op_matmul(struct queue *q, const struct op *op);

/* ---- other ---- */

/* y[i] = bias + sum over taps t of w[t] * x[i + t], channel by channel */
void op_depthwise(struct queue *q, struct tensor y, struct tensor x, struct tensor w,
                  struct tensor bias);

/* Softmax attention per head with scores / sqrt(head size); x has the queries of all branches.
 * A window needs one segment and one branch.  The two matmuls are computed in
 * attention->precision, or better where that costs nothing. */
void op_attention(struct queue *q, struct tensor y, struct tensor x, int heads,
                  const struct attention *attention);

/* y = x / rms(x) * gamma */
void op_rms_norm(struct queue *q, struct tensor y, struct tensor x, struct tensor gamma);

/* y = (x - mean) / deviation * gamma + bias */
void op_layer_norm(struct queue *q, struct tensor y, struct tensor x, struct tensor gamma,
                   struct tensor bias);

/* y = x / rms(x) * (1 + scale) + shift, the same scale and shift for all rows */
void op_adaln(struct queue *q, struct tensor y, struct tensor x, struct tensor scale,
              struct tensor shift);

/*
 * in place: normalise each head by its rms times gamma (1 x cols, or none), then rotate
 * neighbouring pairs of the first rope_heads of them; row i of x takes row i % rope.rows of
 * what op_rope_table() made.
 */
void op_head_norm_rope(struct queue *q, struct tensor x, struct tensor gamma,
                       struct tensor rope, int heads, int rope_heads);

/* in place: x += factor * y * gamma; gamma is a row or none */
void op_add(struct queue *q, struct tensor x, struct tensor y, struct tensor gamma,
            float factor);

/* in place: x *= factor */
void op_scale(struct queue *q, struct tensor x, float factor);

/* y = silu(x) */
void op_silu(struct queue *q, struct tensor y, struct tensor x);

/* in place: y *= sigmoid(x), or y *= silu(x) */
void op_gate(struct queue *q, struct tensor y, struct tensor x, bool silu);

/* the exact one with erf; y may be x */
void op_gelu(struct queue *q, struct tensor y, struct tensor x);

/* in place */
void op_tanh(struct queue *q, struct tensor x);

/* y = x + sin^2(alpha x) / (alpha + 1e-9); y may be x.  alpha has two rows, made once:
 * alpha / pi and 1 / (alpha + 1e-9). */
void op_snake(struct queue *q, struct tensor y, struct tensor x, struct tensor alpha);

/* y[i] = index of the row of table with the highest cosine to x[i], the first of equals; -1
 * where x[i] is not finite.  The rows of table have length 1. */
void op_nearest(struct queue *q, struct tensor y, struct tensor x, struct tensor table);

/* y[i] = the row of table that index[i] says, NaN where it is none */
void op_gather(struct queue *q, struct tensor y, struct tensor index, struct tensor table);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * backend.h - what a device must be able to do to run the model.
 *
 * The model layer is plain C that calls op_*() in order.  A CPU backend
 * computes at once; Vulkan would record a dispatch; the null backend does
 * nothing; the trace backend times.  So a forward function *is* the graph:
 * there is no other.
 *
 * Rules for ops: numbers are float32, but outputs of copies, norms and
 * activations may be operands of a product.  Inputs are never modified unless
 * the op says "in place"; outputs do not overlap inputs; ops return nothing, a
 * device failure is remembered and reported by sync().  The same input gives the same bits
 * whatever the number of threads, and a row's result does not depend on how
 * many rows come with it: work is cut by outputs, sums are never split.
 */
#ifndef ECHO_BACKEND_H
#define ECHO_BACKEND_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

enum dtype { DT_F32,
             DT_BF16,
             DT_I8,
             DT_F16, /* of weights in files only */
             DTYPES };

static inline size_t dtype_size(enum dtype t)
{
    static const size_t sizes[DTYPES] = { 4, 2, 1, 2 };

    return sizes[t];
}

struct buffer {
    void *host; /* NULL on a device we cannot see into */
    size_t bytes;
};

/*
 * A matrix in a buffer.  Every activation in this model is one: rows are
 * tokens or time steps (guidance branches stacked), columns are channels.
 * A tensor is a view and a value: copy it, slice it, forget it.
 * Rows may overlap (ld < cols) where it is only read: a sliding window.
 *
 * Numbers are float32 but for operands: what a product is to read may be
 * rounded to the precision it computes in.  A row of DT_I8 is eight-bit
 * numbers in the device's own form and the row's scale behind them.
 */
struct tensor {
    struct buffer *buf; /* NULL: no tensor */
    size_t off;         /* bytes */
    int rows, cols;
    int ld; /* elements from one row to the next */
    enum dtype dtype;
};

/* A matrix of weights in whatever layout the device likes best. */
struct weight {
    struct buffer data; /* the device's own memory; empty if what follows is borrowed */
    const void *source; /* [n][k] row-major in `dtype`, or NULL */
    const void *panels; /* or panels of `dtype` (base/panels.h) */
    int n, k;           /* y[n] = sum over k of W[n][k] x[k] */
    enum dtype dtype;
    enum dtype operand; /* what x must be: the precision of the products */
};

/* One stretch of keys and values that queries look at. */
struct kv {
    struct tensor k, v;
    unsigned seen_by; /* bit b: branch b may look here */
    bool per_branch;  /* rows are stacked per branch, else shared by all */
};

/* Which queries see which keys: query i is at key position i + keys - queries. */
#define SEE_ALL  0       /* every query sees every key */
#define SEE_PAST INT_MAX /* causal; smaller: itself and the `window - 1` before it */

/* What becomes of the sums of a product. */
enum finish {
    FINISH_STORE,
    FINISH_ADD,       /* y += sums */
    FINISH_GATED_ADD, /* y += gate * sums, the same gate for all rows */
    FINISH_GATE,      /* y *= sigmoid(sums) */
    FINISH_SWIGLU,    /* y = silu(sums) * the sums of w2 */
};

/* y[i] = finish(bias + sum over taps t of W_t x[i + t * dilation]); W is [n][taps][x.cols] */
struct product {
    struct tensor y, x;
    const struct weight *w, *w2;
    struct tensor bias, gate; /* rows, or none */
    int taps, dilation;
    enum finish finish;
};

struct backend;

struct backend_ops {
    void (*close)(struct backend *);
    bool (*alloc)(struct backend *, struct buffer *, size_t bytes);
    void (*free)(struct backend *, struct buffer *);
    /* Make w, for products in the precision of `operand`, from n x k numbers at src; if
     * `stays`, src outlives w and may be used as it is. */
    bool (*load)(struct backend *, struct weight *w, const void *src, enum dtype dtype,
                 int n, int k, enum dtype operand, bool stays);
    /* Make w from panels, which outlive it. */
    bool (*load_panels)(struct backend *, struct weight *w, const void *panels,
                        enum dtype dtype, int n, int k, enum dtype operand);
    bool (*sync)(struct backend *); /* wait; false if the device has failed */
    /* Operations a second that products in a precision reach where nothing has to be fetched:
     * measured for about so many seconds.  0: it could not be measured. */
    double (*peak)(struct backend *, enum dtype precision, double seconds);

    void (*write)(struct backend *, struct tensor dst, const float *src);
    void (*read)(struct backend *, float *dst, struct tensor src);
    void (*copy)(struct backend *, struct tensor dst, struct tensor src);
    void (*zero)(struct backend *, struct tensor dst);
    void (*rope_table)(struct backend *, struct tensor rope, int position, int step,
                       bool round);
    void (*product)(struct backend *, const struct product *p);
    void (*depthwise)(struct backend *, struct tensor y, struct tensor x, struct tensor w,
                      struct tensor bias);
    void (*attention)(struct backend *, struct tensor y, struct tensor q, const struct kv *kv,
                      int n_kv, int heads, int branches, int window,
                      enum dtype precision);
    void (*rms_norm)(struct backend *, struct tensor y, struct tensor x, struct tensor gain);
    void (*layer_norm)(struct backend *, struct tensor y, struct tensor x, struct tensor gain,
                       struct tensor bias);
    void (*adaln)(struct backend *, struct tensor y, struct tensor x, struct tensor scale,
                  struct tensor shift);
    void (*head_norm_rope)(struct backend *, struct tensor x, struct tensor gain,
                           struct tensor rope, int heads, int rope_heads);
    void (*add)(struct backend *, struct tensor x, struct tensor y, struct tensor gain,
                float factor);
    void (*scale)(struct backend *, struct tensor x, float factor);
    void (*silu)(struct backend *, struct tensor y, struct tensor x);
    void (*gelu)(struct backend *, struct tensor y, struct tensor x);
    void (*tanh)(struct backend *, struct tensor x);
    void (*snake)(struct backend *, struct tensor y, struct tensor x, struct tensor alpha);
};

struct backend {
    const struct backend_ops *ops;
};

/* ---- tensors ---- */

static const struct tensor no_tensor = { 0 };

static inline bool has_tensor(struct tensor t)
{
    return t.buf != NULL;
}

static inline bool same_shape(struct tensor a, struct tensor b)
{
    return a.rows == b.rows && a.cols == b.cols;
}

/* One row of x.cols numbers, or nothing at all. */
static inline bool is_row_of(struct tensor row, struct tensor x)
{
    return !has_tensor(row) || (row.rows == 1 && row.cols == x.cols);
}

static inline struct tensor tensor_rows(struct tensor t, int first, int count)
{
    ECHO_ASSERT(first >= 0 && count >= 0 && first + count <= t.rows);
    t.off += (size_t)first * (size_t)t.ld * dtype_size(t.dtype);
    t.rows = count;
    return t;
}

static inline struct tensor tensor_cols(struct tensor t, int first, int count)
{
    ECHO_ASSERT(first >= 0 && count >= 0 && first + count <= t.cols && t.dtype != DT_I8);
    t.off += (size_t)first * dtype_size(t.dtype);
    t.cols = count;
    return t;
}

/*
 * The same numbers as rows of `width` input rows, `step` input rows apart: what a strided
 * convolution reads, without copying.  Needs rows without gaps.
 */
static inline struct tensor tensor_windows(struct tensor t, int width, int step)
{
    ECHO_ASSERT(t.ld == t.cols && t.rows >= width && (t.rows - width) % step == 0);
    ECHO_ASSERT(t.dtype != DT_I8);
    t.rows = (t.rows - width) / step + 1;
    t.ld = step * t.cols;
    t.cols *= width;
    return t;
}

/* Rows without gaps, cut into rows of `cols`. */
static inline struct tensor tensor_reshape(struct tensor t, int cols)
{
    size_t count = (size_t)t.rows * (size_t)t.cols;

    ECHO_ASSERT(t.ld == t.cols && count % (size_t)cols == 0 && t.dtype != DT_I8);
    t.rows = (int)(count / (size_t)cols);
    t.cols = t.ld = cols;
    return t;
}

/* What one forward pass works with. */
struct run {
    struct backend *be;
    struct buffer *mem;
    struct arena arena;
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

/* Rows that start on cache lines, a multiple of 4 KiB never apart: such rows would all
 * compete for the same few cache sets.  Behind a row of DT_I8 there is room for its scale. */
static inline struct tensor scratch_of(struct run *r, int rows, int cols, enum dtype dtype)
{
    int size = (int)dtype_size(dtype), bytes = cols * size;

    if (dtype == DT_I8)
        bytes += 4 + (int)sizeof(float);
    bytes = (bytes + 63) & ~63;
    if (bytes % 4096 == 0)
        bytes += 64;
    struct tensor t = scratch_dense(r, rows, bytes / size, dtype);

    t.cols = cols;
    return t;
}

static inline struct tensor scratch(struct run *r, int rows, int cols)
{
    return scratch_of(r, rows, cols, DT_F32);
}

/* Rows for products with w. */
static inline struct tensor scratch_for(struct run *r, int rows, const struct weight *w)
{
    return scratch_of(r, rows, w->k, w->operand);
}

/* ---- calls: the only place that checks shapes, for every backend ---- */

static inline void op_write(struct backend *b, struct tensor dst, const float *src)
{
    b->ops->write(b, dst, src);
}

static inline void op_read(struct backend *b, float *dst, struct tensor src)
{
    b->ops->read(b, dst, src);
}

/* dst may be an operand of what src is in float32. */
static inline void op_copy(struct backend *b, struct tensor dst, struct tensor src)
{
    ECHO_ASSERT(same_shape(dst, src) && (src.dtype == DT_F32 || src.dtype == dst.dtype));
    b->ops->copy(b, dst, src);
}

static inline void op_zero(struct backend *b, struct tensor dst)
{
    b->ops->zero(b, dst);
}

/*
 * Rotations for heads of rope.cols / 2 numbers: row i is position + i * step; a row has
 * cos, cos for each pair of neighbours, then -sin, sin for each.  Angles are
 * position * 10000^(-2 pair / head) in float32; `round`: cos and sin are rounded to bfloat16.
 */
static inline void op_rope_table(struct backend *b, struct tensor rope, int position, int step,
                                 bool round)
{
    ECHO_ASSERT(rope.cols % 4 == 0);
    b->ops->rope_table(b, rope, position, step, round);
}

static inline void op_product(struct backend *b, const struct product *p)
{
    const struct weight *w = p->w;

    ECHO_ASSERT(p->x.rows == p->y.rows + (p->taps - 1) * p->dilation);
    ECHO_ASSERT(p->x.cols * p->taps == w->k && p->y.cols == w->n && p->y.dtype == DT_F32);
    ECHO_ASSERT(p->x.dtype == w->operand && is_row_of(p->bias, p->y));
    ECHO_ASSERT(has_tensor(p->gate) == (p->finish == FINISH_GATED_ADD) &&
                is_row_of(p->gate, p->y));
    ECHO_ASSERT(!p->w2 == (p->finish != FINISH_SWIGLU));
    if (p->w2)
        ECHO_ASSERT(p->w2->n == w->n && p->w2->k == w->k && p->w2->operand == w->operand);
    b->ops->product(b, p);
}

/* y = x W^T + bias */
static inline void op_linear(struct backend *b, struct tensor y, struct tensor x,
                             const struct weight *w, struct tensor bias)
{
    op_product(b, &(struct product){ .y = y, .x = x, .w = w, .bias = bias, .taps = 1 });
}

/* in place: y += x W^T + bias */
static inline void op_linear_add(struct backend *b, struct tensor y, struct tensor x,
                                 const struct weight *w, struct tensor bias)
{
    op_product(b, &(struct product){ .y = y, .x = x, .w = w, .bias = bias, .taps = 1,
                                     .finish = FINISH_ADD });
}

/* in place: y += gate * (x W^T) */
static inline void op_linear_gated_add(struct backend *b, struct tensor y, struct tensor gate,
                                       struct tensor x, const struct weight *w)
{
    op_product(b, &(struct product){ .y = y, .x = x, .w = w, .gate = gate, .taps = 1,
                                     .finish = FINISH_GATED_ADD });
}

/* in place: y *= sigmoid(x W^T) */
static inline void op_linear_gate(struct backend *b, struct tensor y, struct tensor x,
                                  const struct weight *w)
{
    op_product(b, &(struct product){ .y = y, .x = x, .w = w, .taps = 1,
                                     .finish = FINISH_GATE });
}

/* y = silu(x W1^T) * (x W3^T) */
static inline void op_swiglu(struct backend *b, struct tensor y, struct tensor x,
                             const struct weight *w1, const struct weight *w3)
{
    op_product(b, &(struct product){ .y = y, .x = x, .w = w1, .w2 = w3, .taps = 1,
                                     .finish = FINISH_SWIGLU });
}

/* y[i] = bias + sum over taps t of W_t x[i + t * dilation] */
static inline void op_conv(struct backend *b, struct tensor y, struct tensor x,
                           const struct weight *w, struct tensor bias, int taps, int dilation)
{
    op_product(b, &(struct product){ .y = y, .x = x, .w = w, .bias = bias, .taps = taps,
                                     .dilation = dilation });
}

/* y[i] = bias + sum over taps t of w[t] * x[i + t], channel by channel */
static inline void op_depthwise(struct backend *b, struct tensor y, struct tensor x,
                                struct tensor w, struct tensor bias)
{
    ECHO_ASSERT(x.rows == y.rows + w.rows - 1 && x.cols == y.cols && w.cols == x.cols);
    ECHO_ASSERT(is_row_of(bias, y));
    b->ops->depthwise(b, y, x, w, bias);
}

/* Softmax attention per head with scores / sqrt(head size); queries of all branches stacked.
 * A window needs one segment and one branch.  The two products are computed in `precision`, or
 * better where that costs nothing. */
static inline void op_attention(struct backend *b, struct tensor y, struct tensor q,
                                const struct kv *kv, int n_kv, int heads, int branches,
                                int window, enum dtype precision)
{
    ECHO_ASSERT(same_shape(y, q) && q.rows % branches == 0 && q.cols % heads == 0);
    ECHO_ASSERT(window == SEE_ALL || (n_kv == 1 && branches == 1 && kv->k.rows >= q.rows));
    for (int i = 0; i < n_kv; i++)
        ECHO_ASSERT(kv[i].k.cols == q.cols && same_shape(kv[i].k, kv[i].v));
    b->ops->attention(b, y, q, kv, n_kv, heads, branches, window, precision);
}

/* y = x / rms(x) * gain */
static inline void op_rms_norm(struct backend *b, struct tensor y, struct tensor x,
                               struct tensor gain)
{
    ECHO_ASSERT(same_shape(y, x) && has_tensor(gain) && is_row_of(gain, x));
    b->ops->rms_norm(b, y, x, gain);
}

/* y = (x - mean) / deviation * gain + bias */
static inline void op_layer_norm(struct backend *b, struct tensor y, struct tensor x,
                                 struct tensor gain, struct tensor bias)
{
    ECHO_ASSERT(same_shape(y, x) && has_tensor(gain) && is_row_of(gain, x));
    ECHO_ASSERT(has_tensor(bias) && is_row_of(bias, x));
    b->ops->layer_norm(b, y, x, gain, bias);
}

/* y = x / rms(x) * (1 + scale) + shift, the same scale and shift for all rows */
static inline void op_adaln(struct backend *b, struct tensor y, struct tensor x,
                            struct tensor scale, struct tensor shift)
{
    ECHO_ASSERT(same_shape(y, x) && is_row_of(scale, x) && is_row_of(shift, x));
    b->ops->adaln(b, y, x, scale, shift);
}

/*
 * in place: normalise each head by its rms times gain (1 x cols, or none), then rotate
 * neighbouring pairs of the first rope_heads of them; row i of x takes row i % rope.rows of
 * what op_rope_table() made.
 */
static inline void op_head_norm_rope(struct backend *b, struct tensor x, struct tensor gain,
                                     struct tensor rope, int heads, int rope_heads)
{
    ECHO_ASSERT(x.cols % heads == 0 && rope_heads <= heads && is_row_of(gain, x));
    ECHO_ASSERT(!rope_heads || (rope.cols == 2 * (x.cols / heads) && x.rows % rope.rows == 0));
    b->ops->head_norm_rope(b, x, gain, rope, heads, rope_heads);
}

/* in place: x += factor * y * gain; gain is a row or none */
static inline void op_add(struct backend *b, struct tensor x, struct tensor y,
                          struct tensor gain, float factor)
{
    ECHO_ASSERT(same_shape(x, y) && is_row_of(gain, x));
    b->ops->add(b, x, y, gain, factor);
}

/* in place: x *= factor */
static inline void op_scale(struct backend *b, struct tensor x, float factor)
{
    b->ops->scale(b, x, factor);
}

/* y = silu(x) */
static inline void op_silu(struct backend *b, struct tensor y, struct tensor x)
{
    ECHO_ASSERT(same_shape(y, x));
    b->ops->silu(b, y, x);
}

/* the exact one with erf; y may be x */
static inline void op_gelu(struct backend *b, struct tensor y, struct tensor x)
{
    ECHO_ASSERT(same_shape(y, x));
    b->ops->gelu(b, y, x);
}

/* in place */
static inline void op_tanh(struct backend *b, struct tensor x)
{
    b->ops->tanh(b, x);
}

/* y = x + sin^2(alpha x) / (alpha + 1e-9); y may be x.  alpha has two rows, made once:
 * alpha / pi and 1 / (alpha + 1e-9). */
static inline void op_snake(struct backend *b, struct tensor y, struct tensor x,
                            struct tensor alpha)
{
    ECHO_ASSERT(same_shape(y, x) && alpha.rows == 2 && alpha.cols == x.cols);
    b->ops->snake(b, y, x, alpha);
}

/* ---- backends ---- */

/* Computes nothing. */
struct backend *echo_null_backend(void);

/* Works through `inner`, which it closes with itself, and sums the time of each kind of op. */
struct backend *echo_trace_backend(struct backend *inner);
void echo_trace_report(const struct backend *, void (*line)(void *user, const char *text),
                       void *user);

struct pool;

/* cpu_flags: the kernels allowed.  The pool is shared and must outlive it. */
echo_status echo_cpu_backend(struct backend **out, unsigned cpu_flags, struct pool *pool,
                             echo_error *err);

#endif

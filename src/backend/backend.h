/* SPDX-License-Identifier: MIT */
/*
 * backend.h - what a device must be able to do to run the model: the contract.
 *
 * The model layer is plain C that calls op_*() in order (ops.h).  A CPU computes at once; a GPU
 * would record; the null backend does nothing; the trace backend times.  So a forward function
 * *is* the graph: there is no other.
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

#include "backend/tensor.h"

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

/* What becomes of the sums of a matrix product. */
enum epilogue {
    EPILOGUE_STORE,
    EPILOGUE_ADD,       /* y += sums */
    EPILOGUE_GATED_ADD, /* y += gate * sums, the same gate for all rows */
    EPILOGUE_GATE,      /* y *= sigmoid(sums) */
    EPILOGUE_SWIGLU,    /* y = silu(sums) * the sums of w2 */
};

enum op_kind {
    OP_COPY,
    OP_ZERO,
    OP_MATMUL,
    OP_DEPTHWISE,
    OP_ATTENTION,
    OP_RMS_NORM,
    OP_LAYER_NORM,
    OP_ADALN,
    OP_HEAD_NORM_ROPE,
    OP_ADD,
    OP_SCALE,
    OP_SILU,
    OP_GELU,
    OP_TANH,
    OP_SNAKE,
    OP_KINDS
};

/* Of OP_ATTENTION, beside y, the queries x and their heads. */
struct attention {
    const struct kv *kv;
    int n_kv, branches, window;
    enum dtype precision; /* of both products */
};

/*
 * One operation as a value.  The functions of ops.h make it and say what each kind computes;
 * fields that a kind does not use are zero.
 */
struct op {
    enum op_kind kind;
    struct tensor y, x, a, b; /* y is made or changed; a and b are rows such as gain and bias */
    const struct weight *w, *w2;
    const struct attention *attention;
    float factor;
    int heads, rope_heads, taps, dilation;
    enum epilogue epilogue;
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

    /* src is copied before this returns. */
    void (*write)(struct backend *, struct tensor dst, const float *src);
    /* Waits for everything before it. */
    void (*read)(struct backend *, float *dst, struct tensor src);
    /* May only record it: the tensors' contents count when its turn comes.  What op points at
     * is the caller's again when this returns, but the weights, which outlive it. */
    void (*run)(struct backend *, const struct op *op);
};

struct backend {
    const struct backend_ops *ops;
};

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

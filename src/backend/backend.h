/* SPDX-License-Identifier: MIT */
/*
 * backend.h - what a device must be able to do to run the model: the contract.
 *
 * The model layer is plain C that calls op_*() in order (ops.h).  A CPU computes at once; a GPU
 * would record; the null queue does nothing; the trace device times.  So a forward function
 * *is* the graph: there is no other.
 *
 * A device is shared: memory, weights, what it is.  A queue belongs to one job at a time: the
 * operations, in order.
 *
 * Rules for ops: numbers are float32, but outputs of copies, norms and activations may be
 * quantised for a matmul, and those of some epilogues rounded.  Inputs are never modified
 * unless the op says "in place"; outputs do not overlap inputs; ops return nothing, a failure
 * of the device is remembered by the queue and told by sync().  The same input gives the same
 * bits whatever the number of threads, and a row's result does not depend on how many rows
 * come with it: work is cut by outputs, sums are never split.
 */
#ifndef ECHO_BACKEND_H
#define ECHO_BACKEND_H

#include <limits.h>

#include "backend/tensor.h"

enum layout {
    LAYOUT_ROWS,   /* [n][k] row-major, as in a file */
    LAYOUT_PANELS, /* base/panels.h */
};

/* A matrix of weights in whatever layout the device likes best. */
struct weight {
    struct buffer bytes; /* on a CPU perhaps borrowed from a mapped file */
    enum layout layout;
    int n, k; /* y[n] = sum over k of W[n][k] x[k] */
    enum dtype dtype;
    enum dtype x_dtype; /* what x must be: the precision of the matmuls */
    const struct low_rank *low; /* to be added: model/projection.h; NULL: nothing */
};

/* The origin of a weight. */
struct weight_source {
    const void *data;
    enum layout layout;
    enum dtype dtype; /* of data */
    int n, k;
    enum dtype x_dtype;     /* what it is made for */
    bool stays;         /* data outlives the weight, and may be used as it is */
};

#define ECHO_NORM_EPS       1e-5 /* of every norm but the next */
#define ECHO_LAYER_NORM_EPS 1e-6

/* One segment of keys and values that queries look at. */
struct kv {
    struct tensor k, v;
    unsigned seen_by; /* bit b: branch b may look here */
    float scale;      /* of keys and values, as they are read; 0: none */
    bool per_branch;  /* rows are stacked per branch, else shared by all */
};

/* Which queries see which keys: query i is at key position i + keys - queries. */
#define SEE_ALL  0       /* every query sees every key */
#define SEE_CAUSAL INT_MAX /* causal; smaller: itself and the `window - 1` before it */

/* Epilogue of a matmul: the use of its sums. */
enum epilogue {
    EPILOGUE_STORE,
    EPILOGUE_ADD,       /* y += sums */
    EPILOGUE_GATED_ADD, /* y += gate * sums, the same gate for all rows */
    EPILOGUE_GATE,      /* y *= sigmoid(sums) */
    EPILOGUE_SWIGLU,    /* y = silu(sums) * the sums of w2; y may be rounded */
    EPILOGUE_SNAKE,     /* y = snake(sums), b being its two rows; y may be rounded */
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
    OP_GATE,
    OP_GELU,
    OP_TANH,
    OP_SNAKE,
    OP_NEAREST,
    OP_GATHER,
    OP_KINDS
};

/* Of OP_ATTENTION, beside y, the queries x and their heads. */
struct attention {
    const struct kv *kv;
    int n_kv, branches, window;
    enum dtype precision; /* of both matmuls */
};

/*
 * One operation as a value.  The functions of ops.h make it and say what each kind computes;
 * fields that a kind does not use are zero.
 */
struct op {
    enum op_kind kind;
    struct tensor y, x, a, b; /* y is made or changed; a, b: rows such as gamma and bias */
    const struct weight *w, *w2;
    const struct attention *attention;
    float factor;
    int heads, rope_heads, taps, dilation;
    enum epilogue epilogue; /* of OP_GATE EPILOGUE_GATE or EPILOGUE_SWIGLU, x being the sums */
};

struct queue;

struct device_ops {
    void (*close)(struct device *);
    bool (*alloc)(struct device *, struct buffer *, size_t bytes);
    void (*free)(struct device *, struct buffer *);
    /* Make w.  False: there is no memory. */
    bool (*load)(struct device *, struct weight *w, const struct weight_source *from);
    /* Operations a second that matmuls in a precision reach where nothing has to be fetched:
     * measured for about so many seconds.  0: it could not be measured. */
    double (*peak)(struct device *, enum dtype precision, double seconds);
    echo_status (*open_queue)(struct device *, struct queue **, echo_error *);

    /* The rest may be NULL; the functions below ask them. */
    uint64_t (*available)(struct device *);
    bool (*lost)(struct device *);
    void (*prepare)(struct device *, const struct op *op);
};

/* Does it pay to round the inputs of matmuls to the device's other float type? */
enum rounding { ROUNDING_MEASURED, ROUNDING_NEVER_PAYS, ROUNDING_ALWAYS_PAYS };

/* Facts that others must know. */
struct traits {
    int row_align;        /* bytes: rows of scratch begin at multiples of it; 0: anywhere */
    int row_alias;        /* bytes: rows a multiple of it apart hinder each other; 0: none do */
    int row_tail[DTYPES]; /* bytes behind the numbers of a row */
    bool records; /* run() only records: ops take their time later */
    bool computes[DTYPES]; /* matmuls that there are: of float32, and bfloat16 or halves */
    enum rounding rounding;
};

struct device {
    const struct device_ops *ops;
    struct traits traits;
    char name[80]; /* "cpu: avx2, 4 threads" */
    int threads;   /* that share its work */
    double rate;   /* operations a second in matmuls, by measurement; 0: not measured */
};

/* Bytes that can still be allocated, as far as is known; UINT64_MAX: it is not. */
static inline uint64_t device_available(struct device *d)
{
    return d->ops->available ? d->ops->available(d) : UINT64_MAX;
}

/* It failed for good: all that was made with it is to be made again, with another. */
static inline bool device_lost(struct device *d)
{
    return d->ops->lost && d->ops->lost(d);
}

/* An op of such shapes will come: get ready for it, in the background.  Its tensors may be over
 * no memory. */
static inline void device_prepare(struct device *d, const struct op *op)
{
    if (d->ops->prepare)
        d->ops->prepare(d, op);
}

struct queue_ops {
    void (*close)(struct queue *);
    /* src is copied before this returns. */
    void (*write)(struct queue *, struct tensor dst, const float *src);
    /* Waits for everything before it. */
    void (*read)(struct queue *, float *dst, struct tensor src);
    /* May only record it: the tensors' contents count when its turn comes.  What op points at
     * is the caller's again when this returns, but the weights, which outlive it. */
    void (*run)(struct queue *, const struct op *op);
    /* Waits for everything; the first failure since the last time, in words. */
    echo_status (*sync)(struct queue *, echo_error *);
};

struct queue {
    const struct queue_ops *ops;
    struct device *device;
};

/* Computes nothing, over no memory: what it is asked is checked, scratch is measured as
 * `device` would need it, and the device gets ready for it.  NULL without memory. */
struct queue *echo_null_queue(struct device *device);

/* A device of such queues, on which weights are shapes alone. */
struct device *echo_null_device(void);

/* Works through `inner`, which it closes with itself, and sums the time of each kind of op over
 * all its queues.  NULL without memory. */
struct device *echo_trace_device(struct device *inner);
void echo_trace_report(const struct device *, void (*line)(void *user, const char *text),
                       void *user);

/* cpu_flags: the kernels allowed (base/cpu.h). */
echo_status echo_cpu_device(struct device **out, unsigned cpu_flags, int threads,
                            echo_error *err);

#endif

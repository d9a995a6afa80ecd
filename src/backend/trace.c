/* SPDX-License-Identifier: MIT */
/*
 * trace.c - a device that times another one, op by op.
 *
 * Sums are per kind of op, over all queues; for matmuls and attention the operations
 * are counted too.  A device that only records is waited for after every op.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "backend/backend.h"
#include "base/clock.h"

/* Sums are by kind of op; matmuls apart, by the form of their weights. */
enum { MATMUL = OP_KINDS, MATMUL_IN_PLACE = MATMUL + DTYPES, WRITE, READ, SUMS };

static const char *const names[SUMS] = {
    [OP_COPY] = "copy",
    [OP_ZERO] = "zero",
    [OP_MATMUL] = "matmul",
    [OP_DEPTHWISE] = "depthwise",
    [OP_ATTENTION] = "attention",
    [OP_RMS_NORM] = "rms_norm",
    [OP_LAYER_NORM] = "layer_norm",
    [OP_ADALN] = "adaln",
    [OP_HEAD_NORM_ROPE] = "head_norm_rope",
    [OP_ADD] = "add",
    [OP_SCALE] = "scale",
    [OP_SILU] = "silu",
    [OP_GATE] = "gate",
    [OP_GELU] = "gelu",
    [OP_TANH] = "tanh",
    [OP_SNAKE] = "snake",
    [OP_NEAREST] = "nearest",
    [OP_GATHER] = "gather",
    [MATMUL + DT_F32] = "f32",
    [MATMUL + DT_BF16] = "bf16",
    [MATMUL + DT_I8] = "int8",
    [MATMUL + DT_F16] = "f16",
    [MATMUL_IN_PLACE] = "f32, in place",
    [WRITE] = "write",
    [READ] = "read",
};

struct trace_device {
    struct device base;
    struct device *inner;
    pthread_mutex_t lock;
    struct sum {
        long calls;
        double seconds, flops;
    } sums[SUMS];
};

struct trace_queue {
    struct queue base;
    struct queue *inner;
    echo_error failure; /* the first since sync() */
};

static struct trace_device *traced(struct device *d)
{
    return (struct trace_device *)d;
}

static struct queue *inner_of(struct queue *q)
{
    return ((struct trace_queue *)q)->inner;
}

static void note(struct queue *q, int sum, double begin, double flops)
{
    struct trace_device *t = traced(q->device);
    double seconds = echo_clock() - begin;

    pthread_mutex_lock(&t->lock);
    t->sums[sum].calls++;
    t->sums[sum].seconds += seconds;
    t->sums[sum].flops += flops;
    pthread_mutex_unlock(&t->lock);
}

/* ---- the queue ---- */

static void wait(struct queue *q)
{
    struct trace_queue *t = (struct trace_queue *)q;
    echo_error e = { 0 };

    if (t->inner->ops->sync(t->inner, &e) && !t->failure.status)
        t->failure = e;
}

static void trace_close(struct queue *q)
{
    inner_of(q)->ops->close(inner_of(q));
    free(q);
}

static void trace_write(struct queue *q, struct tensor dst, const float *src)
{
    double begin = echo_clock();

    inner_of(q)->ops->write(inner_of(q), dst, src);
    note(q, WRITE, begin, 0);
}

static void trace_read(struct queue *q, float *dst, struct tensor src)
{
    double begin = echo_clock();

    inner_of(q)->ops->read(inner_of(q), dst, src);
    note(q, READ, begin, 0);
}

static int sum_of(const struct op *op)
{
    if (op->kind != OP_MATMUL)
        return (int)op->kind;
    bool borrowed = !op->w->bytes.device;

    return borrowed && op->w->layout == LAYOUT_ROWS ? MATMUL_IN_PLACE
                                                    : MATMUL + (int)op->w->x_dtype;
}

static double attention_flops(const struct op *op)
{
    const struct attention *a = op->attention;
    double keys = 0;

    for (int i = 0; i < a->n_kv; i++)
        for (int j = 0; j < a->branches; j++)
            if (a->kv[i].seen_by >> j & 1)
                keys += a->kv[i].k.rows / (a->kv[i].per_branch ? a->branches : 1);
    return 4.0 * (op->x.rows / a->branches) * keys * op->x.cols;
}

/* Operations of an op that is made of matmuls; 0: they are not counted. */
static double flops_of(const struct op *op)
{
    switch (op->kind) {
    case OP_MATMUL: return 2.0 * op->y.rows * op->w->n * op->w->k * (op->w2 ? 2 : 1);
    case OP_DEPTHWISE: return 2.0 * op->y.rows * op->y.cols * op->a.rows;
    case OP_ATTENTION: return attention_flops(op);
    default: return 0;
    }
}

static void trace_run(struct queue *q, const struct op *op)
{
    double begin = echo_clock();

    inner_of(q)->ops->run(inner_of(q), op);
    if (q->device->traits.records)
        wait(q);
    note(q, sum_of(op), begin, flops_of(op));
}

static echo_status trace_sync(struct queue *q, echo_error *err)
{
    struct trace_queue *t = (struct trace_queue *)q;

    wait(q);
    if (t->failure.status && err)
        *err = t->failure;
    echo_status s = t->failure.status;

    t->failure = (echo_error){ 0 };
    return s;
}

static const struct queue_ops queue_ops = {
    .close = trace_close,
    .write = trace_write,
    .read = trace_read,
    .run = trace_run,
    .sync = trace_sync,
};

/* ---- the device ---- */

static void close_device(struct device *d)
{
    struct trace_device *t = traced(d);

    t->inner->ops->close(t->inner);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

static bool alloc(struct device *d, struct buffer *m, size_t bytes)
{
    return traced(d)->inner->ops->alloc(traced(d)->inner, m, bytes);
}

static void release(struct device *d, struct buffer *m)
{
    traced(d)->inner->ops->free(traced(d)->inner, m);
}

static bool load(struct device *d, struct weight *w, const struct weight_source *from)
{
    return traced(d)->inner->ops->load(traced(d)->inner, w, from);
}

static double peak(struct device *d, enum dtype precision, double seconds)
{
    return traced(d)->inner->ops->peak(traced(d)->inner, precision, seconds);
}

static uint64_t available(struct device *d)
{
    return device_available(traced(d)->inner);
}

static bool lost(struct device *d)
{
    return device_lost(traced(d)->inner);
}

static void prepare(struct device *d, const struct op *op)
{
    device_prepare(traced(d)->inner, op);
}

static echo_status open_queue(struct device *d, struct queue **out, echo_error *err)
{
    struct trace_queue *q = calloc(1, sizeof *q);
    echo_status s;

    *out = NULL;
    if (!q)
        return echo_fail_memory(err, sizeof *q, "a queue");
    q->base = (struct queue){ .ops = &queue_ops, .device = d };
    if ((s = traced(d)->inner->ops->open_queue(traced(d)->inner, &q->inner, err))) {
        free(q);
        return s;
    }
    *out = &q->base;
    return ECHO_OK;
}

static const struct device_ops device_ops = {
    .close = close_device,
    .alloc = alloc,
    .free = release,
    .load = load,
    .peak = peak,
    .available = available,
    .lost = lost,
    .prepare = prepare,
    .open_queue = open_queue,
};

struct device *echo_trace_device(struct device *inner)
{
    struct trace_device *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->base = *inner;
    t->base.ops = &device_ops;
    t->inner = inner;
    pthread_mutex_init(&t->lock, NULL);
    return &t->base;
}

void echo_trace_report(const struct device *d, void (*line)(void *user, const char *text),
                       void *user)
{
    const struct trace_device *t = (const struct trace_device *)d;
    double total = 0;
    char text[120], rate[40];

    for (int i = 0; i < SUMS; i++)
        total += t->sums[i].seconds;
    for (int i = 0; i < SUMS; i++) {
        const struct sum *s = &t->sums[i];

        if (!s->calls)
            continue;
        snprintf(rate, sizeof rate, "%8.1f GFLOP/s", s->flops / s->seconds * 1e-9);
        snprintf(text, sizeof text, "%-17s %8ld calls %9.3f s %5.1f %% %s", names[i], s->calls,
                 s->seconds, 100 * s->seconds / total, s->flops > 0 ? rate : "");
        line(user, text);
    }
}

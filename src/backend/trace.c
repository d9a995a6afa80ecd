/* SPDX-License-Identifier: MIT */
/*
 * trace.c - a backend that times another one, op by op.
 *
 * Sums are per kind of op, over all sessions; for matrix products and attention the
 * operations are counted too.  On a device that only records, they would be times of recording.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "backend/backend.h"
#include "base/clock.h"

/* Sums are by kind of op; matrix products apart, by the form of their weights. */
enum { MATMUL_IN_PLACE = OP_KINDS, MATMUL_F32, MATMUL_BF16, MATMUL_I8, WRITE, READ, SUMS };

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
    [OP_GELU] = "gelu",
    [OP_TANH] = "tanh",
    [OP_SNAKE] = "snake",
    [MATMUL_IN_PLACE] = "f32, in place",
    [MATMUL_F32] = "f32, packed",
    [MATMUL_BF16] = "bf16",
    [MATMUL_I8] = "int8",
    [WRITE] = "write",
    [READ] = "read",
};

struct trace_backend {
    struct backend base;
    struct backend *inner;
    pthread_mutex_t lock;
    struct sum {
        long calls;
        double seconds, flops;
    } sums[SUMS];
};

static struct trace_backend *to_trace(struct backend *b)
{
    return (struct trace_backend *)b;
}

static void note(struct backend *b, int sum, double begin, double flops)
{
    struct trace_backend *t = to_trace(b);
    double seconds = echo_clock() - begin;

    pthread_mutex_lock(&t->lock);
    t->sums[sum].calls++;
    t->sums[sum].seconds += seconds;
    t->sums[sum].flops += flops;
    pthread_mutex_unlock(&t->lock);
}

static void trace_close(struct backend *b)
{
    struct trace_backend *t = to_trace(b);

    t->inner->ops->close(t->inner);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

static bool trace_alloc(struct backend *b, struct buffer *m, size_t bytes)
{
    struct backend *inner = to_trace(b)->inner;

    return inner->ops->alloc(inner, m, bytes);
}

static void trace_free(struct backend *b, struct buffer *m)
{
    struct backend *inner = to_trace(b)->inner;

    inner->ops->free(inner, m);
}

static bool trace_load(struct backend *b, struct weight *w, const void *src, enum dtype dtype,
                       int n, int k, enum dtype operand, bool stays)
{
    struct backend *inner = to_trace(b)->inner;

    return inner->ops->load(inner, w, src, dtype, n, k, operand, stays);
}

static bool trace_load_panels(struct backend *b, struct weight *w, const void *panels,
                              enum dtype dtype, int n, int k, enum dtype operand)
{
    struct backend *inner = to_trace(b)->inner;

    return inner->ops->load_panels(inner, w, panels, dtype, n, k, operand);
}

static bool trace_sync(struct backend *b)
{
    struct backend *inner = to_trace(b)->inner;

    return inner->ops->sync(inner);
}

static double trace_peak(struct backend *b, enum dtype precision, double seconds)
{
    struct backend *inner = to_trace(b)->inner;

    return inner->ops->peak(inner, precision, seconds);
}

static void trace_write(struct backend *b, struct tensor dst, const float *src)
{
    struct backend *inner = to_trace(b)->inner;
    double begin = echo_clock();

    inner->ops->write(inner, dst, src);
    note(b, WRITE, begin, 0);
}

static void trace_read(struct backend *b, float *dst, struct tensor src)
{
    struct backend *inner = to_trace(b)->inner;
    double begin = echo_clock();

    inner->ops->read(inner, dst, src);
    note(b, READ, begin, 0);
}

static int sum_of(const struct op *op)
{
    static const int matmuls[] = { [DT_F32] = MATMUL_F32, [DT_BF16] = MATMUL_BF16,
                                   [DT_I8] = MATMUL_I8 };

    if (op->kind != OP_MATMUL)
        return (int)op->kind;
    return op->w->source ? MATMUL_IN_PLACE : matmuls[op->w->operand];
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

/* Of what is a matter of products; 0: it is not counted. */
static double flops_of(const struct op *op)
{
    switch (op->kind) {
    case OP_MATMUL: return 2.0 * op->y.rows * op->w->n * op->w->k * (op->w2 ? 2 : 1);
    case OP_DEPTHWISE: return 2.0 * op->y.rows * op->y.cols * op->a.rows;
    case OP_ATTENTION: return attention_flops(op);
    default: return 0;
    }
}

static void trace_run(struct backend *b, const struct op *op)
{
    struct backend *inner = to_trace(b)->inner;
    double begin = echo_clock();

    inner->ops->run(inner, op);
    note(b, sum_of(op), begin, flops_of(op));
}

static const struct backend_ops trace_ops = {
    .close = trace_close,
    .alloc = trace_alloc,
    .free = trace_free,
    .load = trace_load,
    .load_panels = trace_load_panels,
    .sync = trace_sync,
    .peak = trace_peak,
    .write = trace_write,
    .read = trace_read,
    .run = trace_run,
};

struct backend *echo_trace_backend(struct backend *inner)
{
    struct trace_backend *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->base = *inner;
    t->base.ops = &trace_ops;
    t->inner = inner;
    pthread_mutex_init(&t->lock, NULL);
    return &t->base;
}

void echo_trace_report(const struct backend *b, void (*line)(void *user, const char *text),
                       void *user)
{
    const struct trace_backend *t = (const struct trace_backend *)b;
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

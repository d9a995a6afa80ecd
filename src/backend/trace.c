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

enum op {
    WRITE, READ, COPY, ZERO, ROPE_TABLE, IN_PLACE, F32, BF16, I8, DEPTHWISE, ATTENTION,
    RMS_NORM, LAYER_NORM, ADALN, HEAD_NORM_ROPE, ADD, SCALE, SILU, GELU, TANH, SNAKE, OPS
};

static const char *const names[OPS] = {
    "write",         "read",        "copy",           "zero",          "rope_table",
    "f32, in place", "f32, packed", "bf16",           "int8",          "depthwise",
    "attention",     "rms_norm",    "layer_norm",     "adaln",         "head_norm_rope",
    "add",           "scale",       "silu",           "gelu",          "tanh",
    "snake",
};

struct trace_backend {
    struct backend base;
    struct backend *inner;
    pthread_mutex_t lock;
    struct sum {
        long calls;
        double seconds, flops;
    } sums[OPS];
};

static struct trace_backend *to_trace(struct backend *b)
{
    return (struct trace_backend *)b;
}

static void note(struct backend *b, enum op op, double begin, double flops)
{
    struct trace_backend *t = to_trace(b);
    double seconds = echo_clock() - begin;

    pthread_mutex_lock(&t->lock);
    t->sums[op].calls++;
    t->sums[op].seconds += seconds;
    t->sums[op].flops += flops;
    pthread_mutex_unlock(&t->lock);
}

/* Call `member` of the inner backend with `args` behind it, and note the time. */
#define TIMED(op, flops, member, ...)                      \
    do {                                                   \
        struct backend *inner = to_trace(b)->inner;        \
        double begin = echo_clock();                       \
                                                           \
        inner->ops->member(inner, __VA_ARGS__);            \
        note(b, op, begin, flops);                         \
    } while (0)

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
    TIMED(WRITE, 0, write, dst, src);
}

static void trace_read(struct backend *b, float *dst, struct tensor src)
{
    TIMED(READ, 0, read, dst, src);
}

static void trace_copy(struct backend *b, struct tensor dst, struct tensor src)
{
    TIMED(COPY, 0, copy, dst, src);
}

static void trace_zero(struct backend *b, struct tensor dst)
{
    TIMED(ZERO, 0, zero, dst);
}

static void trace_rope_table(struct backend *b, struct tensor rope, int position, int step,
                             bool round)
{
    TIMED(ROPE_TABLE, 0, rope_table, rope, position, step, round);
}

static void trace_product(struct backend *b, const struct product *p)
{
    static const enum op ops[] = { [DT_F32] = F32, [DT_BF16] = BF16, [DT_I8] = I8 };
    double flops = 2.0 * p->y.rows * p->w->n * p->w->k * (p->w2 ? 2 : 1);

    TIMED(p->w->source ? IN_PLACE : ops[p->w->operand], flops, product, p);
}

static void trace_depthwise(struct backend *b, struct tensor y, struct tensor x,
                            struct tensor w, struct tensor bias)
{
    TIMED(DEPTHWISE, 2.0 * y.rows * y.cols * w.rows, depthwise, y, x, w, bias);
}

static void trace_attention(struct backend *b, struct tensor y, struct tensor q,
                            const struct kv *kv, int n_kv, int heads, int branches, int window,
                            enum dtype precision)
{
    double keys = 0;

    for (int i = 0; i < n_kv; i++)
        for (int j = 0; j < branches; j++)
            if (kv[i].seen_by >> j & 1)
                keys += kv[i].k.rows / (kv[i].per_branch ? branches : 1);
    TIMED(ATTENTION, 4.0 * (q.rows / branches) * keys * q.cols, attention, y, q, kv, n_kv,
          heads, branches, window, precision);
}

static void trace_rms_norm(struct backend *b, struct tensor y, struct tensor x,
                           struct tensor gain)
{
    TIMED(RMS_NORM, 0, rms_norm, y, x, gain);
}

static void trace_layer_norm(struct backend *b, struct tensor y, struct tensor x,
                             struct tensor gain, struct tensor bias)
{
    TIMED(LAYER_NORM, 0, layer_norm, y, x, gain, bias);
}

static void trace_adaln(struct backend *b, struct tensor y, struct tensor x,
                        struct tensor scale, struct tensor shift)
{
    TIMED(ADALN, 0, adaln, y, x, scale, shift);
}

static void trace_head_norm_rope(struct backend *b, struct tensor x, struct tensor gain,
                                 struct tensor rope, int heads, int rope_heads)
{
    TIMED(HEAD_NORM_ROPE, 0, head_norm_rope, x, gain, rope, heads, rope_heads);
}

static void trace_add(struct backend *b, struct tensor x, struct tensor y, struct tensor gain,
                      float factor)
{
    TIMED(ADD, 0, add, x, y, gain, factor);
}

static void trace_scale(struct backend *b, struct tensor x, float factor)
{
    TIMED(SCALE, 0, scale, x, factor);
}

static void trace_silu(struct backend *b, struct tensor y, struct tensor x)
{
    TIMED(SILU, 0, silu, y, x);
}

static void trace_gelu(struct backend *b, struct tensor y, struct tensor x)
{
    TIMED(GELU, 0, gelu, y, x);
}

static void trace_tanh(struct backend *b, struct tensor x)
{
    TIMED(TANH, 0, tanh, x);
}

static void trace_snake(struct backend *b, struct tensor y, struct tensor x,
                        struct tensor alpha)
{
    TIMED(SNAKE, 0, snake, y, x, alpha);
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
    .copy = trace_copy,
    .zero = trace_zero,
    .rope_table = trace_rope_table,
    .product = trace_product,
    .depthwise = trace_depthwise,
    .attention = trace_attention,
    .rms_norm = trace_rms_norm,
    .layer_norm = trace_layer_norm,
    .adaln = trace_adaln,
    .head_norm_rope = trace_head_norm_rope,
    .add = trace_add,
    .scale = trace_scale,
    .silu = trace_silu,
    .gelu = trace_gelu,
    .tanh = trace_tanh,
    .snake = trace_snake,
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

    for (int i = 0; i < OPS; i++)
        total += t->sums[i].seconds;
    for (int i = 0; i < OPS; i++) {
        const struct sum *s = &t->sums[i];

        if (!s->calls)
            continue;
        snprintf(rate, sizeof rate, "%8.1f GFLOP/s", s->flops / s->seconds * 1e-9);
        snprintf(text, sizeof text, "%-17s %8ld calls %9.3f s %5.1f %% %s", names[i], s->calls,
                 s->seconds, 100 * s->seconds / total, s->flops > 0 ? rate : "");
        line(user, text);
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * hidden.c - the CPU as a device that hides its memory and works late, as a GPU would.
 *
 * Linked over echo_cpu_device().  Buffers and weights have no host pointer, only a handle.  A
 * queue records writes and ops, and does them at the next read or sync.  Whoever peeks into
 * memory, mixes devices, reuses what an op points at too early, or forgets to wait, fails here.
 */
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"

struct hidden_device {
    struct device base;
    struct device *inner;
};

/* A write, or an op with a copy of what it points at. */
struct command {
    struct command *next;
    struct op op;
    struct attention attention;
    struct kv *kv;
    struct tensor to; /* of a write */
    float *numbers;
};

struct hidden_queue {
    struct queue base;
    struct queue *inner;
    struct command *first, **last;
};

static struct device *inside(struct device *d)
{
    return ((struct hidden_device *)d)->inner;
}

static struct hidden_queue *hidden(struct queue *q)
{
    return (struct hidden_queue *)q;
}

static void *copied(const void *data, size_t bytes)
{
    void *copy = malloc(bytes ? bytes : 1);

    if (!copy)
        abort();
    return memcpy(copy, data, bytes);
}

/* ---- from handles to what they stand for ---- */

static struct tensor reveal(const struct queue *q, struct tensor t)
{
    if (has_tensor(t)) {
        ECHO_ASSERT(t.buf->device == q->device && !t.buf->host && t.buf->handle);
        t.buf = (struct buffer *)(uintptr_t)t.buf->handle;
    }
    return t;
}

static const struct weight *reveal_weight(const struct queue *q, const struct weight *w)
{
    ECHO_ASSERT(!w || w->bytes.device == q->device);
    return w ? (const struct weight *)(uintptr_t)w->bytes.handle : NULL;
}

static void reveal_op(const struct queue *q, struct command *c)
{
    struct op *op = &c->op;

    op->y = reveal(q, op->y);
    op->x = reveal(q, op->x);
    op->a = reveal(q, op->a);
    op->b = reveal(q, op->b);
    op->w = reveal_weight(q, op->w);
    op->w2 = reveal_weight(q, op->w2);
    if (!op->attention)
        return;
    c->attention = *op->attention;
    c->kv = copied(c->attention.kv, (size_t)c->attention.n_kv * sizeof *c->kv);
    for (int i = 0; i < c->attention.n_kv; i++) {
        c->kv[i].k = reveal(q, c->kv[i].k);
        c->kv[i].v = reveal(q, c->kv[i].v);
    }
    c->attention.kv = c->kv;
    op->attention = &c->attention;
}

/* ---- the queue ---- */

static struct command *record(struct queue *q)
{
    struct command *c = calloc(1, sizeof *c);

    if (!c)
        abort();
    *hidden(q)->last = c;
    hidden(q)->last = &c->next;
    return c;
}

static void forget(struct command *c)
{
    free(c->numbers);
    free(c->kv);
    free(c);
}

static void flush(struct queue *q)
{
    struct queue *inner = hidden(q)->inner;

    for (struct command *c = hidden(q)->first, *next; c; c = next) {
        next = c->next;
        if (c->numbers)
            inner->ops->write(inner, c->to, c->numbers);
        else
            inner->ops->run(inner, &c->op);
        forget(c);
    }
    hidden(q)->first = NULL;
    hidden(q)->last = &hidden(q)->first;
}

static void write_late(struct queue *q, struct tensor dst, const float *src)
{
    struct command *c = record(q);

    c->to = reveal(q, dst);
    c->numbers = copied(src, (size_t)dst.rows * (size_t)dst.cols * sizeof *src);
}

static void read_now(struct queue *q, float *dst, struct tensor src)
{
    flush(q);
    hidden(q)->inner->ops->read(hidden(q)->inner, dst, reveal(q, src));
}

static void run_late(struct queue *q, const struct op *op)
{
    struct command *c = record(q);

    c->op = *op;
    reveal_op(q, c);
}

static echo_status sync_queue(struct queue *q, echo_error *err)
{
    flush(q);
    return hidden(q)->inner->ops->sync(hidden(q)->inner, err);
}

/* Commands that nobody waited for are dropped. */
static void close_queue(struct queue *q)
{
    for (struct command *c = hidden(q)->first, *next; c; c = next) {
        next = c->next;
        forget(c);
    }
    hidden(q)->inner->ops->close(hidden(q)->inner);
    free(q);
}

static const struct queue_ops queue_ops = {
    .close = close_queue,
    .write = write_late,
    .read = read_now,
    .run = run_late,
    .sync = sync_queue,
};

/* ---- the device ---- */

static void close_device(struct device *d)
{
    inside(d)->ops->close(inside(d));
    free(d);
}

static bool alloc(struct device *d, struct buffer *m, size_t bytes)
{
    struct buffer *real = calloc(1, sizeof *real);

    if (!real || !inside(d)->ops->alloc(inside(d), real, bytes)) {
        free(real);
        return false;
    }
    memset(real->host, 0xa5, bytes); /* numbers that nobody wrote */
    *m = (struct buffer){ .device = d, .handle = (uintptr_t)real, .bytes = bytes };
    return true;
}

/* A weight's handle is the weight, whose bytes come first. */
_Static_assert(offsetof(struct weight, bytes) == 0, "a weight begins with its bytes");

static void release(struct device *d, struct buffer *m)
{
    struct buffer *real = (struct buffer *)(uintptr_t)m->handle;

    if (real)
        inside(d)->ops->free(inside(d), real);
    free(real);
    *m = (struct buffer){ 0 };
}

static bool load(struct device *d, struct weight *w, const struct weight_source *from)
{
    struct weight *real = calloc(1, sizeof *real);

    if (!real || !inside(d)->ops->load(inside(d), real, from)) {
        free(real);
        return false;
    }
    *w = *real;
    w->bytes = (struct buffer){ .device = d, .handle = (uintptr_t)real, .bytes = 1 };
    return true;
}

static double peak(struct device *d, enum dtype precision, double seconds)
{
    return inside(d)->ops->peak(inside(d), precision, seconds);
}

static echo_status open_queue(struct device *d, struct queue **out, echo_error *err)
{
    struct hidden_queue *q = calloc(1, sizeof *q);

    if (!q)
        abort();
    q->base = (struct queue){ .ops = &queue_ops, .device = d };
    q->last = &q->first;
    *out = &q->base;
    return inside(d)->ops->open_queue(inside(d), &q->inner, err);
}

static const struct device_ops device_ops = {
    .close = close_device,
    .alloc = alloc,
    .free = release,
    .load = load,
    .peak = peak,
    .open_queue = open_queue,
};

echo_status __real_echo_cpu_device(struct device **out, unsigned cpu_flags, int threads,
                                   echo_error *err);
echo_status __wrap_echo_cpu_device(struct device **out, unsigned cpu_flags, int threads,
                                   echo_error *err);

echo_status __wrap_echo_cpu_device(struct device **out, unsigned cpu_flags, int threads,
                                   echo_error *err)
{
    struct hidden_device *h = calloc(1, sizeof *h);
    echo_status s = __real_echo_cpu_device(out, cpu_flags, threads, err);

    if (s || !h) {
        free(h);
        return s;
    }
    h->base = **out;
    h->base.ops = &device_ops;
    h->inner = *out;
    *out = &h->base;
    return ECHO_OK;
}

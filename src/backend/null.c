/* SPDX-License-Identifier: MIT */
/*
 * null.c - the queue that computes nothing, and a device of such queues.
 *
 * Run the model on it to learn how much scratch a shape needs, and to have
 * every shape checked, before any memory is taken.
 */
#include <stdlib.h>

#include "backend/backend.h"

/* ---- the queue ---- */

static void null_close(struct queue *q)
{
    free(q);
}

static void null_write(struct queue *q, struct tensor dst, const float *src)
{
    (void)q, (void)dst, (void)src;
}

static void null_read(struct queue *q, float *dst, struct tensor src)
{
    (void)q, (void)dst, (void)src;
}

static void null_run(struct queue *q, const struct op *op)
{
    device_prepare(q->device, op);
}

static echo_status null_sync(struct queue *q, echo_error *err)
{
    (void)q, (void)err;
    return ECHO_OK;
}

static const struct queue_ops queue_ops = {
    .close = null_close,
    .write = null_write,
    .read = null_read,
    .run = null_run,
    .sync = null_sync,
};

struct queue *echo_null_queue(struct device *device)
{
    struct queue *q = calloc(1, sizeof *q);

    if (q)
        *q = (struct queue){ .ops = &queue_ops, .device = device };
    return q;
}

/* ---- the device ---- */

static void close_device(struct device *d)
{
    free(d);
}

static bool alloc(struct device *d, struct buffer *m, size_t bytes)
{
    *m = (struct buffer){ .device = d, .bytes = bytes };
    return true;
}

static void release(struct device *d, struct buffer *m)
{
    (void)d;
    *m = (struct buffer){ 0 };
}

static bool load(struct device *d, struct weight *w, const struct weight_source *from)
{
    (void)d;
    *w = (struct weight){ .layout = from->layout, .n = from->n, .k = from->k,
                          .dtype = from->dtype, .x_dtype = from->x_dtype };
    return true;
}

static double peak(struct device *d, enum dtype precision, double seconds)
{
    (void)d, (void)precision, (void)seconds;
    return 0;
}

static echo_status open_queue(struct device *d, struct queue **out, echo_error *err)
{
    *out = echo_null_queue(d);
    return *out ? ECHO_OK : echo_fail_memory(err, sizeof **out, "a queue");
}

static const struct device_ops device_ops = {
    .close = close_device,
    .alloc = alloc,
    .free = release,
    .load = load,
    .peak = peak,
    .open_queue = open_queue,
};

struct device *echo_null_device(void)
{
    struct device *d = calloc(1, sizeof *d);

    if (d)
        *d = (struct device){ .ops = &device_ops, .name = "null", .threads = 1 };
    return d;
}

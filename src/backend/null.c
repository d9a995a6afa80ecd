/* SPDX-License-Identifier: MIT */
/*
 * null.c - the backend that computes nothing.
 *
 * Run the model on it to learn how much scratch a shape needs, and to have
 * every shape checked, before any memory is taken.
 */
#include <stdlib.h>

#include "backend/backend.h"

static void null_close(struct backend *b)
{
    free(b);
}

static bool null_alloc(struct backend *b, struct buffer *m, size_t bytes)
{
    (void)b;
    *m = (struct buffer){ .bytes = bytes };
    return true;
}

static void null_free(struct backend *b, struct buffer *m)
{
    (void)b;
    *m = (struct buffer){ 0 };
}

static bool null_load(struct backend *b, struct weight *w, const void *src, enum dtype dtype,
                      int n, int k, enum dtype operand, bool stays)
{
    (void)b, (void)src, (void)stays;
    *w = (struct weight){ .n = n, .k = k, .dtype = dtype, .operand = operand };
    return true;
}

static bool null_load_panels(struct backend *b, struct weight *w, const void *panels,
                             enum dtype dtype, int n, int k, enum dtype operand)
{
    return null_load(b, w, panels, dtype, n, k, operand, true);
}

static bool null_sync(struct backend *b)
{
    (void)b;
    return true;
}

static double null_peak(struct backend *b, enum dtype precision, double seconds)
{
    (void)b, (void)precision, (void)seconds;
    return 0;
}

static void null_write(struct backend *b, struct tensor dst, const float *src)
{
    (void)b, (void)dst, (void)src;
}

static void null_read(struct backend *b, float *dst, struct tensor src)
{
    (void)b, (void)dst, (void)src;
}

static void null_run(struct backend *b, const struct op *op)
{
    (void)b, (void)op;
}

static const struct backend_ops null_ops = {
    .close = null_close,
    .alloc = null_alloc,
    .free = null_free,
    .load = null_load,
    .load_panels = null_load_panels,
    .sync = null_sync,
    .peak = null_peak,
    .write = null_write,
    .read = null_read,
    .run = null_run,
};

struct backend *echo_null_backend(void)
{
    struct backend *b = calloc(1, sizeof *b);

    if (b)
        b->ops = &null_ops;
    return b;
}

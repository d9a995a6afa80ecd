/* SPDX-License-Identifier: MIT */
/* vk_peak.c - how fast matmuls are on large matrices, as the model has them. */
#include <stdlib.h>

#include "backend/ops.h"
#include "backend/vulkan/vulkan.h"
#include "base/clock.h"

#define SIZE          1024 /* rows, columns and depth */
#define SOFTWARE_SIZE 256

/* Seconds of n matmuls. */
static double take(struct queue *q, struct tensor y, struct tensor x, const struct weight *w,
                   int n)
{
    double begin = echo_clock();

    for (int i = 0; i < n; i++)
        op_linear(q, y, x, w, no_tensor);
    return q->ops->sync(q, NULL) ? 0 : echo_clock() - begin;
}

static double measure(struct queue *q, struct buffer *memory, const struct weight *w,
                      double seconds)
{
    int size = w->n;
    struct tensor y = { memory, 0, size, size, size, DT_F32 };
    struct tensor x = { memory, (size_t)size * (size_t)size * 4, size, size, size, w->x_dtype };
    double took = 0;
    int n = 1;

    op_zero(q, x);
    take(q, y, x, w, 1); /* compiles */
    while ((took = take(q, y, x, w, n)) > 0 && took < seconds && n < 1 << 16)
        n *= 2;
    return took > 0 ? 2.0 * size * size * size * n / took : 0;
}

double echo_vk_peak(struct device *d, enum dtype precision, double seconds)
{
    bool software = to_vulkan(d)->gpu->type == VK_PHYSICAL_DEVICE_TYPE_CPU;
    int size = software ? SOFTWARE_SIZE : SIZE;
    size_t numbers = (size_t)size * (size_t)size;
    struct weight_source from = { .dtype = DT_F32, .n = size, .k = size,
                                  .x_dtype = precision };
    struct buffer memory = { 0 };
    struct weight w = { 0 };
    struct queue *q = NULL;
    double rate = 0;

    if (!d->traits.computes[precision])
        return 0;
    if (d->ops->alloc(d, &memory, numbers * 8) && (from.data = calloc(numbers, 4)) &&
        d->ops->load(d, &w, &from) && !d->ops->open_queue(d, &q, NULL))
        rate = measure(q, &memory, &w, seconds);
    if (q)
        q->ops->close(q);
    free((void *)(uintptr_t)from.data);
    d->ops->free(d, &w.bytes);
    d->ops->free(d, &memory);
    return rate;
}

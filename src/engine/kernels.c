/* SPDX-License-Identifier: MIT */
/*
 * kernels.c - the heavy operations at the base model's shapes, each by itself.
 *
 * A case is run by the model's own code over weights of zeros, of which there
 * are so many copies that they come from memory, as in a model.  A device that records is given
 * many runs at once: one alone would measure how work is handed over.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascending.h"
#include "base/clock.h"
#include "base/memory.h"
#include "echotts_dev.h"
#include "engine/device.h"
#include "model/conv_blocks.h"

#define COLD_BYTES ((size_t)300 << 20) /* of weights, more than any cache */
#define MOST_COPIES 24
#define MOST_RUNS  200
#define SECONDS    0.4  /* of each case ... */
#define SLOW_S     1.0  /* ... or, of a slow device, so many that one run is enough */
#define BATCH_S    0.05 /* of runs that are given to a device at once */
#define MOST_BATCH 4096
#define PEAK_S     0.05

enum kind { MATMUL, RESIDUAL, TRANSPOSED, ATTENTION, SNAKE, WRITE, READ };

/* Ways to compute: a precision, or float32 on weights of bfloat16, packed or as in a file. */
enum way { WAY_F32 = DT_F32, WAY_BF16 = DT_BF16, WAY_I8 = DT_I8, WAY_F16 = DT_F16, WAY_MIXED,
           WAY_FILE, WAYS };

static const char *const way_names[WAYS] = { "f32", "bf16", "int8", "f16", "f32 x bf16",
                                             "f32 x bf16 in file" };

#define F32    (1u << WAY_F32)
#define FLOATS (F32 | 1u << WAY_BF16 | 1u << WAY_F16)
#define ALL    ((1u << WAYS) - 1)

static const struct kernel {
    const char *name;
    enum kind kind;
    int rows, n, k; /* of attention: queries, heads, keys; of copies: rows, columns */
    unsigned ways;
} kernels[] = {
    { "wq, wk, wv, gate, wo, 2 x 128", MATMUL, 256, 2048, 2048, ALL },
    { "wq, wk, wv, gate, wo", MATMUL, 640, 2048, 2048, ALL },
    { "w1, w3", MATMUL, 640, 5888, 2048, ALL },
    { "w2", MATMUL, 640, 2048, 5888, ALL },
    { "w1, w3, guided", MATMUL, 1280, 5888, 2048, ALL },
    { "text encoder w1, w3", MATMUL, 73, 3328, 1280, ALL },
    { "attention", ATTENTION, 640, 16, 714, FLOATS },
    { "attention, 30 s of voice", ATTENTION, 640, 16, 874, FLOATS },
    { "residual unit 1", RESIDUAL, 256, 768, 768, FLOATS },
    { "residual unit 2", RESIDUAL, 2048, 384, 384, FLOATS },
    { "residual unit 3", RESIDUAL, 8192, 192, 192, FLOATS },
    { "residual unit 4", RESIDUAL, 16384, 96, 96, FLOATS },
    { "transposed convolution 1", TRANSPOSED, 32, 8, 1536, FLOATS },
    { "transposed convolution 2", TRANSPOSED, 256, 8, 768, FLOATS },
    { "transposed convolution 3", TRANSPOSED, 2048, 4, 384, FLOATS },
    { "transposed convolution 4", TRANSPOSED, 8192, 2, 192, FLOATS },
    { "Snake", SNAKE, 16384, 96, 96, F32 },
    { "write", WRITE, 1024, 16384, 1, F32 },
    { "read", READ, 1024, 16384, 1, F32 },
};

/* One kernel in one precision. */
struct bench_case {
    const struct kernel *kernel;
    enum way way;
    struct weight w[2 * MOST_COPIES]; /* of units: the wide one, then the narrow one */
    void *source[2 * MOST_COPIES];
    struct tensor alpha, bias;
    float *host; /* of copies */
    int copies;
};

/* Sizes of the weights; the second has none but in units. */
static int inputs(const struct kernel *k, int which)
{
    return k->kind == RESIDUAL ? (which ? k->k : 7 * k->k)
           : k->kind == TRANSPOSED ? 2 * k->k
                                   : k->k;
}

static int outputs(const struct kernel *k)
{
    return k->kind == TRANSPOSED ? k->n * k->k / 2 : k->n;
}

static double operations(const struct kernel *k)
{
    double macs = (double)k->rows * outputs(k) * inputs(k, 0);

    if (k->kind == RESIDUAL)
        macs += (double)k->rows * k->n * k->k;
    if (k->kind == ATTENTION)
        macs = 2.0 * k->rows * k->k * k->n * 128;
    if (k->kind >= WRITE)
        return (double)k->rows * k->n * sizeof(float);
    return k->kind == SNAKE ? (double)k->rows * k->n : 2 * macs;
}

static void act(struct run *r, struct causal_state *s, struct bench_case *c, int copy)
{
    const struct kernel *k = c->kernel;
    const struct weight *w = &c->w[2 * copy];
    int out = k->kind == TRANSPOSED ? k->k / 2 : k->n;

    if (k->kind == MATMUL) {
        struct tensor x = scratch_for(r, k->rows, w), y = scratch(r, k->rows, k->n);

        op_linear(r->queue, y, x, w, no_tensor);
    } else if (k->kind == ATTENTION) {
        int cols = k->n * 128;
        struct tensor q = scratch(r, k->rows, cols), y = scratch(r, k->rows, cols);
        struct kv kv = { .k = scratch(r, k->k, cols), .v = scratch(r, k->k, cols),
                         .seen_by = ~0u };

        op_attention(r->queue, y, q, k->n,
                     &(struct attention){ &kv, 1, 1, SEE_ALL, (enum dtype)c->way });
    } else if (k->kind == RESIDUAL) {
        struct residual_unit u = { .wide = { w[0], c->bias, out, 7, 1 },
                                   .narrow = { w[1], c->bias, out, 1, 1 },
                                   .alpha = { c->alpha, c->alpha }, .dilation = 3 };

        echo_residual_unit(r, s, &u, scratch_dense(r, k->rows, out, DT_F32));
    } else if (k->kind == TRANSPOSED) {
        struct conv conv = { *w, c->bias, out, 2, k->n };
        struct tensor x = scratch_dense(r, k->rows, k->k, DT_F32);

        echo_conv_transposed(r, s, &conv, scratch_dense(r, k->rows * k->n, out, DT_F32), x,
                             c->alpha);
    } else {
        struct tensor x = scratch_dense(r, k->rows, k->n, DT_F32);

        if (k->kind == WRITE)
            op_write(r->queue, x, c->host);
        else if (k->kind == READ)
            op_read(r->queue, c->host, x);
        else
            op_snake(r->queue, scratch_dense(r, k->rows, k->n, DT_F32), x, c->alpha);
    }
}

static bool load(struct device *device, struct bench_case *c)
{
    const struct kernel *k = c->kernel;
    bool in_file = c->way == WAY_FILE;
    enum dtype dtype = in_file ? DT_BF16 : DT_F32;
    enum dtype precision = in_file             ? DT_F32
                           : c->way < WAY_MIXED ? (enum dtype)c->way
                                                : DT_BF16;
    int weights = k->kind == RESIDUAL ? 2 : k->kind <= TRANSPOSED ? 1 : 0;
    size_t bytes = (size_t)outputs(k) * (size_t)inputs(k, 0) * dtype_size(dtype);
    size_t most = COLD_BYTES / bytes + 1;

    if (k->kind >= WRITE &&
        !(c->host = calloc((size_t)k->rows * (size_t)k->n, sizeof *c->host)))
        return false;
    c->copies = !weights ? 1 : most < MOST_COPIES ? (int)most : MOST_COPIES;
    for (int i = 0; i < c->copies; i++)
        for (int j = 0; j < weights; j++) {
            size_t size = (size_t)outputs(k) * (size_t)inputs(k, j) * dtype_size(dtype);
            void *source = echo_alloc(size);

            if (!source)
                return false;
            memset(source, 0, size);
            c->source[2 * i + j] = source;
            struct weight *w = &c->w[2 * i + j];

            struct weight_source from = { .data = source, .dtype = dtype, .n = outputs(k),
                                          .k = inputs(k, j), .x_dtype = precision,
                                          .stays = in_file };

            if (!device->ops->load(device, w, &from))
                return false;
            if (c->way == WAY_MIXED)
                w->x_dtype = DT_F32;
        }
    return true;
}

static void unload(struct device *device, struct bench_case *c)
{
    for (int i = 0; i < 2 * MOST_COPIES; i++) {
        device->ops->free(device, &c->w[i].bytes);
        echo_free(c->source[i]);
    }
    free(c->host);
}

struct bench {
    struct device *device;
    struct queue *queue, *null;
};

/* Scratch and causal state: all zeros. */
struct workspace {
    struct buffer mem, state, rows;
};

static bool make_workspace(const struct bench *b, struct bench_case *c,
                           struct workspace *workspace)
{
    struct device *device = b->device;
    int widest = c->kernel->kind == TRANSPOSED ? c->kernel->n * c->kernel->k : 4096;
    size_t row = (size_t)widest * sizeof(float);
    struct run dry = { .queue = b->null, .mem = &workspace->mem, .arena = { .cap = SIZE_MAX },
                       .dry = true };
    struct causal_state state = { .mem = &workspace->state, .arena = { .cap = SIZE_MAX } };
    int out = c->kernel->kind == TRANSPOSED ? c->kernel->n * c->kernel->k / 2 : c->kernel->n;

    c->alpha = (struct tensor){ &workspace->rows, 0, 2, c->kernel->k, c->kernel->k, DT_F32 };
    c->bias = (struct tensor){ &workspace->rows, 2 * row, 1, out, out, DT_F32 };
    act(&dry, &state, c, 0);
    if (!device->ops->alloc(device, &workspace->mem, dry.arena.peak) ||
        !device->ops->alloc(device, &workspace->state, state.arena.peak) ||
        !device->ops->alloc(device, &workspace->rows, 3 * row))
        return false;
    struct buffer *all[] = { &workspace->mem, &workspace->state, &workspace->rows };

    for (int i = 0; i < 3; i++) {
        int floats = (int)(all[i]->bytes / sizeof(float) / 64);

        op_zero(b->queue, (struct tensor){ all[i], 0, floats, 64, 64, DT_F32 });
    }
    return true;
}

/* `n` runs from `first` on, until all of their work is done. */
static echo_status take(const struct bench *b, struct bench_case *c,
                        struct workspace *workspace, int first, int n, double *seconds,
                        echo_error *err)
{
    double begin = echo_clock();
    echo_status status;

    for (int i = first; i < first + n; i++) {
        struct run r = { .queue = b->queue, .mem = &workspace->mem,
                         .arena = { .cap = SIZE_MAX } };
        struct causal_state s = { .mem = &workspace->state, .arena = { .cap = SIZE_MAX } };

        act(&r, &s, c, i % c->copies);
    }
    status = b->queue->ops->sync(b->queue, err);
    *seconds = echo_clock() - begin;
    return status;
}

/* Seconds of a run, the median, after two to warm up.  Of a slow device the second counts. */
static echo_status take_all(const struct bench *b, struct bench_case *c,
                            struct workspace *workspace, double *result, echo_error *err)
{
    double times[MOST_RUNS], total = 0, seconds;
    int runs = 0, batch = 1;
    echo_status s;

    if ((s = take(b, c, workspace, 0, 1, &seconds, err)) ||
        (s = take(b, c, workspace, 1, 1, &seconds, err)))
        return s;
    *result = seconds;
    if (seconds >= SLOW_S)
        return ECHO_OK;
    if (b->device->traits.records && seconds < BATCH_S)
        batch = seconds * MOST_BATCH < BATCH_S ? MOST_BATCH : (int)ceil(BATCH_S / seconds);
    while (runs < MOST_RUNS && (total < SECONDS || runs < 3)) {
        if ((s = take(b, c, workspace, 2 + runs * batch, batch, &seconds, err)))
            return s;
        times[runs++] = seconds / batch;
        total += seconds;
    }
    qsort(times, (size_t)runs, sizeof *times, ascending);
    *result = times[runs / 2];
    return ECHO_OK;
}

static echo_status measure(const struct bench *b, struct bench_case *c, double *result,
                           echo_error *err)
{
    struct device *device = b->device;
    struct workspace workspace = { 0 };
    echo_status s = load(device, c) && make_workspace(b, c, &workspace)
                        ? take_all(b, c, &workspace, result, err)
                        : echo_fail_memory(err, COLD_BYTES, "a measurement");

    device->ops->free(device, &workspace.mem);
    device->ops->free(device, &workspace.state);
    device->ops->free(device, &workspace.rows);
    unload(device, c);
    return s;
}

static void describe(char *out, size_t size, const struct kernel *k)
{
    static const char *const formats[] = {
        [MATMUL] = "%d x %d x %d", [RESIDUAL] = "%d x %d x 7 x %d",
        [TRANSPOSED] = "%d, stride %d, %d channels", [ATTENTION] = "%d x %d heads x %d",
        [SNAKE] = "%d x %d",
    };

    if (k->kind >= WRITE)
        snprintf(out, size, "%.0f MiB", operations(k) / (1 << 20));
    else
        snprintf(out, size, formats[k->kind], k->rows, k->n, k->k);
}

/* Weights of bfloat16 beside float32 are for a device that multiplies bfloat16, copies for one
 * with a memory of its own. */
static bool is_possible(const struct device *d, const struct kernel *k, enum way way)
{
    return (k->ways >> way & 1) &&
           d->traits.computes[way < WAY_MIXED ? (enum dtype)way : DT_BF16] &&
           (k->kind < WRITE || d->traits.records);
}

/* All ways of one kernel. */
static echo_status time_kernel(const struct bench *b, const struct kernel *k,
                               const double *peaks,
                               bool (*row)(void *user, const echo_kernel_speed *speed),
                               void *user, echo_error *err)
{
    for (enum way way = WAY_F32; way < WAYS; way++) {
        echo_kernel_speed speed = { .name = k->name, .device = b->device->name,
                                    .threads = b->device->threads };
        struct bench_case *c;
        double seconds = 0;
        char shape[64];
        echo_status s;

        if (!is_possible(b->device, k, way))
            continue;
        if (!(c = calloc(1, sizeof *c)))
            return echo_fail_memory(err, sizeof *c, "a measurement");
        c->kernel = k;
        c->way = way;
        describe(shape, sizeof shape, k);
        speed.shape = shape;
        speed.precision = way_names[way];
        s = measure(b, c, &seconds, err);
        free(c);
        if (s)
            return s;
        speed.rate = operations(k) / seconds;
        speed.peak = k->kind >= SNAKE ? 0 : peaks[way < WAY_MIXED ? (int)way : DT_F32];
        if (!row(user, &speed))
            return echo_fail(err, ECHO_ERR_CANCELLED, "stopped on request");
    }
    return ECHO_OK;
}

echo_status echo_kernels_time(const echo_model_opts *opts,
                              bool (*row)(void *user, const echo_kernel_speed *speed),
                              void *user, echo_error *err)
{
    echo_model_opts o = opts ? *opts : (echo_model_opts){ 0 };
    struct bench b = { 0 };
    double peaks[DTYPES] = { 0 };
    char why[300];
    echo_status s = echo_device_open(&b.device, "device", o.device, &o, why, sizeof why, err);

    if (!s)
        s = b.device->ops->open_queue(b.device, &b.queue, err);
    if (!s && !(b.null = echo_null_queue(b.device)))
        s = echo_fail_memory(err, 1, "a measurement");
    for (enum dtype t = DT_F32; !s && t < DTYPES; t++)
        if (b.device->traits.computes[t])
            peaks[t] = b.device->ops->peak(b.device, t, PEAK_S);
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels && !s; i++)
        s = time_kernel(&b, &kernels[i], peaks, row, user, err);
    if (b.null)
        b.null->ops->close(b.null);
    if (b.queue)
        b.queue->ops->close(b.queue);
    echo_device_close(&b.device);
    return s;
}

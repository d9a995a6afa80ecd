/* SPDX-License-Identifier: MIT */
#include "backend/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend/ops.h"
#include "base/bf16.h"
#include "base/panels.h"

#define MEMORY    ((size_t)4 << 20)
#define WEIGHTS   4
#define MOST      (96 * 200) /* numbers of an input, of a weight, of a result */
#define F32_BOUND 1e-5       /* relative, of what only the order of sums may change */
#define F16_BOUND 3e-3

/* One of the two devices at work on a case. */
struct side {
    struct device *device;
    struct queue *queue;
    struct buffer memory;
    struct run run;
    enum dtype half; /* what it rounds to; float32 on the CPU, which is to be right */
    uint64_t seed;
    struct weight weight[WEIGHTS];
    int weights;
    bool failed, dry; /* dry: it only rehearses */
    float numbers[MOST];
};

/* ---- inputs, the same on both sides ---- */

static float number(struct side *s)
{
    s->seed = s->seed * 6364136223846793005u + 1442695040888963407u;
    return (float)(int32_t)(s->seed >> 32) / 2147483648.0f;
}

static const float *numbers(struct side *s, int n)
{
    ECHO_ASSERT(n <= MOST);
    for (int i = 0; i < n; i++)
        s->numbers[i] = number(s);
    return s->numbers;
}

static struct tensor input(struct side *s, int rows, int cols)
{
    struct tensor t = scratch_dense(&s->run, rows, cols, DT_F32);

    op_write(s->queue, t, numbers(s, rows * cols));
    return t;
}

/* The same numbers in another type. */
static struct tensor as(struct side *s, struct tensor x, enum dtype dtype)
{
    struct tensor t = scratch_dense(&s->run, x.rows, x.cols, dtype);

    op_copy(s->queue, t, x);
    return t;
}

static const struct weight *load(struct side *s, const struct weight_source *from)
{
    struct weight *w = &s->weight[s->weights++];

    ECHO_ASSERT(s->weights <= WEIGHTS);
    *w = (struct weight){ .n = from->n, .k = from->k, .dtype = from->x_dtype,
                          .x_dtype = from->x_dtype };
    if (!s->dry && !s->device->ops->load(s->device, w, from))
        s->failed = true;
    return w;
}

static const struct weight *weight(struct side *s, int n, int k, enum dtype precision)
{
    return load(s, &(struct weight_source){ .data = numbers(s, n * k), .dtype = DT_F32,
                                            .n = n, .k = k, .x_dtype = precision });
}

/* ---- the families ---- */

static struct tensor matmul(struct side *s, enum dtype precision, int rows, int n, int k)
{
    struct tensor x = as(s, input(s, rows, k), precision), y = input(s, rows, n);
    const struct weight *w = weight(s, n, k, precision);

    op_linear(s->queue, y, x, w, input(s, 1, n));
    op_linear_add(s->queue, y, x, w, no_tensor);
    op_linear_gated_add(s->queue, y, input(s, 1, n), x, w);
    op_linear_gate(s->queue, y, x, w);
    return y;
}

static struct tensor matmul_f32(struct side *s)
{
    return matmul(s, DT_F32, 70, 80, 96);
}

static struct tensor odd_matmul_f32(struct side *s)
{
    return matmul(s, DT_F32, 5, 7, 9);
}

static struct tensor matmul_f16(struct side *s)
{
    return matmul(s, s->half, 70, 80, 96);
}

static struct tensor odd_matmul_f16(struct side *s)
{
    return matmul(s, s->half, 5, 7, 9);
}

static struct tensor swiglu(struct side *s)
{
    struct tensor x = as(s, input(s, 70, 64), s->half), y = scratch(&s->run, 70, 48);
    const struct weight *w = weight(s, 48, 64, s->half), *w2 = weight(s, 48, 64, s->half);

    op_swiglu(s->queue, y, x, w, w2);
    return y;
}

static struct tensor convolution(struct side *s)
{
    struct tensor x = as(s, input(s, 64 + 18, 32), s->half), y = scratch(&s->run, 64, 24);

    op_conv(s->queue, y, x, weight(s, 24, 7 * 32, s->half), input(s, 1, 24), 7, 3);
    return y;
}

/* Panels of bfloat16, as packed files have them. */
static struct tensor panels(struct side *s)
{
    enum { N = 32, K = 48 };
    static float lines[K * PANEL_COLUMNS];
    uint16_t *packed = calloc(1, panels_bytes(2, N, K));
    struct tensor x = input(s, 20, K), y = scratch(&s->run, 20, N);

    for (int i = 0; packed && i < N / PANEL_COLUMNS; i++) {
        memcpy(lines, numbers(s, K * PANEL_COLUMNS), sizeof lines);
        echo_panel_pack_bf16(packed + i * panel_bytes(2, K) / 2, lines, K);
    }
    if (!packed) {
        s->failed = true;
        return y;
    }
    /* the CPU may use them where they lie */
    op_linear(s->queue, y, x, load(s, &(struct weight_source){
                                          .data = packed, .layout = LAYOUT_PANELS,
                                          .dtype = DT_BF16, .n = N, .k = K,
                                          .x_dtype = DT_F32, .stays = true }), no_tensor);
    s->failed |= s->queue->ops->sync(s->queue, NULL) != ECHO_OK;
    free(packed);
    return y;
}

static struct tensor attention(struct side *s, enum dtype precision, int window)
{
    struct tensor q = input(s, 40, 64), y = scratch(&s->run, 40, 64);
    struct kv kv[2] = { { .k = input(s, 50, 64), .v = input(s, 50, 64), .seen_by = 1,
                          .per_branch = true },
                        { .k = input(s, 21, 64), .v = input(s, 21, 64), .seen_by = 1,
                          .scale = 1.5f } };

    op_attention(s->queue, y, q, 2,
                 &(struct attention){ kv, window == SEE_ALL ? 2 : 1, 1, window, precision });
    return y;
}

static struct tensor attention_f32(struct side *s)
{
    return attention(s, DT_F32, SEE_ALL);
}

static struct tensor attention_f16(struct side *s)
{
    return attention(s, s->half, SEE_ALL);
}

static struct tensor windowed_attention(struct side *s)
{
    return attention(s, DT_F32, 7);
}

/* y = x I^T: reads what was rounded. */
static struct tensor unrounded(struct side *s, struct tensor x)
{
    struct tensor y = scratch(&s->run, x.rows, x.cols);
    float *identity = calloc((size_t)x.cols * (size_t)x.cols, sizeof *identity);

    for (int i = 0; identity && i < x.cols; i++)
        identity[i * x.cols + i] = 1;
    if (!identity)
        s->failed = true;
    else
        op_linear(s->queue, y, x,
                  load(s, &(struct weight_source){ .data = identity, .dtype = DT_F32,
                                                   .n = x.cols, .k = x.cols,
                                                   .x_dtype = x.dtype }), no_tensor);
    free(identity);
    return y;
}

static struct tensor norms(struct side *s)
{
    struct tensor x = input(s, 30, 80), y = scratch(&s->run, 30, 80);
    struct tensor h = scratch_dense(&s->run, 30, 80, s->half);

    op_rms_norm(s->queue, y, x, input(s, 1, 80));
    op_layer_norm(s->queue, x, y, input(s, 1, 80), input(s, 1, 80));
    op_adaln(s->queue, h, x, input(s, 1, 80), input(s, 1, 80));
    return unrounded(s, h);
}

static struct tensor heads(struct side *s)
{
    struct tensor x = input(s, 12, 96), rope = scratch(&s->run, 6, 64);

    op_rope_table(s->queue, rope, 3, 2, false);
    op_head_norm_rope(s->queue, x, input(s, 1, 96), rope, 3, 2);
    return x;
}

static struct tensor activations(struct side *s)
{
    struct tensor x = input(s, 50, 48), y = scratch(&s->run, 50, 48);
    struct tensor h = scratch_dense(&s->run, 50, 48, s->half);

    op_scale(s->queue, x, 4);
    op_silu(s->queue, y, x);
    op_gelu(s->queue, x, y);
    op_gate(s->queue, x, y, false);
    op_gate(s->queue, x, y, true);
    op_snake(s->queue, y, x, input(s, 2, 48));
    op_tanh(s->queue, y);
    op_add(s->queue, y, x, input(s, 1, 48), 0.5f);
    op_snake(s->queue, h, y, input(s, 2, 48));
    return unrounded(s, h);
}

static struct tensor depthwise(struct side *s)
{
    struct tensor x = input(s, 36, 40), y = scratch(&s->run, 30, 40);

    op_depthwise(s->queue, y, x, input(s, 7, 40), input(s, 1, 40));
    return y;
}

static struct tensor codes(struct side *s)
{
    struct tensor table = input(s, 200, 8), index = scratch(&s->run, 40, 1);
    struct tensor y = scratch(&s->run, 40, 8);

    op_nearest(s->queue, index, input(s, 40, 8), table);
    op_gather(s->queue, y, index, table);
    return y;
}

static const struct family {
    const char *name;
    struct tensor (*run)(struct side *);
    double bound;
} families[] = {
    { "matmuls in f32", matmul_f32, F32_BOUND },
    { "matmuls in f32 of odd sizes", odd_matmul_f32, F32_BOUND },
    { "matmuls in f16", matmul_f16, F16_BOUND },
    { "matmuls in f16 of odd sizes", odd_matmul_f16, F16_BOUND },
    { "SwiGLU", swiglu, F16_BOUND },
    { "convolutions", convolution, F16_BOUND },
    { "packed weights", panels, F32_BOUND },
    { "attention in f32", attention_f32, F32_BOUND },
    { "attention in f16", attention_f16, F16_BOUND },
    { "attention in windows", windowed_attention, F32_BOUND },
    { "norms", norms, F16_BOUND },
    { "rotations", heads, F32_BOUND },
    { "activations", activations, F16_BOUND },
    { "depthwise convolutions", depthwise, F32_BOUND },
    { "codes", codes, F32_BOUND },
};

/* ---- comparing ---- */

/* The result in s->numbers; false: the device failed, and err says how. */
static bool run_family(struct side *s, const struct family *f, echo_error *err)
{
    s->run = (struct run){ .queue = s->queue, .mem = &s->memory, .arena = { .cap = MEMORY } };
    s->seed = 1;
    struct tensor y = f->run(s);

    ECHO_ASSERT(y.rows * y.cols <= MOST);
    op_read(s->queue, s->numbers, y);
    echo_status status = s->queue->ops->sync(s->queue, err);

    for (int i = 0; i < s->weights; i++)
        s->device->ops->free(s->device, &s->weight[i].bytes);
    if (s->failed && !status)
        echo_fail_memory(err, MEMORY, "the self-test");
    s->weights = 0;
    for (int i = y.rows * y.cols; i < MOST; i++)
        s->numbers[i] = 0;
    return !status && !s->failed;
}

/* All families over no memory, so that the device gets ready for all of them at once. */
static void rehearse(struct side *s)
{
    struct queue *real = s->queue;
    echo_error ignored;

    if (!(s->queue = echo_null_queue(s->device))) {
        s->queue = real;
        return;
    }
    s->dry = true;
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        run_family(s, &families[i], &ignored);
    s->dry = s->failed = false;
    s->queue->ops->close(s->queue);
    s->queue = real;
}

static double difference(const struct side *got, const struct side *want)
{
    double error = 0, size = 0;

    for (int i = 0; i < MOST; i++) {
        error += pow((double)got->numbers[i] - (double)want->numbers[i], 2);
        size += pow((double)want->numbers[i], 2);
    }
    return sqrt(error / size); /* NaN, if one is */
}

static echo_status compare(struct side *ours, struct side *cpu, echo_error *err)
{
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        const struct family *f = &families[i];

        if (!run_family(ours, f, err) || !run_family(cpu, f, err))
            return ECHO_ERR_DEVICE;
        double d = difference(ours, cpu);

        if (!(d <= f->bound))
            return echo_fail(err, ECHO_ERR_DEVICE, "its %s are wrong by %.1e", f->name, d);
    }
    return ECHO_OK;
}

static struct side *open_side(struct device *device, echo_error *err)
{
    struct side *s = calloc(1, sizeof *s);

    if (!s || !device->ops->alloc(device, &s->memory, MEMORY)) {
        free(s);
        echo_fail_memory(err, MEMORY, "the self-test");
        return NULL;
    }
    s->device = device;
    s->half = device->traits.computes[DT_F16] ? DT_F16 : DT_F32;
    if (!device->ops->open_queue(device, &s->queue, err))
        return s;
    device->ops->free(device, &s->memory);
    free(s);
    return NULL;
}

static void close_side(struct side *s)
{
    if (!s)
        return;
    s->queue->ops->close(s->queue);
    s->device->ops->free(s->device, &s->memory);
    free(s);
}

echo_status echo_check_device(struct device *device, echo_error *err)
{
    struct device *reference;
    echo_status status = echo_cpu_device(&reference, 0, 1, err);

    if (status)
        return status;
    struct side *ours = open_side(device, err), *cpu = ours ? open_side(reference, err) : NULL;

    if (ours)
        rehearse(ours);
    status = ours && cpu ? compare(ours, cpu, err) : ECHO_ERR_DEVICE;
    close_side(ours);
    close_side(cpu);
    reference->ops->close(reference);
    return status;
}

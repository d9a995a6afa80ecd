/* SPDX-License-Identifier: MIT */
/*
 * cpu_device.c - the CPU as a device, and the ops that go row by row.
 *
 * The library's kernels do one row; here rows are handed out to the threads.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/cpu.h"
#include "base/cpu.h"
#include "base/memory.h"

#define WORTH_SHARING 20000.0 /* numbers; waking the threads costs a few microseconds */
#define TASK_NUMBERS  16384   /* of one task: half a first-level cache in and out */

/* ---- handing out ---- */

struct whole {
    pool_fn *fn;
    void *arg;
    int tasks;
};

static void run_whole(void *arg, int task, int thread)
{
    struct whole *w = arg;

    for (task = 0; task < w->tasks; task++)
        w->fn(w->arg, task, thread);
}

void echo_cpu_share(struct cpu_device *c, pool_fn *fn, void *arg, int tasks, double cost)
{
    struct whole w = { fn, arg, tasks };

    if (cost < WORTH_SHARING)
        echo_pool_run(c->pool, run_whole, &w, 1);
    else
        echo_pool_run(c->pool, fn, arg, tasks);
}

/* ---- rows ---- */

/* An op over rows, at work: `out` is where row i of y is made. */
struct row_job {
    const struct cpu_device *cpu;
    struct op op;
    int per_task;
};

typedef void row_fn(const struct row_job *j, int i, float *out);

static const float *row_or_null(struct tensor t)
{
    return has_tensor(t) ? row_of(t, 0) : NULL;
}

static void copy_row(const struct row_job *j, int i, float *out)
{
    memcpy(out, row_of(j->op.x, i), (size_t)j->op.y.cols * sizeof(float));
}

static void zero_row(const struct row_job *j, int i, float *out)
{
    (void)i;
    memset(out, 0, (size_t)j->op.y.cols * sizeof(float));
}

static void depthwise_row(const struct row_job *j, int i, float *out)
{
    const struct op *op = &j->op;

    j->cpu->act.depthwise(out, row_of(op->x, i), op->x.ld, row_of(op->a, 0),
                          row_or_null(op->b), op->a.rows, op->y.cols);
}

static void rms_norm_row(const struct row_job *j, int i, float *out)
{
    j->cpu->norm.rms(out, row_of(j->op.x, i), row_of(j->op.a, 0), j->op.y.cols);
}

static void layer_norm_row(const struct row_job *j, int i, float *out)
{
    j->cpu->norm.layer(out, row_of(j->op.x, i), row_of(j->op.a, 0), row_of(j->op.b, 0),
                       j->op.y.cols);
}

static void adaln_row(const struct row_job *j, int i, float *out)
{
    j->cpu->norm.adaln(out, row_of(j->op.x, i), row_of(j->op.a, 0), row_of(j->op.b, 0),
                       j->op.y.cols);
}

static void heads_row(const struct row_job *j, int i, float *out)
{
    const struct op *op = &j->op;

    j->cpu->norm.heads(out, row_or_null(op->a),
                       op->rope_heads ? row_of(op->b, i % op->b.rows) : NULL, op->heads,
                       op->rope_heads, op->y.cols / op->heads);
}

static void add_row(const struct row_job *j, int i, float *out)
{
    j->cpu->act.add(out, row_of(j->op.x, i), row_or_null(j->op.a), j->op.factor,
                    j->op.y.cols);
}

static void scale_row(const struct row_job *j, int i, float *out)
{
    (void)i;
    j->cpu->act.scale(out, j->op.factor, j->op.y.cols);
}

static void silu_row(const struct row_job *j, int i, float *out)
{
    j->cpu->act.silu(out, row_of(j->op.x, i), j->op.y.cols);
}

static void gate_row(const struct row_job *j, int i, float *out)
{
    if (j->op.epilogue == EPILOGUE_SWIGLU)
        j->cpu->act.silu_mul(out, row_of(j->op.x, i), out, j->op.y.cols);
    else
        j->cpu->act.gate_sigmoid(out, row_of(j->op.x, i), j->op.y.cols);
}

static void gelu_row(const struct row_job *j, int i, float *out)
{
    j->cpu->act.gelu(out, row_of(j->op.x, i), j->op.y.cols);
}

static void tanh_row(const struct row_job *j, int i, float *out)
{
    (void)i;
    j->cpu->act.tanh(out, j->op.y.cols);
}

static void snake_row(const struct row_job *j, int i, float *out)
{
    j->cpu->act.snake(out, row_of(j->op.x, i), row_of(j->op.a, 0), row_of(j->op.a, 1),
                      j->op.y.cols);
}

static void nearest_row(const struct row_job *j, int i, float *out)
{
    const float *x = row_of(j->op.x, i);
    float best = -INFINITY, squares = 0;

    for (int c = 0; c < j->op.x.cols; c++)
        squares += x[c] * x[c];
    float length = fmaxf(sqrtf(squares), 1e-12f);

    *out = -1; /* stays, if no cosine is a number */
    for (int r = 0; r < j->op.a.rows; r++) {
        const float *row = row_of(j->op.a, r);
        float sum = 0;

        for (int c = 0; c < j->op.x.cols; c++)
            sum += x[c] / length * row[c];
        if (sum > best) {
            best = sum;
            *out = (float)r;
        }
    }
}

static void gather_row(const struct row_job *j, int i, float *out)
{
    float index = *row_of(j->op.x, i);

    if (index >= 0 && index < (float)j->op.a.rows)
        memcpy(out, row_of(j->op.a, (int)index), (size_t)j->op.y.cols * sizeof *out);
    else
        for (int c = 0; c < j->op.y.cols; c++)
            out[c] = NAN;
}

static row_fn *const row_fns[OP_KINDS] = {
    [OP_COPY] = copy_row,
    [OP_ZERO] = zero_row,
    [OP_DEPTHWISE] = depthwise_row,
    [OP_RMS_NORM] = rms_norm_row,
    [OP_LAYER_NORM] = layer_norm_row,
    [OP_ADALN] = adaln_row,
    [OP_HEAD_NORM_ROPE] = heads_row,
    [OP_ADD] = add_row,
    [OP_SCALE] = scale_row,
    [OP_SILU] = silu_row,
    [OP_GATE] = gate_row,
    [OP_GELU] = gelu_row,
    [OP_TANH] = tanh_row,
    [OP_SNAKE] = snake_row,
    [OP_NEAREST] = nearest_row,
    [OP_GATHER] = gather_row,
};

/* Quantised rows are made in float32, then converted while they are in cache. */
static void rows_task(void *arg, int task, int thread)
{
    const struct row_job *j = arg;
    struct tensor y = j->op.y;
    int end = at_most((task + 1) * j->per_task, y.rows);

    for (int i = task * j->per_task; i < end; i++) {
        bool quantized = y.dtype != DT_F32;
        float *out = quantized ? j->cpu->scratch[thread].row : row_of(y, i);

        row_fns[j->op.kind](j, i, out);
        if (y.dtype == DT_I8)
            j->cpu->gemm.hadamard(out, y.cols);
        if (quantized)
            j->cpu->gemm.quantize[y.dtype](bytes_of(y, i), out, y.cols);
    }
}

/* Quantised rows are moved as the floats that lie in the same place. */
static struct tensor as_floats(struct tensor t)
{
    int per_float = (int)(sizeof(float) / dtype_size(t.dtype));

    ECHO_ASSERT(t.dtype != DT_I8 && t.cols % per_float == 0 && t.ld % per_float == 0);
    t.cols /= per_float;
    t.ld /= per_float;
    t.dtype = DT_F32;
    return t;
}

static void share_rows(struct cpu_device *cpu, const struct op *op)
{
    struct row_job j = { .cpu = cpu, .op = *op };

    if (!op->y.rows)
        return;
    if (op->kind == OP_COPY && op->x.dtype != DT_F32) {
        j.op.y = as_floats(op->y);
        j.op.x = as_floats(op->x);
    }
    ECHO_ASSERT(j.op.y.dtype == DT_F32 || j.op.y.cols <= MAX_ROW);
    double work = op->kind == OP_NEAREST ? (double)op->a.rows * op->a.cols : j.op.y.cols;

    j.per_task = (int)(TASK_NUMBERS / work) + 1;
    echo_cpu_share(cpu, rows_task, &j, divide_up(j.op.y.rows, j.per_task), j.op.y.rows * work);
}

/* ---- the queue: work is done at once, on all threads ---- */

static void cpu_close(struct queue *q)
{
    free(q);
}

static void cpu_write(struct queue *q, struct tensor dst, const float *src)
{
    (void)q;
    for (int i = 0; i < dst.rows; i++)
        memcpy(row_of(dst, i), src + (size_t)i * (size_t)dst.cols,
               (size_t)dst.cols * sizeof *src);
}

static void cpu_read(struct queue *q, float *dst, struct tensor src)
{
    (void)q;
    for (int i = 0; i < src.rows; i++)
        memcpy(dst + (size_t)i * (size_t)src.cols, row_of(src, i),
               (size_t)src.cols * sizeof *dst);
}

static void cpu_run(struct queue *q, const struct op *op)
{
    struct cpu_device *cpu = to_cpu(q->device);

    if (op->kind == OP_MATMUL)
        echo_cpu_matmul(cpu, op);
    else if (op->kind == OP_ATTENTION)
        echo_cpu_attention(cpu, op);
    else
        share_rows(cpu, op);
}

static echo_status cpu_sync(struct queue *q, echo_error *err)
{
    (void)q, (void)err;
    return ECHO_OK;
}

static const struct queue_ops queue_ops = {
    .close = cpu_close,
    .write = cpu_write,
    .read = cpu_read,
    .run = cpu_run,
    .sync = cpu_sync,
};

/* ---- the device ---- */

static void close_device(struct device *d)
{
    struct cpu_device *cpu = to_cpu(d);

    echo_free(cpu->scratch);
    echo_pool_close(&cpu->pool);
    free(cpu);
}

static bool alloc(struct device *d, struct buffer *m, size_t bytes)
{
    *m = (struct buffer){ .device = d, .host = echo_alloc(bytes), .bytes = bytes };
    return m->host != NULL;
}

static void release(struct device *d, struct buffer *m)
{
    (void)d;
    if (m->device) /* else it is borrowed */
        echo_free(m->host);
    *m = (struct buffer){ 0 };
}

static echo_status open_queue(struct device *d, struct queue **out, echo_error *err)
{
    struct queue *q = calloc(1, sizeof *q);

    *out = q;
    if (!q)
        return echo_fail_memory(err, sizeof *q, "a queue");
    *q = (struct queue){ .ops = &queue_ops, .device = d };
    return ECHO_OK;
}

static const struct device_ops device_ops = {
    .close = close_device,
    .alloc = alloc,
    .free = release,
    .load = echo_cpu_load,
    .peak = echo_cpu_peak,
    .open_queue = open_queue,
};

echo_status echo_cpu_device(struct device **out, unsigned cpu_flags, int threads,
                            echo_error *err)
{
    struct cpu_device *c = calloc(1, sizeof *c);
    size_t bytes = (size_t)threads * sizeof *c->scratch;
    echo_status s;

    *out = NULL;
    if (!c || !(c->scratch = echo_alloc(bytes))) {
        free(c);
        return echo_fail_memory(err, bytes, "the threads' scratch");
    }
    c->base = (struct device){
        .ops = &device_ops,
        .traits = {
            .row_align = ECHO_ALIGN,
            .row_alias = 4096, /* such rows would compete for the same few cache sets */
            .computes = { [DT_F32] = true, [DT_BF16] = true, [DT_I8] = true },
            .row_tail[DT_I8] = 4 + (int)sizeof(float), /* filled up to a line, and the scale */
        },
        .threads = threads,
    };
    snprintf(c->base.name, sizeof c->base.name, "cpu: %s, %d thread%s",
             echo_cpu_level(cpu_flags)->name, threads, threads == 1 ? "" : "s");
    if ((s = echo_pool_open(&c->pool, threads, err))) {
        close_device(&c->base);
        return s;
    }
    echo_gemm_init(&c->gemm, cpu_flags);
    if (c->gemm.bf16_by_f32)
        c->base.traits.rounding = ROUNDING_NEVER_PAYS;
    echo_norm_init(&c->norm, cpu_flags);
    echo_activation_init(&c->act, cpu_flags);
    *out = &c->base;
    return ECHO_OK;
}

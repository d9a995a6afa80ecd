/* SPDX-License-Identifier: MIT */
/*
 * cpu_backend.c - memory, and the ops that go row by row.
 *
 * The library's kernels do one row; here rows are handed out to the threads.
 */
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/cpu.h"
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

void echo_cpu_share(struct cpu_backend *c, pool_fn *fn, void *arg, int tasks, double cost)
{
    struct whole w = { fn, arg, tasks };

    if (cost < WORTH_SHARING)
        echo_pool_run(c->pool, run_whole, &w, 1);
    else
        echo_pool_run(c->pool, fn, arg, tasks);
}

/* ---- memory ---- */

static bool cpu_alloc(struct backend *b, struct buffer *m, size_t bytes)
{
    (void)b;
    *m = (struct buffer){ .host = echo_alloc(bytes), .bytes = bytes };
    return m->host != NULL;
}

static void cpu_free(struct backend *b, struct buffer *m)
{
    (void)b;
    echo_free(m->host);
    *m = (struct buffer){ 0 };
}

static bool cpu_sync(struct backend *b)
{
    (void)b;
    return true;
}

static void cpu_write(struct backend *b, struct tensor dst, const float *src)
{
    (void)b;
    for (int i = 0; i < dst.rows; i++)
        memcpy(row_of(dst, i), src + (size_t)i * (size_t)dst.cols,
               (size_t)dst.cols * sizeof *src);
}

static void cpu_read(struct backend *b, float *dst, struct tensor src)
{
    (void)b;
    for (int i = 0; i < src.rows; i++)
        memcpy(dst + (size_t)i * (size_t)src.cols, row_of(src, i),
               (size_t)src.cols * sizeof *dst);
}

/* ---- rows ---- */

/* An op over rows, at work: `out` is where row i of y is made. */
struct row_job {
    const struct cpu_backend *cpu;
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
    [OP_GELU] = gelu_row,
    [OP_TANH] = tanh_row,
    [OP_SNAKE] = snake_row,
};

/* What is to be an operand is made in float32, then converted while it is in cache. */
static void rows_task(void *arg, int task, int thread)
{
    const struct row_job *j = arg;
    struct tensor y = j->op.y;
    int end = at_most((task + 1) * j->per_task, y.rows);

    for (int i = task * j->per_task; i < end; i++) {
        bool operand = y.dtype != DT_F32;
        float *out = operand ? j->cpu->scratch[thread].row : row_of(y, i);

        row_fns[j->op.kind](j, i, out);
        if (y.dtype == DT_I8)
            j->cpu->gemm.spread(out, y.cols);
        if (operand)
            j->cpu->gemm.operand[y.dtype](bytes_of(y, i), out, y.cols);
    }
}

/* Operands are moved as the floats that lie in the same place. */
static struct tensor as_floats(struct tensor t)
{
    int per_float = (int)(sizeof(float) / dtype_size(t.dtype));

    ECHO_ASSERT(t.dtype != DT_I8 && t.cols % per_float == 0 && t.ld % per_float == 0);
    t.cols /= per_float;
    t.ld /= per_float;
    t.dtype = DT_F32;
    return t;
}

static void share_rows(struct cpu_backend *cpu, const struct op *op)
{
    struct row_job j = { .cpu = cpu, .op = *op };

    if (!op->y.rows)
        return;
    if (op->kind == OP_COPY && op->x.dtype != DT_F32) {
        j.op.y = as_floats(op->y);
        j.op.x = as_floats(op->x);
    }
    ECHO_ASSERT(j.op.y.dtype == DT_F32 || j.op.y.cols <= MAX_ROW);
    j.per_task = TASK_NUMBERS / j.op.y.cols + 1;
    echo_cpu_share(cpu, rows_task, &j, divide_up(j.op.y.rows, j.per_task),
                   (double)j.op.y.rows * j.op.y.cols);
}

/* ---- the backend ---- */

static void cpu_run(struct backend *b, const struct op *op)
{
    struct cpu_backend *cpu = to_cpu(b);

    if (op->kind == OP_MATMUL)
        echo_cpu_matmul(cpu, op);
    else if (op->kind == OP_ATTENTION)
        echo_cpu_attention(cpu, op);
    else
        share_rows(cpu, op);
}

static void cpu_close(struct backend *b)
{
    echo_free(to_cpu(b)->scratch);
    free(b);
}

static const struct backend_ops cpu_ops = {
    .close = cpu_close,
    .alloc = cpu_alloc,
    .free = cpu_free,
    .load = echo_cpu_load,
    .load_panels = echo_cpu_load_panels,
    .sync = cpu_sync,
    .peak = echo_cpu_peak,
    .write = cpu_write,
    .read = cpu_read,
    .run = cpu_run,
};

echo_status echo_cpu_backend(struct backend **out, unsigned cpu_flags, struct pool *pool,
                             echo_error *err)
{
    struct cpu_backend *c = calloc(1, sizeof *c);
    size_t bytes = (size_t)echo_pool_threads(pool) * sizeof *c->scratch;

    *out = NULL;
    if (!c || !(c->scratch = echo_alloc(bytes))) {
        free(c);
        return echo_fail_memory(err, bytes, "the threads' scratch");
    }
    c->base.ops = &cpu_ops;
    c->pool = pool;
    echo_gemm_init(&c->gemm, cpu_flags);
    echo_norm_init(&c->norm, cpu_flags);
    echo_activation_init(&c->act, cpu_flags);
    *out = &c->base;
    return ECHO_OK;
}

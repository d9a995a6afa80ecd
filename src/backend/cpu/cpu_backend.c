/* SPDX-License-Identifier: MIT */
/*
 * cpu_backend.c - memory, and the ops that go row by row.
 *
 * The library's kernels do one row; here rows are handed out to the threads.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/cpu.h"
#include "base/bf16.h"
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

/* An op over rows: what it works on, and what it does with row i. */
struct rows {
    const struct cpu_backend *cpu;
    void (*row)(const struct rows *r, int i);
    struct tensor y, a, b, c;
    float factor;
    int heads, rope_heads;
    int position, step;
    int per_task;
    float *out; /* where a row of y is made */
};

/* What is to be an operand is made in float32, then converted while it is in cache. */
static void rows_task(void *arg, int task, int thread)
{
    struct rows r = *(const struct rows *)arg;
    int end = at_most((task + 1) * r.per_task, r.y.rows);

    for (int i = task * r.per_task; i < end; i++) {
        bool operand = r.y.dtype != DT_F32;

        r.out = operand ? r.cpu->scratch[thread].row : row_of(r.y, i);
        r.row(&r, i);
        if (r.y.dtype == DT_I8)
            r.cpu->gemm.spread(r.out, r.y.cols);
        if (operand)
            r.cpu->gemm.operand[r.y.dtype](bytes_of(r.y, i), r.out, r.y.cols);
    }
}

static void share_rows(struct backend *b, struct rows r)
{
    struct cpu_backend *cpu = to_cpu(b);

    if (!r.y.rows)
        return;
    ECHO_ASSERT(r.y.dtype == DT_F32 || r.y.cols <= MAX_ROW);
    r.cpu = cpu;
    r.per_task = TASK_NUMBERS / r.y.cols + 1;
    echo_cpu_share(cpu, rows_task, &r, divide_up(r.y.rows, r.per_task),
                   (double)r.y.rows * r.y.cols);
}

static const float *row_or_null(struct tensor t)
{
    return has_tensor(t) ? row_of(t, 0) : NULL;
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

static void copy_row(const struct rows *r, int i)
{
    memcpy(r->out, row_of(r->a, i), (size_t)r->y.cols * sizeof(float));
}

/* Operands are copied as the floats that lie in the same place. */
static struct tensor as_floats(struct tensor t)
{
    int per_float = (int)(sizeof(float) / dtype_size(t.dtype));

    ECHO_ASSERT(t.dtype != DT_I8 && t.cols % per_float == 0 && t.ld % per_float == 0);
    t.cols /= per_float;
    t.ld /= per_float;
    t.dtype = DT_F32;
    return t;
}

static void cpu_copy(struct backend *b, struct tensor dst, struct tensor src)
{
    if (src.dtype != DT_F32) {
        dst = as_floats(dst);
        src = as_floats(src);
    }
    share_rows(b, (struct rows){ .y = dst, .a = src, .row = copy_row });
}

static void zero_row(const struct rows *r, int i)
{
    memset(row_of(r->y, i), 0, (size_t)r->y.cols * sizeof(float));
}

static void cpu_zero(struct backend *b, struct tensor dst)
{
    share_rows(b, (struct rows){ .y = dst, .row = zero_row });
}

/* ---- rows ---- */

static void rope_row(const struct rows *r, int i)
{
    int head = r->y.cols / 2;
    float *row = row_of(r->y, i), at = (float)(r->position + i * r->step);

    for (int p = 0; p < head; p += 2) {
        float angle = at * (1.0f / powf(10000.0f, (float)p / (float)head));
        float c = cosf(angle), s = sinf(angle);

        if (r->factor != 0) {
            c = bf16_to_f32(f32_to_bf16(c));
            s = bf16_to_f32(f32_to_bf16(s));
        }
        row[p] = row[p + 1] = c;
        row[head + p] = -s;
        row[head + p + 1] = s;
    }
}

static void cpu_rope_table(struct backend *b, struct tensor rope, int position, int step,
                           bool round)
{
    share_rows(b, (struct rows){ .y = rope, .position = position, .step = step,
                                 .factor = round, .row = rope_row });
}

static void depthwise_row(const struct rows *r, int i)
{
    r->cpu->act.depthwise(row_of(r->y, i), row_of(r->a, i), r->a.ld, row_of(r->b, 0),
                          row_or_null(r->c), r->b.rows, r->y.cols);
}

static void cpu_depthwise(struct backend *b, struct tensor y, struct tensor x, struct tensor w,
                          struct tensor bias)
{
    ECHO_ASSERT(w.ld == w.cols);
    share_rows(b, (struct rows){ .y = y, .a = x, .b = w, .c = bias, .row = depthwise_row });
}

static void rms_norm_row(const struct rows *r, int i)
{
    r->cpu->norm.rms(r->out, row_of(r->a, i), row_of(r->b, 0), r->y.cols);
}

static void cpu_rms_norm(struct backend *b, struct tensor y, struct tensor x,
                         struct tensor gain)
{
    share_rows(b, (struct rows){ .y = y, .a = x, .b = gain, .row = rms_norm_row });
}

static void layer_norm_row(const struct rows *r, int i)
{
    r->cpu->norm.layer(r->out, row_of(r->a, i), row_of(r->b, 0), row_of(r->c, 0),
                       r->y.cols);
}

static void cpu_layer_norm(struct backend *b, struct tensor y, struct tensor x,
                           struct tensor gain, struct tensor bias)
{
    share_rows(b, (struct rows){ .y = y, .a = x, .b = gain, .c = bias, .row = layer_norm_row });
}

static void adaln_row(const struct rows *r, int i)
{
    r->cpu->norm.adaln(r->out, row_of(r->a, i), row_of(r->b, 0), row_of(r->c, 0),
                       r->y.cols);
}

static void cpu_adaln(struct backend *b, struct tensor y, struct tensor x, struct tensor scale,
                      struct tensor shift)
{
    share_rows(b, (struct rows){ .y = y, .a = x, .b = scale, .c = shift, .row = adaln_row });
}

static void heads_row(const struct rows *r, int i)
{
    r->cpu->norm.heads(row_of(r->y, i), row_or_null(r->a),
                       r->rope_heads ? row_of(r->b, i % r->b.rows) : NULL, r->heads,
                       r->rope_heads, r->y.cols / r->heads);
}

static void cpu_head_norm_rope(struct backend *b, struct tensor x, struct tensor gain,
                               struct tensor rope, int heads, int rope_heads)
{
    share_rows(b, (struct rows){ .y = x, .a = gain, .b = rope, .heads = heads,
                                 .rope_heads = rope_heads, .row = heads_row });
}

static void add_row(const struct rows *r, int i)
{
    r->cpu->act.add(row_of(r->y, i), row_of(r->a, i), row_or_null(r->b), r->factor, r->y.cols);
}

static void cpu_add(struct backend *b, struct tensor x, struct tensor y, struct tensor gain,
                    float factor)
{
    share_rows(b, (struct rows){ .y = x, .a = y, .b = gain, .factor = factor, .row = add_row });
}

static void scale_row(const struct rows *r, int i)
{
    r->cpu->act.scale(row_of(r->y, i), r->factor, r->y.cols);
}

static void cpu_scale(struct backend *b, struct tensor x, float factor)
{
    share_rows(b, (struct rows){ .y = x, .factor = factor, .row = scale_row });
}

static void silu_row(const struct rows *r, int i)
{
    r->cpu->act.silu(r->out, row_of(r->a, i), r->y.cols);
}

static void cpu_silu(struct backend *b, struct tensor y, struct tensor x)
{
    share_rows(b, (struct rows){ .y = y, .a = x, .row = silu_row });
}

static void gelu_row(const struct rows *r, int i)
{
    r->cpu->act.gelu(r->out, row_of(r->a, i), r->y.cols);
}

static void cpu_gelu(struct backend *b, struct tensor y, struct tensor x)
{
    share_rows(b, (struct rows){ .y = y, .a = x, .row = gelu_row });
}

static void tanh_row(const struct rows *r, int i)
{
    r->cpu->act.tanh(row_of(r->y, i), r->y.cols);
}

static void cpu_tanh(struct backend *b, struct tensor x)
{
    share_rows(b, (struct rows){ .y = x, .row = tanh_row });
}

static void snake_row(const struct rows *r, int i)
{
    r->cpu->act.snake(r->out, row_of(r->a, i), row_of(r->b, 0), row_of(r->b, 1),
                      r->y.cols);
}

static void cpu_snake(struct backend *b, struct tensor y, struct tensor x, struct tensor alpha)
{
    share_rows(b, (struct rows){ .y = y, .a = x, .b = alpha, .row = snake_row });
}

/* ---- the backend ---- */

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
    .copy = cpu_copy,
    .zero = cpu_zero,
    .rope_table = cpu_rope_table,
    .product = echo_cpu_product,
    .depthwise = cpu_depthwise,
    .attention = echo_cpu_attention,
    .rms_norm = cpu_rms_norm,
    .layer_norm = cpu_layer_norm,
    .adaln = cpu_adaln,
    .head_norm_rope = cpu_head_norm_rope,
    .add = cpu_add,
    .scale = cpu_scale,
    .silu = cpu_silu,
    .gelu = cpu_gelu,
    .tanh = cpu_tanh,
    .snake = cpu_snake,
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

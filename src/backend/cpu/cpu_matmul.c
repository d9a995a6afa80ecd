/* SPDX-License-Identifier: MIT */
/*
 * cpu_matmul.c - cuts y = x W^T (and convolutions, which are the same over
 * several taps) into tasks of a few panels by a block of rows, and does with
 * the sums what the epilogue asks for while they are in cache.
 *
 * Weights that must be dequantised are cut into blocks of k whose panels stay in cache;
 * between them the sums rest in memory, so that the chain of additions is that
 * of one uncut loop.
 */
#include <stdint.h>

#include "backend/cpu/cpu.h"
#include "base/memory.h"

#define STRIP      (STRIP_PANELS * GEMM_PANEL)
#define ROW_BLOCK  256 /* rows of x that rest in cache while strips of packed panels pass */
#define LEAST_ROWS 64  /* fewer do not pay for a task's panels */

struct matmul_job {
    struct cpu_device *cpu;
    const struct op *op;
    const float *bias;
    int per_tap, limit; /* lines of a tap; of a block of k, at most */
    int rows, strips;   /* of a task: a block of rows, neighbouring strips of columns */
    int blocks;         /* of rows */
};

/* Are the sums used up by the epilogue, rather than made where y is? */
static bool needs_sums(const struct op *op)
{
    return op->epilogue != EPILOGUE_STORE && op->epilogue != EPILOGUE_ADD;
}

/* A block of k: whole taps, or a part of one. */
struct k_block {
    int tap, taps, line, lines;
};

/* Panels of columns j.. over a block of k, made in thread scratch from the rows of a file. */
static const void *dequantize(const struct matmul_job *l, const struct weight *w,
                              struct thread_scratch *s, int j, int n, const struct k_block *t)
{
    int first = t->tap * l->per_tap + t->line, count = t->taps * t->lines;

    for (int i = 0; i < n; i += GEMM_PANEL) {
        size_t at = (size_t)(j + i) * (size_t)w->k + (size_t)first;

        l->cpu->gemm.dequantize(s->panels + (ptrdiff_t)i * count,
                            (const char *)w->bytes.host + at * dtype_size(w->dtype), w->dtype,
                            w->k, at_most(n - i, GEMM_PANEL), count);
    }
    return s->panels;
}

/* One strip of columns over one block of k; only the first begins the sums. */
static void strip(const struct matmul_job *l, const struct weight *w, struct thread_scratch *s,
                  float *y, ptrdiff_t ldy, bool add, int row, int j, const struct k_block *t)
{
    const struct op *op = l->op;
    int first = t->tap * l->per_tap + t->line, size = (int)dtype_size(op->x.dtype);
    bool packed = w->layout == LAYOUT_PANELS, wide = packed && w->dtype != op->x.dtype;
    ptrdiff_t step = wide ? 8 : 4; /* bytes of x that a line meets */
    struct gemm_args a = {
        .y = y,
        .ldy = ldy,
        .x = (const char *)bytes_of(op->x, row + t->tap * op->dilation) + step * t->line,
        .ldx = (ptrdiff_t)op->x.ld * size,
        .tap = (ptrdiff_t)op->dilation * op->x.ld * size,
        .bias = l->bias && !first ? l->bias + j : NULL,
        .m = at_most(l->rows, op->y.rows - row),
        .n = at_most(w->n - j, STRIP),
        .taps = t->taps,
        .lines = t->lines,
        .add = add || first,
    };

    if (packed) {
        a.panel = panel_bytes((int)dtype_size(w->dtype), w->k);
        a.w = (const char *)w->bytes.host + j / GEMM_PANEL * a.panel + first * PANEL_LINE;
    } else {
        a.w = dequantize(l, w, s, j, a.n, t);
        a.panel = t->taps * t->lines * PANEL_LINE;
    }
    if (wide)
        l->cpu->gemm.run_wide(&a);
    else
        l->cpu->gemm.run[op->x.dtype](&a);
}

/* n sums of a row, and of the second weight's, into y from column j. */
static void epilogue_row(const struct matmul_job *l, float *y, const float *sums,
                       const float *second, int j, int n)
{
    const struct activation_fns *act = &l->cpu->act;
    struct tensor b = l->op->b;

    switch (l->op->epilogue) {
    case EPILOGUE_GATED_ADD: act->gated_add(y, row_of(b, 0) + j, sums, n); break;
    case EPILOGUE_GATE: act->gate_sigmoid(y, sums, n); break;
    case EPILOGUE_SWIGLU: act->silu_mul(y, sums, second, n); break;
    case EPILOGUE_SNAKE: act->snake(y, sums, row_of(b, 0) + j, row_of(b, 1) + j, n); break;
    case EPILOGUE_STORE:
    case EPILOGUE_ADD: break;
    }
}

static void epilogue(const struct matmul_job *l, struct thread_scratch *s, int row, int j)
{
    struct tensor y = l->op->y;
    int rows = at_most(l->rows, y.rows - row), n = at_most(y.cols - j, STRIP);
    int size = (int)dtype_size(y.dtype);

    for (int i = 0; i < rows; i++) {
        char *out = (char *)bytes_of(y, row + i) + j * size;

        epilogue_row(l, y.dtype == DT_F32 ? (float *)(void *)out : s->row,
                     s->sums[0] + i * STRIP, s->sums[1] + i * STRIP, j, n);
        if (y.dtype != DT_F32)
            l->cpu->gemm.quantize[y.dtype](out, s->row, n);
    }
}

static void matmul_task(void *arg, int task, int thread)
{
    const struct matmul_job *l = arg;
    const struct op *op = l->op;
    struct thread_scratch *s = &l->cpu->scratch[thread];
    int row = task % l->blocks * l->rows, begin = task / l->blocks * l->strips * STRIP;
    int end = at_most(begin + l->strips * STRIP, op->y.cols);
    int k_blocks = divide_up(l->per_tap, l->limit); /* of a tap */
    struct k_block t = { .lines = (divide_up(l->per_tap, k_blocks) + 15) & ~15 };

    if (k_blocks == 1)
        t.lines = l->per_tap;
    for (; t.tap < op->taps; t.tap += t.taps) {
        t.taps = k_blocks > 1 ? 1 : at_most(l->limit / t.lines, op->taps - t.tap);
        for (t.line = 0; t.line < l->per_tap; t.line += t.lines) {
            struct k_block now = t;

            now.lines = at_most(t.lines, l->per_tap - t.line);
            for (int j = begin; j < end; j += STRIP) {
                if (!needs_sums(op))
                    strip(l, op->w, s, row_of(op->y, row) + j, op->y.ld,
                          op->epilogue == EPILOGUE_ADD, row, j, &now);
                else
                    strip(l, op->w, s, s->sums[0], STRIP, false, row, j, &now);
                if (op->w2)
                    strip(l, op->w2, s, s->sums[1], STRIP, false, row, j, &now);
            }
        }
    }
    if (needs_sums(op))
        epilogue(l, s, row, begin);
}

void echo_cpu_matmul(struct cpu_device *cpu, const struct op *op)
{
    const struct weight *w = op->w;
    int strips = divide_up(w->n, STRIP), wanted = 4 * echo_pool_threads(cpu->pool);
    struct matmul_job l = { .cpu = cpu, .op = op };
    bool packed = w->layout == LAYOUT_PANELS;
    enum dtype lines = packed ? w->dtype : DT_F32;
    bool packed_f32 = packed && lines == DT_F32;

    if (!op->y.rows)
        return;
    l.per_tap = panel_lines((int)dtype_size(lines), w->k / op->taps);
    l.limit = lines == DT_F32 ? STRIP_LINES : op->taps * l.per_tap;
    l.bias = has_tensor(op->a) ? row_of(op->a, 0) : NULL;
    l.blocks = divide_up(op->y.rows, packed_f32 ? ROW_BLOCK : TASK_ROWS);
    while (strips * l.blocks < wanted && op->y.rows > l.blocks * LEAST_ROWS)
        l.blocks++;
    l.rows = (divide_up(op->y.rows, l.blocks) + 7) & ~7;
    l.blocks = divide_up(op->y.rows, l.rows);
    l.strips = 1; /* dequantising them side by side gains nothing, shorter tasks end together */
    if (packed_f32 && !needs_sums(op))
        l.strips = divide_up(strips * l.blocks, wanted);
    echo_cpu_share(cpu, matmul_task, &l, divide_up(strips, l.strips) * l.blocks,
                   (double)op->y.rows * w->n * w->k / 8);
}

/* ---- loading ---- */

#define PACK_K 512 /* numbers of a column that are dequantised at a time */

struct pack_job {
    struct cpu_device *cpu;
    struct weight *w;
    const struct weight_source *from;
    float *lines; /* [threads][k][16] */
};

static void pack_task(void *arg, int task, int thread)
{
    const struct pack_job *l = arg;
    const struct weight *w = l->w;
    int k = w->k, n = at_most(w->n - task * GEMM_PANEL, GEMM_PANEL);
    size_t size = dtype_size(l->from->dtype), row = (size_t)k * size;
    const char *from = (const char *)l->from->data + (size_t)task * GEMM_PANEL * row;
    char *to = (char *)w->bytes.host + task * panel_bytes((int)dtype_size(w->dtype), k);
    float *lines = w->dtype == DT_F32 ? (float *)(void *)to
                                      : l->lines + (ptrdiff_t)thread * k * GEMM_PANEL;

    for (int p = 0; p < k; p += PACK_K)
        l->cpu->gemm.dequantize(lines + (ptrdiff_t)p * GEMM_PANEL, from + (size_t)p * size,
                                l->from->dtype, k, n, at_most(k - p, PACK_K));
    if (w->dtype == DT_BF16)
        echo_panel_pack_bf16((uint16_t *)(void *)to, lines, k);
    if (w->dtype == DT_I8)
        echo_panel_pack_i8((int8_t *)(void *)to, lines, k);
}

static bool pack(struct cpu_device *cpu, struct weight *w, const struct weight_source *from)
{
    struct pack_job l = { cpu, w, from, NULL };
    size_t lines = (size_t)echo_pool_threads(cpu->pool) * (size_t)w->k * GEMM_PANEL;
    size_t bytes = panels_bytes((int)dtype_size(w->x_dtype), w->n, w->k);

    w->layout = LAYOUT_PANELS;
    w->dtype = w->x_dtype;
    if (!cpu->base.ops->alloc(&cpu->base, &w->bytes, bytes))
        return false;
    if (w->x_dtype != DT_F32 && !(l.lines = echo_alloc(lines * sizeof(float)))) {
        cpu->base.ops->free(&cpu->base, &w->bytes);
        return false;
    }
    echo_cpu_share(cpu, pack_task, &l, divide_up(w->n, GEMM_PANEL), (double)w->n * w->k);
    echo_free(l.lines);
    return true;
}

/* Panels, and rows for float32, are used where they lie. */
bool echo_cpu_load(struct device *d, struct weight *w, const struct weight_source *from)
{
    bool as_it_is = from->layout == LAYOUT_PANELS || from->x_dtype == DT_F32;

    *w = (struct weight){ .layout = from->layout, .n = from->n, .k = from->k,
                          .dtype = from->dtype, .x_dtype = from->x_dtype };
    if (!as_it_is || !from->stays)
        return pack(to_cpu(d), w, from);
    w->bytes.host = (void *)(uintptr_t)from->data;
    return true;
}

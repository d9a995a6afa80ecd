/* SPDX-License-Identifier: MIT */
/*
 * cpu_product.c - cuts y = x W^T (and convolutions, which are the same over
 * several taps) into tasks of a few panels by a block of rows, and does with
 * the sums what the product asks for while they are in cache.
 *
 * What must be expanded is cut into stretches of k whose panels stay in cache;
 * between them the sums rest in memory, so that the chain of additions is that
 * of one uncut loop.
 */
#include "backend/cpu/cpu.h"
#include "base/memory.h"

#define STRIP      (STRIP_PANELS * GEMM_PANEL)
#define ROW_BLOCK  256 /* rows of x that rest in cache while strips of packed panels pass */
#define LEAST_ROWS 64  /* fewer do not pay for a task's panels */

struct product_job {
    struct cpu_backend *cpu;
    const struct product *p;
    const float *bias;
    int per_tap, limit; /* lines of a tap; of a stretch, at most */
    int rows, strips;   /* of a task: a block of rows, neighbouring strips of columns */
    int blocks;         /* of rows */
};

/* A stretch of k: whole taps, or a part of one. */
struct stretch {
    int tap, taps, line, lines;
};

/* Panels of columns j.. over a stretch, made in thread scratch from the rows of a file. */
static const void *expand(const struct product_job *l, const struct weight *w,
                          struct thread_scratch *s, int j, int n, const struct stretch *t)
{
    int first = t->tap * l->per_tap + t->line, count = t->taps * t->lines;

    for (int i = 0; i < n; i += GEMM_PANEL) {
        size_t at = (size_t)(j + i) * (size_t)w->k + (size_t)first;

        l->cpu->gemm.expand(s->panels + (ptrdiff_t)i * count,
                            (const char *)w->source + at * dtype_size(w->dtype), w->dtype,
                            w->k, at_most(n - i, GEMM_PANEL), count);
    }
    return s->panels;
}

/* One strip of columns over one stretch; only the first stretch begins the sums. */
static void strip(const struct product_job *l, const struct weight *w, struct thread_scratch *s,
                  float *y, ptrdiff_t ldy, bool add, int row, int j, const struct stretch *t)
{
    const struct product *p = l->p;
    int first = t->tap * l->per_tap + t->line, size = (int)dtype_size(p->x.dtype);
    bool wide = w->panels && w->dtype != p->x.dtype;
    ptrdiff_t step = wide ? 8 : 4; /* bytes of x that a line meets */
    struct gemm_args a = {
        .y = y,
        .ldy = ldy,
        .x = (const char *)bytes_of(p->x, row + t->tap * p->dilation) + step * t->line,
        .ldx = (ptrdiff_t)p->x.ld * size,
        .tap = (ptrdiff_t)p->dilation * p->x.ld * size,
        .bias = l->bias && !first ? l->bias + j : NULL,
        .m = at_most(l->rows, p->y.rows - row),
        .n = at_most(w->n - j, STRIP),
        .taps = t->taps,
        .lines = t->lines,
        .add = add || first,
    };

    if (w->panels) {
        a.panel = panel_bytes((int)dtype_size(w->dtype), w->k);
        a.w = (const char *)w->panels + j / GEMM_PANEL * a.panel + first * PANEL_LINE;
    } else {
        a.w = expand(l, w, s, j, a.n, t);
        a.panel = t->taps * t->lines * PANEL_LINE;
    }
    if (wide)
        l->cpu->gemm.run_wide(&a);
    else
        l->cpu->gemm.run[p->x.dtype](&a);
}

/* Row i of n sums, and of the second weight's, into y. */
static void finish_row(const struct product_job *l, float *y, const float *sums,
                       const float *second, int j, int n)
{
    const struct activation_fns *act = &l->cpu->act;

    switch (l->p->finish) {
    case FINISH_GATED_ADD: act->gated_add(y, row_of(l->p->gate, 0) + j, sums, n); break;
    case FINISH_GATE: act->gate_sigmoid(y, sums, n); break;
    case FINISH_SWIGLU: act->silu_mul(y, sums, second, n); break;
    case FINISH_STORE:
    case FINISH_ADD: break;
    }
}

static void finish(const struct product_job *l, struct thread_scratch *s, int row, int j)
{
    int rows = at_most(l->rows, l->p->y.rows - row), n = at_most(l->p->y.cols - j, STRIP);

    for (int i = 0; i < rows; i++)
        finish_row(l, row_of(l->p->y, row + i) + j, s->sums[0] + i * STRIP,
                   s->sums[1] + i * STRIP, j, n);
}

static void product_task(void *arg, int task, int thread)
{
    const struct product_job *l = arg;
    const struct product *p = l->p;
    struct thread_scratch *s = &l->cpu->scratch[thread];
    int row = task % l->blocks * l->rows, begin = task / l->blocks * l->strips * STRIP;
    int end = at_most(begin + l->strips * STRIP, p->y.cols);
    int stretches = divide_up(l->per_tap, l->limit); /* of a tap */
    struct stretch t = { .lines = (divide_up(l->per_tap, stretches) + 15) & ~15 };

    if (stretches == 1)
        t.lines = l->per_tap;
    for (; t.tap < p->taps; t.tap += t.taps) {
        t.taps = stretches > 1 ? 1 : at_most(l->limit / t.lines, p->taps - t.tap);
        for (t.line = 0; t.line < l->per_tap; t.line += t.lines) {
            struct stretch now = t;

            now.lines = at_most(t.lines, l->per_tap - t.line);
            for (int j = begin; j < end; j += STRIP) {
                if (p->finish <= FINISH_ADD)
                    strip(l, p->w, s, row_of(p->y, row) + j, p->y.ld,
                          p->finish == FINISH_ADD, row, j, &now);
                else
                    strip(l, p->w, s, s->sums[0], STRIP, false, row, j, &now);
                if (p->w2)
                    strip(l, p->w2, s, s->sums[1], STRIP, false, row, j, &now);
            }
        }
    }
    if (p->finish > FINISH_ADD)
        finish(l, s, row, begin);
}

void echo_cpu_product(struct backend *b, const struct product *p)
{
    struct cpu_backend *cpu = to_cpu(b);
    const struct weight *w = p->w;
    int strips = divide_up(w->n, STRIP), wanted = 4 * echo_pool_threads(cpu->pool);
    struct product_job l = { .cpu = cpu, .p = p };
    enum dtype lines = w->panels ? w->dtype : DT_F32;
    bool packed_f32 = w->panels && lines == DT_F32;

    if (!p->y.rows)
        return;
    l.per_tap = panel_lines((int)dtype_size(lines), w->k / p->taps);
    l.limit = lines == DT_F32 ? STRIP_LINES : p->taps * l.per_tap;
    l.bias = has_tensor(p->bias) ? row_of(p->bias, 0) : NULL;
    l.blocks = divide_up(p->y.rows, packed_f32 ? ROW_BLOCK : TASK_ROWS);
    while (strips * l.blocks < wanted && p->y.rows > l.blocks * LEAST_ROWS)
        l.blocks++;
    l.rows = (divide_up(p->y.rows, l.blocks) + 7) & ~7;
    l.blocks = divide_up(p->y.rows, l.rows);
    l.strips = 1; /* expanding them side by side gains nothing, shorter tasks end together */
    if (packed_f32 && p->finish <= FINISH_ADD)
        l.strips = divide_up(strips * l.blocks, wanted);
    echo_cpu_share(cpu, product_task, &l, divide_up(strips, l.strips) * l.blocks,
                   (double)p->y.rows * w->n * w->k / 8);
}

/* ---- loading ---- */

#define PACK_K 512 /* numbers of a column that are expanded at a time */

struct pack_job {
    struct cpu_backend *cpu;
    struct weight *w;
    const char *source;
    enum dtype dtype; /* of the source */
    float *lines;     /* [threads][k][16] */
};

static void pack_task(void *arg, int task, int thread)
{
    const struct pack_job *l = arg;
    const struct weight *w = l->w;
    int k = w->k, n = at_most(w->n - task * GEMM_PANEL, GEMM_PANEL);
    size_t row = (size_t)k * dtype_size(l->dtype);
    const char *from = l->source + (size_t)task * GEMM_PANEL * row;
    char *to = (char *)w->data.host + task * panel_bytes((int)dtype_size(w->dtype), k);
    float *lines = w->dtype == DT_F32 ? (float *)(void *)to
                                      : l->lines + (ptrdiff_t)thread * k * GEMM_PANEL;

    for (int p = 0; p < k; p += PACK_K)
        l->cpu->gemm.expand(lines + (ptrdiff_t)p * GEMM_PANEL,
                            from + (size_t)p * dtype_size(l->dtype), l->dtype, k, n,
                            at_most(k - p, PACK_K));
    if (w->dtype == DT_BF16)
        echo_panel_pack_bf16((uint16_t *)(void *)to, lines, k);
    if (w->dtype == DT_I8)
        echo_panel_pack_i8((int8_t *)(void *)to, lines, k);
}

bool echo_cpu_load(struct backend *b, struct weight *w, const void *src, enum dtype dtype,
                   int n, int k, enum dtype operand, bool stays)
{
    struct cpu_backend *cpu = to_cpu(b);
    struct pack_job l = { cpu, w, src, dtype, NULL };
    size_t lines = (size_t)echo_pool_threads(cpu->pool) * (size_t)k * GEMM_PANEL;

    *w = (struct weight){ .n = n, .k = k, .dtype = operand, .operand = operand };
    if (stays && operand == DT_F32) {
        w->source = src;
        w->dtype = dtype;
        return true;
    }
    if (!b->ops->alloc(b, &w->data, panels_bytes((int)dtype_size(operand), n, k)))
        return false;
    if (operand != DT_F32 && !(l.lines = echo_alloc(lines * sizeof(float)))) {
        b->ops->free(b, &w->data);
        return false;
    }
    w->panels = w->data.host;
    echo_cpu_share(cpu, pack_task, &l, divide_up(n, GEMM_PANEL), (double)n * k);
    echo_free(l.lines);
    return true;
}

bool echo_cpu_load_panels(struct backend *b, struct weight *w, const void *panels,
                          enum dtype dtype, int n, int k, enum dtype operand)
{
    (void)b;
    *w = (struct weight){ .panels = panels, .n = n, .k = k, .dtype = dtype,
                          .operand = operand };
    return true;
}

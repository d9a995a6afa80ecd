/* SPDX-License-Identifier: MIT */
/*
 * cpu_linear.c - cuts y = x W^T (and convolutions, which are the same over
 * several taps) into tasks of a few panels by a block of rows.
 *
 * k is cut into stretches whose panels stay in cache; between them the sums
 * rest in y, so that the chain of additions is that of one uncut loop.
 */
#include "backend/cpu/cpu.h"

#define STRIP      (STRIP_PANELS * GEMM_PANEL)
#define ROW_BLOCK  256 /* rows of x that rest in cache while strips of packed panels pass */
#define LEAST_ROWS 64  /* fewer do not pay for expanding the panels */

struct linear_job {
    struct cpu_backend *cpu;
    struct tensor y, x;
    const struct weight *w;
    const float *bias;
    int taps, per_tap, dilation;
    bool add;
    int rows, strips; /* of a task: a block of rows, neighbouring strips of columns */
    int blocks;       /* of rows */
};

static size_t element_size(enum dtype t)
{
    return t == DT_F32 ? 4 : 2;
}

/* Panels of columns j.. and of `count` k from `first` on, made in thread scratch. */
static const float *expand(const struct linear_job *l, struct thread_scratch *s, int j, int n,
                           int first, int count)
{
    const struct weight *w = l->w;

    for (int i = 0; i < n; i += GEMM_PANEL) {
        size_t at = (size_t)(j + i) * (size_t)w->k + (size_t)first;

        l->cpu->gemm.expand(s->panels + (ptrdiff_t)i * count,
                            (const char *)w->source + at * element_size(w->dtype), w->dtype,
                            w->k, at_most(n - i, GEMM_PANEL), count);
    }
    return s->panels;
}

/* A stretch of k: whole taps, or a part of one. */
struct stretch {
    int tap, taps, k0, k;
};

/* One strip of columns over one stretch; only the first stretch begins the sums. */
static void strip(const struct linear_job *l, struct thread_scratch *s, int row, int j,
                  const struct stretch *t)
{
    int first = t->tap * l->per_tap + t->k0, count = t->taps * t->k;
    struct gemm_args a = {
        .y = row_of(l->y, row) + j,
        .ldy = l->y.ld,
        .x = row_of(l->x, row + t->tap * l->dilation) + t->k0,
        .ldx = l->x.ld,
        .tap = (ptrdiff_t)l->dilation * l->x.ld,
        .bias = l->bias && !first ? l->bias + j : NULL,
        .m = at_most(l->rows, l->y.rows - row),
        .n = at_most(l->w->n - j, STRIP),
        .taps = t->taps,
        .k = t->k,
        .add = l->add || first,
    };

    if (l->w->source) {
        a.w = expand(l, s, j, a.n, first, count);
        a.panel = (ptrdiff_t)count * GEMM_PANEL;
    } else {
        a.panel = (ptrdiff_t)l->w->k * GEMM_PANEL;
        a.w = (const float *)l->w->data.host + j / GEMM_PANEL * a.panel +
              (ptrdiff_t)first * GEMM_PANEL;
    }
    l->cpu->gemm.run(&a);
}

static void linear_task(void *arg, int task, int thread)
{
    const struct linear_job *l = arg;
    int row = task % l->blocks * l->rows, begin = task / l->blocks * l->strips * STRIP;
    int end = at_most(begin + l->strips * STRIP, l->w->n);
    int stretches = divide_up(l->per_tap, STRIP_K); /* of a tap */
    struct stretch t = { .k = (divide_up(l->per_tap, stretches) + 15) & ~15 };

    if (stretches == 1)
        t.k = l->per_tap;
    for (; t.tap < l->taps; t.tap += t.taps) {
        t.taps = stretches > 1 ? 1 : at_most(STRIP_K / t.k, l->taps - t.tap);
        for (t.k0 = 0; t.k0 < l->per_tap; t.k0 += t.k) {
            struct stretch now = t;

            now.k = at_most(t.k, l->per_tap - t.k0);
            for (int j = begin; j < end; j += STRIP)
                strip(l, &l->cpu->scratch[thread], row, j, &now);
        }
    }
}

void echo_cpu_linear(struct backend *b, struct tensor y, struct tensor x,
                     const struct weight *w, struct tensor bias, int taps, int dilation,
                     bool add)
{
    struct cpu_backend *cpu = to_cpu(b);
    int strips = divide_up(w->n, STRIP), wanted = 4 * echo_pool_threads(cpu->pool);
    struct linear_job l = { .cpu = cpu, .y = y, .x = x, .w = w, .taps = taps,
                            .per_tap = w->k / taps, .dilation = dilation, .add = add };

    if (!y.rows)
        return;
    l.bias = has_tensor(bias) ? row_of(bias, 0) : NULL;
    l.blocks = w->source ? 1 : divide_up(y.rows, ROW_BLOCK);
    while (strips * l.blocks < wanted && y.rows > l.blocks * LEAST_ROWS)
        l.blocks++;
    l.rows = (divide_up(y.rows, l.blocks) + 7) & ~7;
    l.blocks = divide_up(y.rows, l.rows);
    /* expanding strips side by side gains nothing, and shorter tasks end together */
    l.strips = w->source ? 1 : divide_up(strips * l.blocks, wanted);
    echo_cpu_share(cpu, linear_task, &l, divide_up(strips, l.strips) * l.blocks,
                   (double)y.rows * w->n * w->k / 8);
}

bool echo_cpu_load(struct backend *b, struct weight *w, const void *src, enum dtype dtype,
                   int n, int k, bool stays)
{
    *w = (struct weight){ .source = src, .n = n, .k = k, .dtype = dtype };
    if (stays)
        return true;
    size_t panel = (size_t)k * GEMM_PANEL;

    if (!b->ops->alloc(b, &w->data, (size_t)divide_up(n, GEMM_PANEL) * panel * sizeof(float)))
        return false;
    for (int j = 0; j < n; j += GEMM_PANEL)
        to_cpu(b)->gemm.expand((float *)w->data.host + (size_t)(j / GEMM_PANEL) * panel,
                               (const char *)src + (size_t)j * (size_t)k * element_size(dtype),
                               dtype, k, at_most(n - j, GEMM_PANEL), k);
    w->source = NULL;
    w->dtype = DT_F32;
    return true;
}

/* SPDX-License-Identifier: MIT */
/*
 * cpu_linear.c - cuts y = x W^T (and convolutions, which are the same over
 * several taps) into tasks of a few panels by a block of rows.
 *
 * k is cut into stretches whose panels stay in cache; between them the sums
 * rest in y, so that the chain of additions is that of one uncut loop.
 */
#include <stdlib.h>

#include "backend/cpu/cpu.h"

#define STRIP      (STRIP_PANELS * GEMM_PANEL)
#define ROW_BLOCK  256 /* rows of x that stay in cache beside the panels */
#define LEAST_ROWS 64  /* fewer do not pay for expanding the panels */

struct linear_job {
    struct cpu_backend *cpu;
    struct tensor y, x;
    const struct weight *w;
    const float *bias;
    int taps, dilation, rows; /* rows of a block */
    bool add;
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

/* One stretch: `taps` whole taps from `tap` on, or k numbers from `k0` on of one tap. */
static void stretch(const struct linear_job *l, struct thread_scratch *s, struct gemm_args *a,
                    int j, int tap, int k0)
{
    int per_tap = l->w->k / l->taps;
    int first = tap * per_tap + k0, count = a->taps * a->k;
    const float *x = a->x;

    if (l->w->source) {
        a->w = expand(l, s, j, a->n, first, count);
        a->panel = (ptrdiff_t)count * GEMM_PANEL;
    } else {
        a->panel = (ptrdiff_t)l->w->k * GEMM_PANEL;
        a->w = (const float *)l->w->data.host + j / GEMM_PANEL * a->panel +
               (ptrdiff_t)first * GEMM_PANEL;
    }
    a->x = x + tap * a->tap + k0;
    l->cpu->gemm.run(a);
    a->x = x;
    a->bias = NULL;
    a->add = true;
}

static void linear_task(void *arg, int task, int thread)
{
    const struct linear_job *l = arg;
    int blocks = divide_up(l->y.rows, l->rows);
    int j = task / blocks * STRIP, row = task % blocks * l->rows;
    int per_tap = l->w->k / l->taps, left = l->w->n - j;
    struct gemm_args a = {
        .y = row_of(l->y, row) + j,
        .ldy = l->y.ld,
        .x = row_of(l->x, row),
        .ldx = l->x.ld,
        .tap = (ptrdiff_t)l->dilation * l->x.ld,
        .bias = l->bias ? l->bias + j : NULL,
        .m = at_most(l->rows, l->y.rows - row),
        .n = at_most(left, STRIP),
        .add = l->add,
    };

    if (per_tap <= STRIP_K) {
        int most = STRIP_K / per_tap;

        a.k = per_tap;
        for (int t = 0; t < l->taps; t += most) {
            a.taps = at_most(most, l->taps - t);
            stretch(l, &l->cpu->scratch[thread], &a, j, t, 0);
        }
    } else {
        a.taps = 1;
        for (int t = 0; t < l->taps; t++)
            for (int k0 = 0; k0 < per_tap; k0 += STRIP_K) {
                a.k = at_most(STRIP_K, per_tap - k0);
                stretch(l, &l->cpu->scratch[thread], &a, j, t, k0);
            }
    }
}

void echo_cpu_linear(struct backend *b, struct tensor y, struct tensor x,
                     const struct weight *w, struct tensor bias, int taps, int dilation,
                     bool add)
{
    struct cpu_backend *cpu = to_cpu(b);
    int strips = divide_up(w->n, STRIP), wanted = 4 * echo_pool_threads(cpu->pool);
    struct linear_job l = {
        cpu, y, x, w, has_tensor(bias) ? row_of(bias, 0) : NULL, taps, dilation, y.rows, add
    };

    if (!y.rows)
        return;
    if (!w->source && l.rows > ROW_BLOCK)
        l.rows = ROW_BLOCK;
    while (strips * divide_up(y.rows, l.rows) < wanted && l.rows > LEAST_ROWS)
        l.rows = (l.rows / 2 + 7) & ~7;
    echo_cpu_share(cpu, linear_task, &l, strips * divide_up(y.rows, l.rows),
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

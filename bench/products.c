/* SPDX-License-Identifier: MIT */
/*
 * products.c - matrix products and convolutions at the base model's shapes, on the CPU backend:
 * bench_products [THREADS].  Medians, beside the peak of one thread times their number.
 *
 * Weights differ from run to run by so many copies that they come from memory, as in a model.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "backend/cpu/gemm.h"
#include "base/clock.h"
#include "base/cpu.h"
#include "base/memory.h"
#include "base/pool.h"

#define COLD_BYTES ((size_t)600 << 20) /* of weights, more than any cache */
#define MOST_RUNS  400
#define SECONDS    0.8 /* of each shape */

static const struct shape {
    const char *what;
    int rows, n, taps, k, dilation;
    bool in_place; /* BF16, as in the file; else packed float32 */
} shapes[] = {
    { "attention, 128 frames", 128, 2048, 1, 2048, 1, true },
    { "attention, 2 x 128", 256, 2048, 1, 2048, 1, true },
    { "attention, 640", 640, 2048, 1, 2048, 1, true },
    { "MLP in, 2 x 128", 256, 5888, 1, 2048, 1, true },
    { "MLP out, 2 x 128", 256, 2048, 1, 5888, 1, true },
    { "MLP out, 640", 640, 2048, 1, 5888, 1, true },
    { "MLP in, 2 x 640", 1280, 5888, 1, 2048, 1, true },
    { "decoder 1, transposed", 256, 6144, 1, 3072, 1, false },
    { "decoder 1, 7 taps", 256, 768, 7, 768, 3, false },
    { "decoder 2, 7 taps", 2048, 384, 7, 384, 3, false },
    { "decoder 3, transposed", 8192, 192, 1, 384, 1, false },
    { "decoder 3, 7 taps", 8192, 192, 7, 192, 3, false },
    { "decoder 4, 7 taps", 16384, 96, 7, 96, 3, false },
    { "decoder 4, 1 tap", 16384, 96, 1, 96, 1, false },
};

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double median(double *x, int n)
{
    qsort(x, (size_t)n, sizeof *x, ascending);
    return x[n / 2];
}

/* GFLOP/s of one thread on operands that lie in the first-level cache. */
static double peak(unsigned flags)
{
    static float x[24 * 144], w[48 * 128], y[24 * 48];
    struct gemm_args a = { .y = y, .ldy = 48, .x = x, .ldx = 144 * 4, .w = w,
                           .panel = 128 * PANEL_LINE, .m = 24, .n = 48, .taps = 1,
                           .lines = 128 };
    struct gemm_fns f;
    double times[100];

    echo_gemm_init(&f, flags);
    for (int i = 0; i < 100; i++) {
        double begin = echo_clock();

        for (int j = 0; j < 200; j++)
            f.run[DT_F32](&a);
        times[i] = echo_clock() - begin;
    }
    return 200 * 2.0 * 24 * 48 * 128 / median(times, 100) * 1e-9;
}

/* A run's memory, laid out as the model does. */
static struct tensor matrix(struct run *r, const struct shape *s, int rows, int cols)
{
    return s->in_place ? scratch(r, rows, cols) : scratch_dense(r, rows, cols, DT_F32);
}

static double measure(struct backend *be, struct buffer *mem, const struct shape *s)
{
    struct run r = { .be = be, .mem = mem, .arena = { .cap = mem->bytes } };
    struct tensor x = matrix(&r, s, s->rows + (s->taps - 1) * s->dilation, s->k);
    struct tensor y = matrix(&r, s, s->rows, s->n);
    size_t bytes = (size_t)s->n * (size_t)s->taps * (size_t)s->k * (s->in_place ? 2 : 4);
    int copies = COLD_BYTES / bytes < 24 ? (int)(COLD_BYTES / bytes) + 1 : 24, runs = 0;
    struct weight w[25];
    void *source[25];
    double times[MOST_RUNS], total = 0;

    for (int i = 0; i < copies; i++) {
        if (!(source[i] = echo_alloc(bytes)))
            exit(1);
        memset(source[i], 0, bytes);
        be->ops->load(be, &w[i], source[i], s->in_place ? DT_BF16 : DT_F32, s->n,
                      s->taps * s->k, DT_F32, s->in_place);
    }
    for (int i = -2; runs < MOST_RUNS && total < SECONDS; i++) {
        double begin = echo_clock();

        op_conv(be, y, x, &w[(i + 2) % copies], no_tensor, s->taps, s->dilation);
        if (i >= 0) { /* two to warm up */
            times[runs] = echo_clock() - begin;
            total += times[runs++];
        }
    }
    for (int i = 0; i < copies; i++) {
        echo_free(source[i]);
        be->ops->free(be, &w[i].data);
    }
    return 2.0 * s->rows * s->n * s->taps * s->k / median(times, runs) * 1e-9;
}

int main(int argc, char **argv)
{
    int threads = argc > 1 ? atoi(argv[1]) : echo_cpu_count();
    unsigned flags = echo_cpu_flags();
    struct pool *pool;
    struct backend *be;
    struct buffer mem;

    if (threads < 1 || echo_pool_open(&pool, threads, NULL) ||
        echo_cpu_backend(&be, flags, pool, NULL) || !be->ops->alloc(be, &mem, 64u << 20))
        return 1;
    memset(mem.host, 0, mem.bytes);
    double most = peak(flags) * threads;

    printf("%s, %d threads, peak %.0f GFLOP/s\n", echo_cpu_level(flags)->name, threads, most);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const struct shape *s = &shapes[i];
        double rate = measure(be, &mem, s);

        printf("%-22s %6d x %4d x (%d x %4d)  %-8s %6.0f GFLOP/s %4.0f %%\n", s->what, s->rows,
               s->n, s->taps, s->k, s->in_place ? "in place" : "packed", rate,
               100 * rate / most);
    }
    be->ops->free(be, &mem);
    be->ops->close(be);
    echo_pool_close(&pool);
    return 0;
}

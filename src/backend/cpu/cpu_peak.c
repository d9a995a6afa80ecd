/* SPDX-License-Identifier: MIT */
/*
 * cpu_peak.c - how fast matmuls are where nothing but multiplying matters:
 * every thread has data that lies in its first-level cache.
 */
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/cpu.h"
#include "base/ascending.h"
#include "base/clock.h"

#define ROWS    24
#define COLUMNS (STRIP_PANELS * GEMM_PANEL)
#define LINES   128 /* of a panel: 24 KiB of weights, 12 of rows */
#define BATCHES 256 /* looks at the clock */

struct peak_job {
    struct cpu_device *cpu;
    enum dtype dtype;
    double seconds;
    double rate[POOL_MOST_THREADS]; /* of each task */
};

static void peak_task(void *arg, int task, int thread)
{
    struct peak_job *j = arg;
    struct thread_scratch *s = &j->cpu->scratch[thread];
    int size = (int)dtype_size(j->dtype), numbers = LINES * 4 / size;
    ptrdiff_t row = LINES * 4 + 64, panel = panel_bytes(size, numbers);
    struct gemm_args a = { .y = s->values, .ldy = COLUMNS, .x = s->scores, .ldx = row,
                           .w = s->panels, .panel = panel, .m = ROWS, .n = COLUMNS, .taps = 1,
                           .lines = LINES };
    double times[BATCHES], spent = 0; /* seconds of a matmul */
    int n = 0;

    memset(s->panels, 0, (size_t)panel * STRIP_PANELS);
    memset(s->scores, 0, (size_t)row * ROWS);
    for (int batch = 1; n < BATCHES && (spent < j->seconds || !n);) {
        double begin = echo_clock(), took;

        for (int k = 0; k < batch; k++)
            j->cpu->gemm.run[j->dtype](&a);
        took = echo_clock() - begin;
        spent += took;
        if (took < j->seconds / BATCHES)
            batch *= 2;
        else
            times[n++] = took / batch;
    }
    /* The fastest quarter: other programs make batches slower, and a clock that differs between
     * cores may make a single one too fast. */
    qsort(times, (size_t)n, sizeof *times, ascending);
    j->rate[task] = 2.0 * ROWS * COLUMNS * numbers / times[n / 4];
}

double echo_cpu_peak(struct device *d, enum dtype precision, double seconds)
{
    struct cpu_device *cpu = to_cpu(d);
    int threads = echo_pool_threads(cpu->pool);
    struct peak_job j = { .cpu = cpu, .dtype = precision, .seconds = seconds };
    double sum = 0;

    echo_pool_run(cpu->pool, peak_task, &j, threads);
    for (int i = 0; i < threads; i++)
        sum += j.rate[i];
    return sum;
}

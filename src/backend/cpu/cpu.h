/* SPDX-License-Identifier: MIT */
/* cpu.h - what the files of the CPU's device share. */
#ifndef ECHO_BACKEND_CPU_H
#define ECHO_BACKEND_CPU_H

#include "backend/backend.h"
#include "backend/cpu/activation.h"
#include "backend/cpu/gemm.h"
#include "backend/cpu/norm.h"
#include "base/integers.h"
#include "base/pool.h"

/* Memory of one thread: the part in use stays in the second-level cache. */
#define STRIP_PANELS 3    /* panels that one task dequantises or reads side by side */
#define STRIP_LINES  1024 /* so many of their lines at a time */
#define TASK_ROWS    2048 /* of a matmul, at most */
#define SCORE_FLOATS (1 << 18)
#define VALUE_KEYS   256 /* values of so many keys are packed at a time */
#define MOST_QUERIES 320 /* of a block: the more, the less often keys are packed */
#define MAX_HEAD     256
#define MAX_ROW      65536 /* numbers of a row that is quantised */

struct thread_scratch {
    float panels[STRIP_PANELS * STRIP_LINES * GEMM_PANEL];
    float sums[2][TASK_ROWS * STRIP_PANELS * GEMM_PANEL]; /* of matmuls with an epilogue */
    float scores[SCORE_FLOATS];
    float values[VALUE_KEYS * MAX_HEAD];
    uint16_t queries[MOST_QUERIES][MAX_HEAD + 32]; /* of bfloat16 */
    float factors[MOST_QUERIES];
    float row[MAX_ROW];
    float scaled[GEMM_PANEL][MAX_HEAD]; /* keys or values times their scale */
};

struct cpu_device {
    struct device base;
    struct pool *pool;
    struct gemm_fns gemm;
    struct norm_fns norm;
    struct activation_fns act;
    struct thread_scratch *scratch; /* one per thread of the pool */
};

static inline struct cpu_device *to_cpu(struct device *d)
{
    return (struct cpu_device *)d;
}

static inline void *bytes_of(struct tensor t, int row)
{
    return (char *)t.buf->host + t.off + (ptrdiff_t)row * t.ld * (ptrdiff_t)dtype_size(t.dtype);
}

static inline float *row_of(struct tensor t, int row)
{
    return bytes_of(t, row);
}

/* fn over all tasks, on all threads if `cost` (about: numbers touched) is worth waking them. */
void echo_cpu_share(struct cpu_device *c, pool_fn *fn, void *arg, int tasks, double cost);

void echo_cpu_matmul(struct cpu_device *cpu, const struct op *op);
void echo_cpu_attention(struct cpu_device *cpu, const struct op *op);
bool echo_cpu_load(struct device *d, struct weight *w, const struct weight_source *from);
double echo_cpu_peak(struct device *d, enum dtype precision, double seconds);

#endif

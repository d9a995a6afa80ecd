/* SPDX-License-Identifier: MIT */
/* cpu.h - what the files of the CPU backend share. */
#ifndef ECHO_BACKEND_CPU_H
#define ECHO_BACKEND_CPU_H

#include "backend/backend.h"
#include "backend/cpu/activation.h"
#include "backend/cpu/gemm.h"
#include "backend/cpu/norm.h"
#include "base/integers.h"
#include "base/pool.h"

/* What one thread works in: it stays in the second-level cache. */
#define STRIP_PANELS 3    /* panels that one task expands or reads side by side */
#define STRIP_K      1024 /* of so many k at a time */
#define SCORE_FLOATS (1 << 18)
#define VALUE_KEYS   256 /* values of so many keys are packed at a time */
#define MAX_HEAD     256

struct thread_scratch {
    float panels[STRIP_PANELS * STRIP_K * GEMM_PANEL];
    float scores[SCORE_FLOATS];
    float values[VALUE_KEYS * MAX_HEAD];
};

struct cpu_backend {
    struct backend base;
    struct pool *pool;
    struct gemm_fns gemm;
    struct norm_fns norm;
    struct activation_fns act;
    struct thread_scratch *scratch; /* one per thread of the pool */
};

static inline struct cpu_backend *to_cpu(struct backend *b)
{
    return (struct cpu_backend *)b;
}

static inline float *row_of(struct tensor t, int row)
{
    return (float *)(void *)((char *)t.buf->host + t.off) + (ptrdiff_t)row * t.ld;
}

/* fn over all tasks, on all threads if `cost` (about: numbers touched) is worth waking them. */
void echo_cpu_share(struct cpu_backend *c, pool_fn *fn, void *arg, int tasks, double cost);

void echo_cpu_linear(struct backend *b, struct tensor y, struct tensor x,
                     const struct weight *w, struct tensor bias, int taps, int dilation,
                     bool add);
bool echo_cpu_load(struct backend *b, struct weight *w, const void *src, enum dtype dtype,
                   int n, int k, bool stays);
void echo_cpu_attention(struct backend *b, struct tensor y, struct tensor q,
                        const struct kv *kv, int n_kv, int heads, int branches, int window);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * main.c - test_kernels [--bench | --sets]: see check.h.
 *
 * --sets leaves out the plain kernels, which an emulator takes long for: they are the same C
 * anywhere.
 */
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "base/cpu.h"
#include "base/pool.h"

#define CANARY 12345.678f

void check_end(struct check *c, const char *kernel, bool ok)
{
    if (ok && c->flags) /* the plain kernels are what the others are held against */
        c->passed++;
    else if (!ok)
        c->failed++;
    if (!ok || c->bench)
        printf("%-24s %-11s %s%s %s\n", kernel, c->level, ok ? "ok" : "FAILED",
               c->emulated ? ", emulated" : "", ok ? "" : c->where);
}

bool check_is_new(const struct check *c, enum dtype t)
{
    const struct gemm_fns *f = &c->gemm, *g = &c->below;

    return f->run[t] != g->run[t] || f->quantize[t] != g->quantize[t] ||
           (t == DT_BF16 && f->run_wide != g->run_wide) ||
           (t == DT_I8 && f->hadamard != g->hadamard);
}

double check_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

double check_best(void (*work)(void *), void *arg)
{
    double best = 1e30, begin = check_now();

    for (int i = 0; i < 5 || (i < 50 && check_now() - begin < 0.3); i++) {
        double t = check_now();

        work(arg);
        t = check_now() - t;
        best = t < best ? t : best;
    }
    return best;
}

void check_gflops(const struct check *c, const char *kernel, enum dtype dtype, double seconds,
                  double flops)
{
    double rate = flops / seconds * 1e-9;

    printf("%-32s %-11s %9.1f GFLOP/s", kernel, c->level, rate);
    printf("  %3.0f %% of %.0f\n", 100 * rate / c->peak[dtype], c->peak[dtype]);
}

void check_rate(const struct check *c, const char *kernel, double seconds, double numbers)
{
    printf("%-32s %-11s %9.2f Gnumbers/s\n", kernel, c->level, numbers / seconds * 1e-9);
}

void check_fill(float *x, size_t n, uint64_t *seed)
{
    for (size_t i = 0; i < n; i++) {
        *seed = *seed * 6364136223846793005u + 1442695040888963407u;
        x[i] = (float)((double)(*seed >> 40) / (1 << 23) - 1.0);
        if (*seed >> 30 & 1 && *seed >> 31 & 1 && *seed >> 32 & 1 && *seed >> 33 & 1)
            x[i] *= 100;
    }
}

bool check_near(struct check *c, float got, float want, double bound, const char *what, int i,
                int j)
{
    if (fabs((double)got - want) <= bound)
        return true;
    snprintf(c->where, sizeof c->where, "%s [%d][%d]: got %.9g want %.9g, bound %.2g", what, i,
             j, (double)got, (double)want, bound);
    return false;
}

float *check_guarded(size_t n)
{
    float *x = malloc((n + 2 * CANARIES) * sizeof *x);

    if (!x)
        abort();
    for (size_t i = 0; i < n + 2 * CANARIES; i++)
        x[i] = CANARY;
    return x + CANARIES;
}

bool check_unharmed(struct check *c, float *x, size_t n)
{
    bool ok = true;

    for (size_t i = 0; i < CANARIES; i++)
        if (x[-1 - (ptrdiff_t)i] != CANARY || x[n + i] != CANARY) {
            snprintf(c->where, sizeof c->where, "a write %zu past %zu numbers", i, n);
            ok = false;
        }
    free(x - CANARIES);
    return ok;
}

#define PAGE 4096

unsigned char *check_at_edge(size_t bytes)
{
    size_t pages = (bytes + PAGE - 1) / PAGE;
    unsigned char *p = mmap(NULL, (pages + 1) * PAGE, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED || mprotect(p + pages * PAGE, PAGE, PROT_NONE))
        abort();
    return p + pages * PAGE - bytes;
}

void check_drop_edge(unsigned char *p, size_t bytes)
{
    size_t pages = (bytes + PAGE - 1) / PAGE;

    munmap(p + bytes - pages * PAGE, (pages + 1) * PAGE);
}

/* Of one thread, in GFLOP/s, of products in each precision. */
static void measure_peaks(struct check *c)
{
    struct device *device;

    if (echo_cpu_device(&device, c->flags, 1, NULL))
        abort();
    for (enum dtype t = DT_F32; t <= DT_I8; t++)
        c->peak[t] = device->ops->peak(device, t, 0.05) * 1e-9;
    device->ops->close(device);
}

#if defined(__x86_64__)
void echo_gemm_init_avxvnni_emulated(struct gemm_fns *f);
void echo_gemm_init_avx512vnni_emulated(struct gemm_fns *f);
void echo_gemm_init_avx512bf16_emulated(struct gemm_fns *f);
void echo_gemm_init_amx_emulated(struct gemm_fns *f);
#endif

static const struct {
    unsigned flag;
    void (*init)(struct gemm_fns *f);
} emulated[] = {
#if defined(__x86_64__)
    { CPU_AVXVNNI, echo_gemm_init_avxvnni_emulated },
    { CPU_AVX512VNNI, echo_gemm_init_avx512vnni_emulated },
    { CPU_AVX512BF16, echo_gemm_init_avx512bf16_emulated },
    { CPU_AMX, echo_gemm_init_amx_emulated },
#endif
    { 0, NULL },
};

/* The kernels of a level; false if it takes more than can be emulated. */
static bool open_level(struct check *c, const struct cpu_level *l, unsigned have)
{
    unsigned lacking = l->flags & ~have;

    c->flags = l->flags & have;
    c->emulated = lacking;
    snprintf(c->level, sizeof c->level, "%s%s", l->name, lacking ? "*" : "");
    echo_gemm_init(&c->gemm, c->flags);
    for (int i = 0; emulated[i].init && have & CPU_AVX512; i++) /* they are built with it */
        if (lacking & emulated[i].flag) {
            emulated[i].init(&c->gemm);
            lacking &= ~emulated[i].flag;
        }
    return !lacking;
}

int main(int argc, char **argv)
{
    struct check c = { .bench = argc > 1 && !strcmp(argv[1], "--bench") };
    unsigned have = echo_cpu_flags();
    bool sets = argc > 1 && !strcmp(argv[1], "--sets");

    for (const struct cpu_level *l = echo_cpu_levels; l->name; l++) {
        if (!open_level(&c, l, have) || (sets && !l->flags))
            continue;
        if (c.bench && !c.emulated)
            measure_peaks(&c);
        check_gemm(&c);
        check_ops(&c);
        c.below = c.gemm;
        if (c.emulated) /* products alone */
            continue;
        check_norm(&c);
        check_activation(&c);
    }
    printf("%d passed, %d failed\n", c.passed, c.failed);
    return c.failed != 0;
}

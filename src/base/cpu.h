/* SPDX-License-Identifier: MIT */
/*
 * cpu.h - which kernels may run here.
 *
 * Levels are in order: the last one whose flags a CPU has is its best.  Having one means
 * having those below it, but for avxvnni, which CPUs with AVX-512 may lack.
 */
#ifndef ECHO_BASE_CPU_H
#define ECHO_BASE_CPU_H

enum {
    CPU_AVX2 = 1 << 0,       /* AVX2, FMA, F16C */
    CPU_AVXVNNI = 1 << 1,    /* eight-bit products in AVX2's width */
    CPU_AVX512 = 1 << 2,     /* F, BW, DQ, VL */
    CPU_AVX512VNNI = 1 << 3, /* eight-bit products */
    CPU_AVX512BF16 = 1 << 4, /* products of bfloat16 */
    CPU_AMX = 1 << 5,        /* tiles of both; the system has given its leave */
    CPU_NEON = 1 << 6,
    CPU_NEONDOT = 1 << 7,  /* eight-bit products */
    CPU_NEONBF16 = 1 << 8, /* products of bfloat16 */
};

struct cpu_level {
    const char *name; /* "avx2": what --isa takes and what tests print */
    unsigned flags;   /* everything up to and including this level */
};

extern const struct cpu_level echo_cpu_levels[]; /* ends with name NULL */

unsigned echo_cpu_flags(void);

/* The best level within flags. */
const struct cpu_level *echo_cpu_level(unsigned flags);

/* Cores this process may run on. */
int echo_cpu_count(void);

#endif

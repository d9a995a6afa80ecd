/* SPDX-License-Identifier: MIT */
#include "base/cpu.h"

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

const struct cpu_level echo_cpu_levels[] = {
    { "c", 0 },
#if defined(__x86_64__)
    { "avx2", CPU_AVX2 },
    { "avx512", CPU_AVX2 | CPU_AVX512 },
#endif
    { NULL, 0 },
};

#if defined(__x86_64__)
/* clang's builtin does not know this one. */
static bool has_f16c(void)
{
    unsigned a, b, c, d;

    return __get_cpuid(1, &a, &b, &c, &d) && c & bit_F16C;
}
#endif

unsigned echo_cpu_flags(void)
{
    unsigned f = 0;

#if defined(__x86_64__)
    __builtin_cpu_init(); /* asks the operating system's consent too (xgetbv) */
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c())
        f |= CPU_AVX2;
    if (f && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        f |= CPU_AVX512;
#endif
    return f;
}

const struct cpu_level *echo_cpu_level(unsigned flags)
{
    const struct cpu_level *best = echo_cpu_levels;

    for (const struct cpu_level *l = echo_cpu_levels; l->name; l++)
        if (!(l->flags & ~flags))
            best = l;
    return best;
}

int echo_cpu_count(void)
{
    cpu_set_t set;

    if (!sched_getaffinity(0, sizeof set, &set))
        return CPU_COUNT(&set);
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    return n > 0 ? (int)n : 1;
}

/* SPDX-License-Identifier: MIT */
#include "base/cpu.h"

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#define AVX512 (CPU_AVX2 | CPU_AVX512)

const struct cpu_level echo_cpu_levels[] = {
    { "c", 0 },
#if defined(__x86_64__)
    { "avx2", CPU_AVX2 },
    { "avxvnni", CPU_AVX2 | CPU_AVXVNNI },
    { "avx512", AVX512 },
    { "avx512vnni", AVX512 | CPU_AVX512VNNI },
    { "avx512bf16", AVX512 | CPU_AVX512VNNI | CPU_AVX512BF16 },
    { "amx", AVX512 | CPU_AVX512VNNI | CPU_AVX512BF16 | CPU_AMX },
#elif defined(__aarch64__)
    { "neon", CPU_NEON },
    { "neondot", CPU_NEON | CPU_NEONDOT },
    { "neonbf16", CPU_NEON | CPU_NEONDOT | CPU_NEONBF16 },
#endif
    { NULL, 0 },
};

#if defined(__x86_64__)

/* Features that not all compilers' builtins know. */
struct leaves {
    unsigned a1, b1, c1, d1; /* leaf 1 */
    unsigned a7, b7, c7, d7; /* leaf 7 */
    unsigned a71;            /* its second part */
};

static struct leaves ask(void)
{
    struct leaves l = { 0 };
    unsigned b, c, d;

    __get_cpuid(1, &l.a1, &l.b1, &l.c1, &l.d1);
    if (__get_cpuid_count(7, 0, &l.a7, &l.b7, &l.c7, &l.d7) && l.a7 >= 1)
        __get_cpuid_count(7, 1, &l.a71, &b, &c, &d);
    return l;
}

#define F16C        (1u << 29) /* c1 */
#define AVX512_VNNI (1u << 11) /* c7 */
#define AVX_VNNI    (1u << 4)  /* a71 */
#define AVX512_BF16 (1u << 5)
#define AMX_BF16    (1u << 22) /* d7 */
#define AMX_TILE    (1u << 24)
#define AMX_INT8    (1u << 25)

/* Linux lends the tiles' registers to those who ask. */
static bool amx_lent(void)
{
#if defined(__linux__)
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, TILE_DATA = 18 };

    return !syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, TILE_DATA);
#else
    return false;
#endif
}

unsigned echo_cpu_flags(void)
{
    const struct leaves l = ask();
    unsigned f = 0, tiles = AMX_BF16 | AMX_TILE | AMX_INT8;

    __builtin_cpu_init(); /* asks the operating system's consent too (xgetbv) */
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !(l.c1 & F16C))
        return f;
    f |= CPU_AVX2;
    if (l.a71 & AVX_VNNI)
        f |= CPU_AVXVNNI;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
        return f;
    f |= CPU_AVX512;
    if (!(l.c7 & AVX512_VNNI))
        return f;
    f |= CPU_AVX512VNNI;
    if (!(l.a71 & AVX512_BF16))
        return f;
    f |= CPU_AVX512BF16;
    return (l.d7 & tiles) == tiles && amx_lent() ? f | CPU_AMX : f;
}

#elif defined(__aarch64__)

unsigned echo_cpu_flags(void)
{
    unsigned f = CPU_NEON;

    if (!(getauxval(AT_HWCAP) & HWCAP_ASIMDDP))
        return f;
    f |= CPU_NEONDOT;
    return getauxval(AT_HWCAP2) & HWCAP2_BF16 ? f | CPU_NEONBF16 : f;
}

#else

unsigned echo_cpu_flags(void)
{
    return 0;
}

#endif

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

/* SPDX-License-Identifier: MIT */
/* bf16.h - the two 16-bit float formats that weights come in. */
#ifndef ECHO_BASE_BF16_H
#define ECHO_BASE_BF16_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline float bf16_to_f32(uint16_t h)
{
    uint32_t u = (uint32_t)h << 16;
    float f;

    memcpy(&f, &u, sizeof f);
    return f;
}

/* Round to nearest even, as PyTorch does; a NaN stays one. */
static inline uint16_t f32_to_bf16(float f)
{
    uint32_t u;

    memcpy(&u, &f, sizeof u);
    if ((u & 0x7fffffff) > 0x7f800000)
        return (uint16_t)(u >> 16 | 0x40);
    return (uint16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16);
}

static inline float f16_to_f32(uint16_t h)
{
    int exponent = h >> 10 & 31, mantissa = h & 1023;
    float f;

    if (exponent == 31)
        f = mantissa ? NAN : INFINITY;
    else if (exponent)
        f = ldexpf((float)(mantissa + 1024), exponent - 25);
    else
        f = ldexpf((float)mantissa, -24);
    return h & 0x8000 ? -f : f;
}

/* Round to nearest even; too large becomes infinite, a NaN stays one. */
static inline uint16_t f32_to_f16(float f)
{
    uint32_t u;
    uint16_t sign;

    memcpy(&u, &f, sizeof u);
    sign = (uint16_t)(u >> 16 & 0x8000);
    u &= 0x7fffffff;
    if (u > 0x7f800000)
        return sign | 0x7e00;
    f = fabsf(f);
    if (f < 0x1p-14f)
        return sign | (uint16_t)rintf(f * 0x1p24f);
    if (f >= 65520)
        return sign | 0x7c00;
    return sign | (uint16_t)((u + 0xfff + (u >> 13 & 1) - ((127u - 15) << 23)) >> 13);
}

#endif

#version 460
/* SPDX-License-Identifier: MIT */
/*
 * convert.comp - weights as a file has them into rows that products read.
 *
 * x: `rows` rows of `depth` numbers without gaps, or panels (base/panels.h).  y: rows of halves
 * or float32, filled up with zeros to ld_y.
 */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

#define F32 0 /* enum dtype */
#define BF16 1
#define F16 3

layout(local_size_x = 256) in;
layout(constant_id = 0) const uint FROM = BF16;
layout(constant_id = 1) const uint TO = F16;
layout(constant_id = 2) const uint PANELS = 0;

/* Where number k of row n lies. */
uint place(uint n, uint k)
{
    const uint together = FROM == F32 ? 1 : 2; /* numbers of a column in a line */

    if (PANELS == 0)
        return n * p.depth + k;
    uint lines = (p.depth + together - 1) / together, line = n / 16 * lines + k / together;

    return (line * 16 + n % 16) * together + k % together;
}

float number(uint at)
{
    if (FROM == F32)
        return p.x.d[at];
    if (FROM == F16)
        return float(Half(p.x).d[at]);
    return uintBitsToFloat(uint(Bits16(p.x).d[at]) << 16);
}

void main()
{
    const uint step = gl_NumWorkGroups.x * 256;

    for (uint at = gl_GlobalInvocationID.x; at < p.rows * p.ld_y; at += step) {
        const uint n = at / p.ld_y, k = at % p.ld_y;
        const float v = k < p.depth ? number(place(n, k)) : 0.0;

        if (TO == F32)
            p.y.d[at] = v;
        else
            Half(p.y).d[at] = to_half(v);
    }
}

#version 460
/* SPDX-License-Identifier: MIT */
/* gather.comp - y[i] = row x[i] of a, which has rope_rows rows; NaN where it is none. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(local_size_x = 256) in;

void main()
{
    const uint step = gl_NumWorkGroups.x * 256;

    for (uint at = gl_GlobalInvocationID.x; at < p.rows * p.cols; at += step) {
        const uint i = at / p.cols, c = at % p.cols;
        const float index = p.x.d[i * p.ld_x];
        const bool good = index >= 0 && index < float(p.rope_rows);

        p.y.d[i * p.ld_y + c] = good ? p.a.d[uint(index) * p.ld_a + c]
                                     : uintBitsToFloat(0x7fc00000u);
    }
}

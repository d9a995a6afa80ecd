#version 460
/* SPDX-License-Identifier: MIT */
/* depthwise.comp - y[i] = b + sum over taps t of a[t] * x[i + t], channel by channel. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(local_size_x = 256) in;

void main()
{
    const uint step = gl_NumWorkGroups.x * 256;

    for (uint at = gl_GlobalInvocationID.x; at < p.rows * p.cols; at += step) {
        const uint i = at / p.cols, c = at % p.cols;
        float sum = (p.has & HAS_B) != 0 ? p.b.d[c] : 0.0;

        for (uint t = 0; t < p.taps; t++)
            sum = fma(p.a.d[t * p.ld_a + c], p.x.d[(i + t) * p.ld_x + c], sum);
        p.y.d[i * p.ld_y + c] = sum;
    }
}

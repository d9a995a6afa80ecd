#version 460
/* SPDX-License-Identifier: MIT */
/*
 * norm.comp - a workgroup normalises a row: by its rms or its deviation, then a gain and more.
 * OUT_HALF: y is of halves.
 */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

#define RMS 0   /* x / rms * a */
#define LAYER 1 /* (x - mean) / deviation * a + b */
#define ADALN 2 /* x / rms * (1 + a) + b */

layout(local_size_x = 128) in;
layout(constant_id = 0) const uint KIND = RMS;
layout(constant_id = 1) const float EPSILON = 1e-5;

shared float part[128];

float over_row(float mine)
{
    const uint t = gl_LocalInvocationIndex;

    barrier();
    part[t] = mine;
    barrier();
    for (uint n = 64; n > 0; n /= 2) {
        if (t < n)
            part[t] += part[t + n];
        barrier();
    }
    return part[0];
}

void main()
{
    const uint t = gl_LocalInvocationIndex;

    for (uint row = gl_WorkGroupID.x; row < p.rows; row += gl_NumWorkGroups.x) {
        const uint x = row * p.ld_x, y = row * p.ld_y;
        float mean = 0, sum = 0;

        if (KIND == LAYER) {
            for (uint i = t; i < p.cols; i += 128)
                sum += p.x.d[x + i];
            mean = over_row(sum) / float(p.cols);
            sum = 0;
        }
        for (uint i = t; i < p.cols; i += 128) {
            float v = p.x.d[x + i] - mean;

            sum = fma(v, v, sum);
        }
        float scale = 1.0 / sqrt(over_row(sum) / float(p.cols) + EPSILON);

        for (uint i = t; i < p.cols; i += 128) {
            float v = (p.x.d[x + i] - mean) * scale;

            if (KIND == ADALN)
                v = fma(v, 1.0 + p.a.d[i], p.b.d[i]);
            else if (KIND == LAYER)
                v = fma(v, p.a.d[i], p.b.d[i]);
            else
                v *= p.a.d[i];
#ifdef OUT_HALF
            Half(p.y).d[y + i] = to_half(v);
#else
            p.y.d[y + i] = v;
#endif
        }
    }
}

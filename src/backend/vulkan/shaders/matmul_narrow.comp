#version 460
/* SPDX-License-Identifier: MIT */
/*
 * matmul_narrow.comp - y (epilogue)= a + x W^T over the taps, for few columns of float32.
 *
 * A tile would compute columns that are not there: of the convolution that makes samples, 63 of
 * 64.  Here 32 threads share a row: each sums every 32nd product, then they are added in pairs.
 */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "epilogue.glsl"

#define ROWS 8

layout(local_size_x = 32, local_size_y = ROWS) in;

shared float part[ROWS][32];

void main()
{
    const uint t = gl_LocalInvocationID.x, mine = gl_LocalInvocationID.y;

    for (uint m0 = gl_WorkGroupID.x * ROWS; m0 < p.rows; m0 += gl_NumWorkGroups.x * ROWS) {
        const uint m = m0 + mine, row = min(m, p.rows - 1);

        for (uint n = 0; n < p.cols; n++) {
            float sum = 0;

            for (uint tap = 0; tap < p.taps; tap++) {
                const uint x = row * p.ld_x + tap * p.tap, w = n * p.ld_w + tap * p.depth;

                for (uint k = t; k < p.depth; k += 32)
                    sum = fma(p.x.d[x + k], p.w.d[w + k], sum);
            }
            barrier();
            part[mine][t] = sum;
            barrier();
            for (uint i = 16; i > 0; i /= 2) {
                if (t < i)
                    part[mine][t] += part[mine][t + i];
                barrier();
            }
            if (t == 0 && m < p.rows)
                finish(m, n, part[mine][0], 0);
        }
    }
}

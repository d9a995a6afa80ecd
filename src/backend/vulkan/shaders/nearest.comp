#version 460
/* SPDX-License-Identifier: MIT */
/*
 * nearest.comp - y[i] = which of a's rows (rope_rows of them, of length 1) has the highest cosine
 * to x[i], the first of equals; -1 where x[i] is not finite.  A workgroup a row.
 */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(local_size_x = 128) in;

shared float best[128];
shared uint index[128];

/* By its bits: a compiler may take it that there are no others. */
bool is_finite(float v)
{
    return (floatBitsToUint(v) & 0x7f800000u) != 0x7f800000u;
}

void main()
{
    const uint t = gl_LocalInvocationIndex, i = gl_WorkGroupID.x, x = i * p.ld_x;
    float squares = 0, mine = -2;
    uint at = 0;
    bool finite = true;

    for (uint c = 0; c < p.cols; c++) {
        float v = p.x.d[x + c];

        finite = finite && is_finite(v);
        squares = fma(v, v, squares);
    }
    float length = max(sqrt(squares), 1e-12);

    for (uint r = t; r < p.rope_rows; r += 128) {
        float sum = 0;

        for (uint c = 0; c < p.cols; c++)
            sum = fma(p.x.d[x + c] / length, p.a.d[r * p.ld_a + c], sum);
        if (sum > mine) {
            mine = sum;
            at = r;
        }
    }
    best[t] = mine;
    index[t] = at;
    barrier();
    for (uint n = 64; n > 0; n /= 2) {
        if (t < n && (best[t + n] > best[t] ||
                      (best[t + n] == best[t] && index[t + n] < index[t]))) {
            best[t] = best[t + n];
            index[t] = index[t + n];
        }
        barrier();
    }
    if (t == 0)
        p.y.d[i * p.ld_y] = finite && best[0] > -2 ? float(index[0]) : -1.0;
}

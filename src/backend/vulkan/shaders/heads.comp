#version 460
/* SPDX-License-Identifier: MIT */
/*
 * heads.comp - in place: each head by its rms times gain a, if there is one, then the first
 * rope_heads of them turned by row i % rope_rows of table b; 32 threads a head.
 */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(local_size_x = 32, local_size_y = 4) in;
layout(constant_id = 0) const float EPSILON = 1e-5;

#define MOST_PAIRS 4 /* of a thread: heads have at most 256 numbers */

shared float part[4][32];

void main()
{
    const uint t = gl_LocalInvocationID.x, mine = gl_LocalInvocationID.y;
    const uint at = gl_WorkGroupID.x * 4 + mine, size = p.cols / p.heads, pairs = size / 2;
    const bool live = at < p.rows * p.heads;
    const uint row = at / p.heads, head = at % p.heads, y = row * p.ld_y + head * size;
    vec2 v[MOST_PAIRS];
    float sum = 0;

    [[unroll]] for (uint i = 0; i < MOST_PAIRS; i++) {
        uint c = 2 * (i * 32 + t);

        v[i] = live && c < size ? vec2(p.y.d[y + c], p.y.d[y + c + 1]) : vec2(0);
        sum += dot(v[i], v[i]);
    }
    part[mine][t] = sum;
    barrier();
    for (uint n = 16; n > 0; n /= 2) {
        if (t < n)
            part[mine][t] += part[mine][t + n];
        barrier();
    }
    if (!live)
        return;
    const bool norm = (p.has & HAS_A) != 0;
    const float scale = norm ? 1.0 / sqrt(part[mine][0] / float(size) + EPSILON) : 1.0;
    const uint b = p.rope_rows == 0 ? 0 : row % p.rope_rows * p.ld_b;

    [[unroll]] for (uint i = 0; i < MOST_PAIRS; i++) {
        uint c = 2 * (i * 32 + t);

        if (c >= size)
            break;
        vec2 u = v[i] * scale;

        if (norm)
            u *= vec2(p.a.d[head * size + c], p.a.d[head * size + c + 1]);
        if (head < p.rope_heads) {
            vec2 c0 = vec2(p.b.d[b + c], p.b.d[b + c + 1]);
            vec2 s0 = vec2(p.b.d[b + size + c], p.b.d[b + size + c + 1]);

            u = u * c0 + vec2(u.y, u.x) * s0;
        }
        p.y.d[y + c] = u.x;
        p.y.d[y + c + 1] = u.y;
    }
}

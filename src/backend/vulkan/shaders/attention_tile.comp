#version 460
/* SPDX-License-Identifier: MIT */
/*
 * attention_tile.comp - softmax attention over segments of keys and values, on any GPU.
 *
 * A workgroup has BR queries of one head of one branch, and PARTS threads for each.  Keys come
 * in blocks of BC that begin at a segment's beginning, and the softmax goes along with them
 * (Milakov and Gimelshein 2018; Dao et al. 2022).  A hidden key has weight 0 exactly: so a
 * query's result depends on neither its neighbours nor how many hidden keys are there.
 */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "segment.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint THREADS = 128;
layout(constant_id = 1) const uint D = 128; /* numbers of a head */
layout(constant_id = 2) const uint BR = 16;
layout(constant_id = 3) const uint BC = 16;
layout(constant_id = 4) const uint PARTS = 8;

const uint ROW = D + 1, MINE = (D + PARTS - 1) / PARTS, KEYS = BC / PARTS;

shared float queries[BR * ROW];
shared float keys[BC * ROW];
shared float values[BC * ROW];
shared float scores[BR * (BC + 1)];

void main()
{
    const uint t = gl_LocalInvocationIndex, head = gl_WorkGroupID.y, branch = gl_WorkGroupID.z;
    const uint q0 = gl_WorkGroupID.x * BR, r = t / PARTS, part = t % PARTS;
    const float scale = 1.44269504 / sqrt(float(D)); /* of powers of 2 */
    float o[MINE], top = LEAST, total = 0;

    for (uint i = t; i < BR * D; i += THREADS) {
        uint row = branch * p.queries + min(q0 + i / D, p.queries - 1);

        queries[(i / D) * ROW + i % D] = p.x.d[row * p.ld_x + head * D + i % D];
    }
    [[unroll]] for (uint i = 0; i < MINE; i++)
        o[i] = 0;
    for (uint g = 0; g < p.segments; g++) {
        Segment s = Segments(p.w).d[g];

        if ((s.seen_by >> branch & 1) == 0)
            continue;
        const uint first = branch * s.branch_rows;

        for (uint k0 = 0; k0 < s.keys; k0 += BC) {
            if (!any_seen(s, q0, min(BR, p.queries - q0), k0, BC))
                continue;
            barrier();
            for (uint i = t; i < BC * D; i += THREADS) {
                uint row = first + min(k0 + i / D, s.keys - 1), at = (i / D) * ROW + i % D;

                keys[at] = s.k.d[row * s.ld_k + head * D + i % D] * s.scale;
                values[at] = s.v.d[row * s.ld_v + head * D + i % D] * s.scale;
            }
            barrier();
            [[unroll]] for (uint j = 0; j < KEYS; j++) {
                uint c = j * PARTS + part;
                float sum = 0;

                for (uint i = 0; i < D; i++)
                    sum = fma(queries[r * ROW + i], keys[c * ROW + i], sum);
                scores[r * (BC + 1) + c] = is_seen(s, q0 + r, k0 + c) ? sum * scale : LEAST;
            }
            barrier();
            float highest = top;

            for (uint j = 0; j < BC; j++)
                if (is_seen(s, q0 + r, k0 + j))
                    highest = max(highest, scores[r * (BC + 1) + j]);
            float shrink = exp2(top - highest);

            top = highest;
            total *= shrink;
            [[unroll]] for (uint i = 0; i < MINE; i++)
                o[i] *= shrink;
            for (uint j = 0; j < BC; j++) {
                if (!is_seen(s, q0 + r, k0 + j))
                    continue;
                float e = exp2(scores[r * (BC + 1) + j] - highest);

                total += e;
                [[unroll]] for (uint i = 0; i < MINE; i++)
                    if (i * PARTS + part < D)
                        o[i] = fma(e, values[j * ROW + i * PARTS + part], o[i]);
            }
        }
    }
    if (q0 + r < p.queries)
        [[unroll]] for (uint i = 0; i < MINE; i++)
            if (i * PARTS + part < D)
                p.y.d[(branch * p.queries + q0 + r) * p.ld_y + head * D + i * PARTS + part] =
                    o[i] / total;
}

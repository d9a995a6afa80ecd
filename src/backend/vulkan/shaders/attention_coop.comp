#version 460
/* SPDX-License-Identifier: MIT */
/*
 * attention_coop.comp - softmax attention over segments, on cooperative matrices of halves.
 *
 * A subgroup has TM queries of one head of one branch, as fragments in registers.  Keys come in
 * blocks of BC that begin at a segment's beginning; keys and values become halves on their way
 * into shared memory.  Values are fetched while scores are made, the next keys while values
 * are summed up.  Scores go through shared memory, where a row's softmax has PARTS threads.
 *
 * A hidden key has weight 0 exactly, and rows do not mix.  So a query's result depends on
 * neither its neighbours nor how many hidden keys are there, as long as these are numbers.
 */
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#extension GL_KHR_shader_subgroup_vote : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#pragma use_vulkan_memory_model
#include "common.glsl"
#include "segment.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint THREADS = 128;
layout(constant_id = 1) const uint D = 128; /* numbers of a head */
layout(constant_id = 2) const uint BC = 32;
layout(constant_id = 3) const uint LANES = 32; /* of a subgroup */
layout(constant_id = 4) const uint TM = 16;
layout(constant_id = 5) const uint TN = 16;
layout(constant_id = 6) const uint TK = 16;

const uint SUBGROUPS = THREADS / LANES, QUERIES = SUBGROUPS * TM;
const uint UNITS = D / 8, ROW = UNITS + 1; /* units of 16 bytes of a row */
const uint LOADS = (BC * UNITS + THREADS - 1) / THREADS;
const uint VALUES = BC * ROW; /* where values begin */
const uint BLOCK = (QUERIES > 2 * BC ? QUERIES : 2 * BC) * ROW;
const uint LINE = BC / 4 + 1; /* units of a row of scores */
const uint PARTS = LANES / TM, EIGHTS = BC / PARTS / 8;

#define HIDDEN -3e38 /* far below LEAST: its power of 2 is 0 even before a key is seen */
#define PATIENCE 8.0 /* a top is replaced when it is passed by so much; powers stay halves */

/* vk_ops.c counts with the same sizes. */
shared uvec4 block[BLOCK];                      /* queries at first, then keys and values */
shared uvec4 scores[SUBGROUPS * TM * LINE]; /* float32, and their powers over them as halves */
shared vec4 factors[SUBGROUPS * TM / 4];        /* of rows */

#define SUMS coopmat<float, gl_ScopeSubgroup, TM, TN, gl_MatrixUseAccumulator>
#define LEFT coopmat<float16_t, gl_ScopeSubgroup, TM, TK, gl_MatrixUseA>
#define RIGHT coopmat<float16_t, gl_ScopeSubgroup, TK, TN, gl_MatrixUseB>
#define ROWS gl_CooperativeMatrixLayoutRowMajor
#define COLUMNS gl_CooperativeMatrixLayoutColumnMajor

Segment s; /* the block's */
uint g = 0, k0 = 0;

void sync_subgroup()
{
    controlBarrier(gl_ScopeSubgroup, gl_ScopeSubgroup, gl_StorageSemanticsShared,
                   gl_SemanticsAcquireRelease | gl_SemanticsMakeAvailable |
                       gl_SemanticsMakeVisible);
}

vec4 clamped(vec4 x)
{
    [[unroll]] for (uint q = 0; q < 4; q++)
        x[q] = x[q] > HALF_MAX ? HALF_MAX : x[q] < -HALF_MAX ? -HALF_MAX : x[q];
    return x;
}

uvec4 packed(vec4 a, vec4 b)
{
    return uvec4(packFloat2x16(f16vec2(a.xy)), packFloat2x16(f16vec2(a.zw)),
                 packFloat2x16(f16vec2(b.xy)), packFloat2x16(f16vec2(b.zw)));
}

/* Eight numbers as to_half() has them. */
uvec4 halves(vec4 a, vec4 b)
{
    const vec4 most = max(abs(a), abs(b));

    if (max(max(most.x, most.y), max(most.z, most.w)) > HALF_MAX) {
        a = clamped(a);
        b = clamped(b);
    }
    return packed(a, b);
}

/* On to a block that one of `queries` from q0 sees, from k0 of segment g. */
bool seek(uint branch, uint q0, uint queries)
{
    for (; g < p.segments; g++, k0 = 0) {
        if (k0 == 0)
            s = Segments(p.w).d[g];
        if ((s.seen_by >> branch & 1) == 0)
            continue;
        for (; k0 < s.keys; k0 += BC)
            if (any_seen(s, q0, queries, k0, BC))
                return true;
    }
    return false;
}

/* A block of keys or values into registers, zeros behind the segment's end. */
#define FETCH(base, ld) \
    [[unroll]] for (uint i = 0; i < LOADS; i++) { \
        const uint v = i * THREADS + t, key = k0 + v / UNITS; \
        const uint row = branch * s.branch_rows + key; \
        const uint at = (row * (ld) + head * D) / 4 + v % UNITS * 2; \
        if (key < s.keys && (BC * UNITS % THREADS == 0 || v < BC * UNITS)) { \
            next[2 * i] = Float4(base).d[at]; \
            next[2 * i + 1] = Float4(base).d[at + 1]; \
        } else { \
            next[2 * i] = next[2 * i + 1] = vec4(0); \
        } \
    }

#define PUT(begin, factor) \
    [[unroll]] for (uint i = 0; i < LOADS; i++) { \
        const uint v = i * THREADS + t; \
        if (factor != 1) { \
            next[2 * i] *= factor; \
            next[2 * i + 1] *= factor; \
        } \
        if (BC * UNITS % THREADS == 0 || v < BC * UNITS) \
            block[(begin) + v / UNITS * ROW + v % UNITS] = \
                halves(next[2 * i], next[2 * i + 1]); \
    }

void main()
{
    const uint t = gl_LocalInvocationIndex, head = gl_WorkGroupID.y, branch = gl_WorkGroupID.z;
    const uint sub = gl_SubgroupID, lane = gl_SubgroupInvocationID;
    const uint w0 = gl_WorkGroupID.x * QUERIES, q0 = w0 + sub * TM;
    const uint r = lane % TM, part = lane / TM, mine = sub * TM * LINE;
    const float scale = 1.44269504 / sqrt(float(D)); /* of powers of 2 */
    LEFT queries[D / TK];
    SUMS o[D / TN], by_row;
    vec4 next[2 * LOADS];
    float top = LEAST, total = 0;

    for (uint v = t; v < QUERIES * UNITS; v += THREADS) {
        const uint row = branch * p.queries + min(w0 + v / UNITS, p.queries - 1);
        const uint at = (row * p.ld_x + head * D) / 4 + v % UNITS * 2;

        block[v / UNITS * ROW + v % UNITS] = halves(Float4(p.x).d[at], Float4(p.x).d[at + 1]);
    }
    bool more = seek(branch, w0, min(QUERIES, p.queries - w0));

    if (more)
        FETCH(s.k, s.ld_k)
    barrier();
    [[unroll]] for (uint i = 0; i < D / TK; i++)
        coopMatLoad(queries[i], block, sub * TM * ROW + i * TK / 8, ROW, ROWS);
    [[unroll]] for (uint i = 0; i < D / TN; i++)
        o[i] = SUMS(0);
    barrier();
    while (more) {
        const bool all = p.window == 0 && k0 + BC <= s.keys;
        SUMS products[BC / TN];
        float x[EIGHTS * 8], highest = LEAST, shrink = 1, sum = 0;

        PUT(0, s.scale)
        barrier();
        FETCH(s.v, s.ld_v)
        [[unroll]] for (uint j = 0; j < BC / TN; j++)
            products[j] = SUMS(0);
        [[unroll]] for (uint i = 0; i < D / TK; i++)
            [[unroll]] for (uint j = 0; j < BC / TN; j++) {
                RIGHT keys;

                coopMatLoad(keys, block, j * TN * ROW + i * TK / 8, ROW, COLUMNS);
                products[j] = coopMatMulAdd(queries[i], keys, products[j]);
            }
        [[unroll]] for (uint j = 0; j < BC / TN; j++)
            coopMatStore(products[j], scores, mine + j * TN / 4, LINE, ROWS);
        sync_subgroup();
        [[unroll]] for (uint j = 0; j < EIGHTS * 2; j++) {
            const uint c = j / 2 * PARTS * 2 + part * 2 + j % 2;
            const vec4 four = uintBitsToFloat(scores[mine + r * LINE + c]);

            [[unroll]] for (uint q = 0; q < 4; q++)
                x[j * 4 + q] = all || is_seen(s, q0 + r, k0 + c * 4 + q) ? four[q] * scale
                                                                         : HIDDEN;
        }
        [[unroll]] for (uint j = 0; j < EIGHTS * 8; j++)
            highest = max(highest, x[j]);
        [[unroll]] for (uint i = TM; i < LANES; i *= 2)
            highest = max(highest, subgroupShuffleXor(highest, i));
        if (highest > top + PATIENCE) {
            shrink = exp2(top - highest);
            top = highest;
        }
        sync_subgroup(); /* all have their scores: powers may lie there */
        [[unroll]] for (uint j = 0; j < EIGHTS; j++) {
            [[unroll]] for (uint q = j * 8; q < j * 8 + 8; q++) {
                x[q] = exp2(x[q] - top);
                sum += x[q];
            }
            scores[mine + r * LINE + j * PARTS + part] =
                packed(vec4(x[j * 8], x[j * 8 + 1], x[j * 8 + 2], x[j * 8 + 3]),
                       vec4(x[j * 8 + 4], x[j * 8 + 5], x[j * 8 + 6], x[j * 8 + 7]));
        }
        [[unroll]] for (uint i = TM; i < LANES; i *= 2)
            sum += subgroupShuffleXor(sum, i);
        total = total * shrink + sum;
        if (part == 0)
            factors[(sub * TM + r) / 4][r % 4] = shrink;
        PUT(VALUES, s.scale)
        barrier();
        k0 += BC;
        more = seek(branch, w0, min(QUERIES, p.queries - w0));
        if (more)
            FETCH(s.k, s.ld_k)
        if (subgroupAny(shrink != 1)) {
            /* the same column TN times */
            coopMatLoad(by_row, factors, sub * TM / 4, 0, COLUMNS);
            [[unroll]] for (uint i = 0; i < D / TN; i++)
                [[unroll]] for (uint q = 0; q < by_row.length(); q++)
                    o[i][q] *= by_row[q];
        }
        [[unroll]] for (uint j = 0; j < BC / TK; j++) {
            LEFT powers;

            coopMatLoad(powers, scores, mine + j * TK / 8, LINE, ROWS);
            [[unroll]] for (uint i = 0; i < D / TN; i++) {
                RIGHT values;

                coopMatLoad(values, block, VALUES + j * TK * ROW + i * TN / 8, ROW, ROWS);
                o[i] = coopMatMulAdd(powers, values, o[i]);
            }
        }
    }
    const bool aligned = (p.has & ALIGNED) != 0, whole = aligned && q0 + TM <= p.queries;
    const bool cut = !aligned || w0 + QUERIES > p.queries;
    const uint first = branch * p.queries + q0;

    sync_subgroup();
    if (part == 0)
        factors[(sub * TM + r) / 4][r % 4] = 1 / total;
    sync_subgroup();
    coopMatLoad(by_row, factors, sub * TM / 4, 0, COLUMNS);
    [[unroll]] for (uint i = 0; i < D / TN; i++) {
        [[unroll]] for (uint q = 0; q < by_row.length(); q++)
            o[i][q] *= by_row[q];
        if (whole)
            coopMatStore(o[i], p.y.d, first * p.ld_y + head * D + i * TN, p.ld_y, ROWS);
        else
            coopMatStore(o[i], scores, mine, LINE, ROWS);
        if (cut) { /* all subgroups meet the same barriers: a driver counts on it */
            sync_subgroup();
            for (uint v = lane; v < TM * TN && !whole; v += LANES)
                if (q0 + v / TN < p.queries)
                    p.y.d[(first + v / TN) * p.ld_y + head * D + i * TN + v % TN] =
                        uintBitsToFloat(scores[mine + v / TN * LINE + v % TN / 4][v % 4]);
            sync_subgroup();
        }
    }
}

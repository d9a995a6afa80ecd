#version 460
/* SPDX-License-Identifier: MIT */
/*
 * matmul_tile.comp - y (epilogue)= a + x W^T over the taps, on any GPU.
 *
 * A workgroup makes BM x BN numbers; blocks of BK of both operands lie in shared memory as
 * float32, and a thread keeps TM x TN sums: fours of neighbours.  Every number is one chain of sums over taps and
 * then k, whatever the tile.  HALF: x and W are halves.  SCALAR: rows may begin anywhere.
 */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "epilogue.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint THREADS = 64;
layout(constant_id = 1) const uint BM = 32;
layout(constant_id = 2) const uint BN = 32;
layout(constant_id = 3) const uint BK = 16;
layout(constant_id = 4) const uint TM = 4;
layout(constant_id = 5) const uint TN = 4;
layout(constant_id = 6) const uint TWO = 0; /* 1: two products, for SWIGLU */

const uint PADDED_M = BM / 4 + 1, PADDED_N = BN / 4 + 1; /* fours of a line of a block */
const uint FOURS = TN / 4;

shared vec4 xs[BK * PADDED_M];
shared vec4 ws[BK * PADDED_N];
shared vec4 vs[TWO * (BK * PADDED_N - 1) + 1];

#ifdef SCALAR
#define UNIT 1u
#ifdef HALF
#define READ(base, at, out) out[0] = float(Half(base).d[at])
#else
#define READ(base, at, out) out[0] = base.d[at]
#endif
#elif defined(HALF)
#define UNIT 8u
#define READ(base, at, out) \
    { \
        uvec4 bits = Bits128(base).d[(at) / 8]; \
        [[unroll]] for (uint q = 0; q < 4; q++) { \
            vec2 h = unpackHalf2x16(bits[q]); \
            out[2 * q] = h.x; \
            out[2 * q + 1] = h.y; \
        } \
    }
#else
#define UNIT 4u
#define READ(base, at, out) \
    { \
        vec4 four = Float4(base).d[(at) / 4]; \
        [[unroll]] for (uint q = 0; q < 4; q++) \
            out[q] = four[q]; \
    }
#endif

const uint UNITS = BK / UNIT; /* of a row of a block */

/* A block of rows first.. of a matrix, or zeros where its row of `depth` numbers ends. */
#define FETCH(base, ld, first, count, offset, block, padded, height) \
    for (uint i = t; i < (height) * UNITS; i += THREADS) { \
        uint row = i / UNITS, k = (i % UNITS) * UNIT; \
        float f[UNIT]; \
        [[unroll]] for (uint q = 0; q < UNIT; q++) \
            f[q] = 0; \
        if (k0 + k < p.depth) \
            READ(base, min((first) + row, (count) - 1) * (ld) + (offset) + k0 + k, f); \
        [[unroll]] for (uint q = 0; q < UNIT; q++) \
            block[(k + q) * padded + row / 4][row % 4] = f[q]; \
    }

void main()
{
    const uint t = gl_LocalInvocationIndex, across = BN / TN, down = BM / TM;
    const uint n0 = gl_WorkGroupID.x * BN, m0 = gl_WorkGroupID.y * BM;
    const uint tx = t % across, ty = t / across;
    vec4 sum[TM * FOURS], second[TWO * (TM * FOURS - 1) + 1];

    [[unroll]] for (uint i = 0; i < TM * FOURS; i++)
        sum[i] = vec4(0);
    [[unroll]] for (uint i = 0; i < TWO * TM * FOURS; i++)
        second[i] = vec4(0);
    for (uint tap = 0; tap < p.taps; tap++)
        for (uint k0 = 0; k0 < p.depth; k0 += BK) {
            barrier();
            FETCH(p.x, p.ld_x, m0, p.rows, tap * p.tap, xs, PADDED_M, BM)
            FETCH(p.w, p.ld_w, n0, p.cols, tap * p.depth, ws, PADDED_N, BN)
            if (TWO == 1)
                FETCH(p.w2, p.ld_w, n0, p.cols, tap * p.depth, vs, PADDED_N, BN)
            barrier();
            [[dont_unroll]] for (uint k = 0; k < BK; k++) {
                vec4 x[TM / 4];

                [[unroll]] for (uint i = 0; i < TM / 4; i++)
                    x[i] = xs[k * PADDED_M + i * down + ty];
                [[unroll]] for (uint j = 0; j < FOURS; j++) {
                    vec4 w = ws[k * PADDED_N + j * across + tx];

                    [[unroll]] for (uint i = 0; i < TM; i++)
                        sum[i * FOURS + j] =
                            fma(vec4(x[i / 4][i % 4]), w, sum[i * FOURS + j]);
                    if (TWO == 1) {
                        vec4 v = vs[k * PADDED_N + j * across + tx];

                        [[unroll]] for (uint i = 0; i < TM; i++)
                            second[i * FOURS + j] =
                                fma(vec4(x[i / 4][i % 4]), v, second[i * FOURS + j]);
                    }
                }
            }
        }
    /* A row of each thread's sums at a time goes through shared memory.  So neighbouring threads
     * finish neighbouring numbers, and the code of that is there TM times, not TM x TN. */
    [[unroll]] for (uint i = 0; i < TM; i++) {
        barrier();
        [[unroll]] for (uint j = 0; j < FOURS; j++) {
            xs[ty * (BN / 4) + j * across + tx] = sum[i * FOURS + j];
            if (TWO == 1)
                ws[ty * (BN / 4) + j * across + tx] = second[TWO * (i * FOURS + j)];
        }
        barrier();
        for (uint at = t; at < down * BN; at += THREADS) {
            const uint m = m0 + (i / 4 * down + at / BN) * 4 + i % 4, n = n0 + at % BN;

            if (m < p.rows && n < p.cols)
                finish(m, n, xs[at / 4][at % 4], TWO == 1 ? ws[at / 4][at % 4] : 0.0);
        }
    }
}

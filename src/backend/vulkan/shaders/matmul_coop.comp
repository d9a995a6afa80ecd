#version 460
/* SPDX-License-Identifier: MIT */
/*
 * matmul_coop.comp - y (epilogue)= a + x W^T over the taps, on cooperative matrices of halves.
 *
 * A workgroup makes BM x BN numbers, a subgroup WM x WN of them as fragments of TM x TN float32
 * sums.  Blocks of BK of both operands lie in shared memory, and the next ones in registers.
 * Every number is one chain of sums over taps and then k, in steps of TK, whatever the tile.
 * Behind the end of k both operands are zeros; behind the last row and column it does not
 * matter, as rows and columns do not mix.  x and W are read in units of 16 bytes.
 *
 * CONV: a block of x has the PAST rows before the tile's too, and serves all taps.  So it is read
 * once and not once a tap.  There the chain goes over blocks of k, then taps, then k.
 */
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#pragma use_vulkan_memory_model
#include "common.glsl"
#include "epilogue.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint THREADS = 256;
layout(constant_id = 1) const uint BM = 128;
layout(constant_id = 2) const uint BN = 128;
layout(constant_id = 3) const uint BK = 64;
layout(constant_id = 4) const uint WM = 64;
layout(constant_id = 5) const uint WN = 32;
layout(constant_id = 6) const uint TM = 16;
layout(constant_id = 7) const uint TN = 16;
layout(constant_id = 8) const uint TK = 16;
layout(constant_id = 9) const uint TWO = 0; /* 1: two products, for SWIGLU */
layout(constant_id = 10) const uint PAD = 1; /* units behind a row of a block */
#ifdef CONV
layout(constant_id = 11) const uint PAST = 54; /* (taps - 1) * dilation */
#else
const uint PAST = 0;
#endif

const uint UNITS = BK / 8, ROW = UNITS + PAD; /* of a row of a block */
const uint LOADS_X = (BM * UNITS + THREADS - 1) / THREADS;
const uint LOADS_W = (BN * UNITS + THREADS - 1) / THREADS;
const uint DOWN = WM / TM, ACROSS = WN / TN, FRAGMENTS = DOWN * ACROSS;
const uint SUBGROUPS = BM / WM * (BN / WN), LANES = THREADS / SUBGROUPS;
const uint WS = (BM + PAST) * ROW, VS = WS + BN * ROW; /* where blocks of W and W2 begin */
const uint BLOCKS = (BM + PAST + (1 + TWO) * BN) * ROW;
const uint LINE = TN / 4 + 1; /* units of a row of a fragment that is on its way out */
const uint OUT = (1 + TWO) * TM * LINE;

/* vulkan.h and vk_ops.c count with the same sizes. */
shared uvec4 block[BLOCKS > SUBGROUPS * OUT ? BLOCKS : SUBGROUPS * OUT];

#define HALVES coopmat<float16_t, gl_ScopeSubgroup, TM, TN, gl_MatrixUseAccumulator>
#define SUMS coopmat<float, gl_ScopeSubgroup, TM, TN, gl_MatrixUseAccumulator>
#define X_PART coopmat<float16_t, gl_ScopeSubgroup, TM, TK, gl_MatrixUseA>
#define W_PART coopmat<float16_t, gl_ScopeSubgroup, TK, TN, gl_MatrixUseB>
#define ROWS gl_CooperativeMatrixLayoutRowMajor
#define COLUMNS gl_CooperativeMatrixLayoutColumnMajor
#define EACH(value) [[unroll]] for (uint q = 0; q < s.length(); q++) s[q] = value;

void sync_subgroup()
{
    controlBarrier(gl_ScopeSubgroup, gl_ScopeSubgroup, gl_StorageSemanticsShared,
                   gl_SemanticsAcquireRelease | gl_SemanticsMakeAvailable |
                       gl_SemanticsMakeVisible);
}

/* A fragment that is all within y: finish() for whole matrices. */
void finish_whole(uint m, uint n, SUMS s, SUMS second)
{
    const uint at = m * p.ld_y + n;
    SUMS y, row, other;

    if ((p.has & HAS_A) != 0) {
        coopMatLoad(row, p.a.d, n, 0, ROWS); /* the same row TM times */
        EACH(s[q] + row[q])
    }
    if (TWO == 1) {
        EACH(silu(s[q]) * second[q])
    } else if (p.epilogue == SNAKE) {
        coopMatLoad(row, p.b.d, n, 0, ROWS);
        coopMatLoad(other, p.b.d, p.ld_b + n, 0, ROWS);
        EACH(snake(s[q], row[q], other[q]))
    } else if (p.epilogue != STORE) {
        coopMatLoad(y, p.y.d, at, p.ld_y, ROWS);
        if (p.epilogue == ADD) {
            EACH(s[q] + y[q])
        } else if (p.epilogue == GATE) {
            EACH(y[q] * sigmoid(s[q]))
        } else {
            coopMatLoad(row, p.b.d, n, 0, ROWS);
            EACH(fma(row[q], s[q], y[q]))
        }
    }
    if ((p.has & TO_HALF) != 0) {
        EACH(in_range_of_half(s[q]))
        coopMatStore(HALVES(s), Half(p.y).d, at, p.ld_y, ROWS);
    } else {
        coopMatStore(s, p.y.d, at, p.ld_y, ROWS);
    }
}

/* A fragment that y's edge cuts, or whose rows begin anywhere: number by number. */
void finish_edge(uint m, uint n)
{
    const uint mine = gl_SubgroupID * OUT, other = mine + TWO * TM * LINE;

    [[dont_unroll]] for (uint i = gl_SubgroupInvocationID; i < TM * TN; i += LANES) {
        const uint row = i / TN, c = i % TN, at = row * LINE + c / 4;

        if (m + row < p.rows && n + c < p.cols)
            finish(m + row, n + c, uintBitsToFloat(block[mine + at][c % 4]),
                   TWO == 1 ? uintBitsToFloat(block[other + at][c % 4]) : 0.0);
    }
}

#define FETCH_INTO(count, base, at, to, next) \
    if (k0 + unit * 8 < p.depth) { \
        [[unroll]] for (uint i = 0; i < (count); i++) \
            next[i] = base.d[at[i] + (to)]; \
    } else { \
        [[unroll]] for (uint i = 0; i < (count); i++) \
            next[i] = uvec4(0); \
    }

/* The units of W at k0 of tap into registers. */
#define FETCH_W \
    { \
        FETCH_INTO(LOADS_W, W, at_w, (tap * p.depth + k0) / 8, next_w) \
        FETCH_INTO(TWO * LOADS_W, V, at_w, (tap * p.depth + k0) / 8, next_v) \
    }

/* ... and those of x. */
#define FETCH_X FETCH_INTO(LOADS_X, X, at_x, (tap * p.tap + k0) / 8, next_x)

/* Threads beyond a block's end have nothing to put there; where they fit there are none. */
#define PUT(count, height, begin, next) \
    [[unroll]] for (uint i = 0; i < (count); i++) { \
        const uint row = first + i * (THREADS / UNITS); \
        if ((height) * UNITS % THREADS == 0 || row < (height)) \
            block[(begin) + row * ROW + unit] = next[i]; \
    }

/* The blocks multiplied; x begins so many rows further on. */
#define MULTIPLY(further) \
    [[unroll]] for (uint k = 0; k < BK / TK; k++) { \
        const uint here = k * TK / 8; \
        X_PART x[DOWN]; \
 \
        [[unroll]] for (uint i = 0; i < DOWN; i++) \
            coopMatLoad(x[i], block, (wm + i * TM + (further)) * ROW + here, ROW, ROWS); \
        [[unroll]] for (uint j = 0; j < ACROSS; j++) { \
            W_PART w; \
 \
            coopMatLoad(w, block, WS + (wn + j * TN) * ROW + here, ROW, COLUMNS); \
            [[unroll]] for (uint i = 0; i < DOWN; i++) \
                sums[j * DOWN + i] = coopMatMulAdd(x[i], w, sums[j * DOWN + i]); \
            if (TWO == 1) { \
                coopMatLoad(w, block, VS + (wn + j * TN) * ROW + here, ROW, COLUMNS); \
                [[unroll]] for (uint i = 0; i < DOWN; i++) \
                    second[TWO * (j * DOWN + i)] = \
                        coopMatMulAdd(x[i], w, second[TWO * (j * DOWN + i)]); \
            } \
        } \
    }

void main()
{
    const uint t = gl_LocalInvocationIndex, unit = t % UNITS, first = t / UNITS;
    const uvec2 tile = p.rows_first != 0 ? gl_WorkGroupID.xy : gl_WorkGroupID.yx;
    const uint m0 = tile.x * BM, n0 = tile.y * BN;
    const uint wm = gl_SubgroupID % (BM / WM) * WM, wn = gl_SubgroupID / (BM / WM) * WN;
    const uint steps = p.taps * ((p.depth + BK - 1) / BK);
    Bits128 X = Bits128(p.x), W = Bits128(p.w), V = Bits128(p.w2);
    SUMS sums[FRAGMENTS], second[TWO * (FRAGMENTS - 1) + 1];
    uvec4 next_x[LOADS_X], next_w[LOADS_W], next_v[TWO * (LOADS_W - 1) + 1];
    uint at_x[LOADS_X], at_w[LOADS_W], tap = 0, k0 = 0;

    [[unroll]] for (uint i = 0; i < FRAGMENTS; i++)
        sums[i] = SUMS(0);
    [[unroll]] for (uint i = 0; i < TWO * (FRAGMENTS - 1) + 1; i++)
        second[i] = SUMS(0);
    [[unroll]] for (uint i = 0; i < LOADS_X; i++)
        at_x[i] = min(m0 + first + i * (THREADS / UNITS), p.rows - 1) * (p.ld_x / 8) + unit;
    [[unroll]] for (uint i = 0; i < LOADS_W; i++)
        at_w[i] = min(n0 + first + i * (THREADS / UNITS), p.cols - 1) * (p.ld_w / 8) + unit;
#ifdef CONV
    const uint dilation = PAST / (p.taps - 1), last = p.rows + PAST - 1;

    FETCH_W
    for (uint begin = 0; begin < p.depth; begin += BK) {
        barrier();
        for (uint row = first; row < BM + PAST; row += THREADS / UNITS)
            block[row * ROW + unit] =
                begin + unit * 8 < p.depth
                    ? X.d[min(m0 + row, last) * (p.ld_x / 8) + begin / 8 + unit]
                    : uvec4(0);
        for (uint now = 0; now < p.taps; now++) {
            if (now > 0)
                barrier();
            PUT(LOADS_W, BN, WS, next_w)
            barrier();
            tap = now + 1;
            if (tap == p.taps) {
                tap = 0;
                k0 += BK;
            }
            if (k0 < p.depth)
                FETCH_W
            MULTIPLY(now * dilation)
        }
    }
#else
    FETCH_X
    FETCH_W
    for (uint step = 0; step < steps; step++) {
        barrier();
        PUT(LOADS_X, BM, 0, next_x)
        PUT(LOADS_W, BN, WS, next_w)
        PUT(TWO * LOADS_W, BN, VS, next_v)
        barrier();
        k0 += BK;
        if (k0 >= p.depth) {
            k0 = 0;
            tap++;
        }
        if (step + 1 < steps) {
            FETCH_X
            FETCH_W
        }
        MULTIPLY(0)
    }
#endif
    const bool aligned = (p.has & ALIGNED) != 0;
    const bool cut = !aligned || m0 + BM > p.rows || n0 + BN > p.cols;

    barrier(); /* the blocks' memory is the edges' now */
    [[unroll]] for (uint j = 0; j < ACROSS; j++)
        [[unroll]] for (uint i = 0; i < DOWN; i++) {
            const uint m = m0 + wm + i * TM, n = n0 + wn + j * TN, at = j * DOWN + i;
            const bool whole = aligned && m + TM <= p.rows && n + TN <= p.cols;

            if (whole) {
                finish_whole(m, n, sums[at], second[TWO * at]);
            } else {
                coopMatStore(sums[at], block, gl_SubgroupID * OUT, LINE, ROWS);
                if (TWO == 1)
                    coopMatStore(second[TWO * at], block, gl_SubgroupID * OUT + TM * LINE,
                                 LINE, ROWS);
            }
            if (cut) { /* all subgroups meet the same barriers: a driver counts on it */
                sync_subgroup();
                if (!whole)
                    finish_edge(m, n);
                sync_subgroup();
            }
        }
}

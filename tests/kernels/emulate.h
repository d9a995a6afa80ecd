/* SPDX-License-Identifier: MIT */
/*
 * emulate.h - instructions that this machine may lack, in plain C as Intel's manual has them.
 *
 * The compiler includes it before the first line of a set's own file, which is compiled a
 * second time so: see main.c and tests/CMakeLists.txt.  What would be a fault ends the test.
 */
#ifndef ECHO_EMULATE_H
#define ECHO_EMULATE_H

#include <float.h>
#include <immintrin.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* what flags would say; given them, the compiler might use the instructions by itself */
#ifndef __AVXVNNI__
#define __AVXVNNI__ 1
#endif
#ifndef __AVX512VNNI__
#define __AVX512VNNI__ 1
#endif
#ifndef __AVX512BF16__
#define __AVX512BF16__ 1
#endif
#ifndef __AMX_TILE__
#define __AMX_TILE__ 1
#endif

#define echo_gemm_init_avxvnni    echo_gemm_init_avxvnni_emulated
#define echo_gemm_init_avx512vnni echo_gemm_init_avx512vnni_emulated
#define echo_gemm_init_avx512bf16 echo_gemm_init_avx512bf16_emulated
#define echo_gemm_init_amx        echo_gemm_init_amx_emulated

/* ---- AVX-512 ---- */

static inline float emulated_flush(float v)
{
    return fabsf(v) < FLT_MIN ? copysignf(0, v) : v;
}

/* One rounding, to nearest even; numbers too small to be normal are zero, before and after. */
static inline float emulated_fma(uint16_t x, uint16_t w, float sum)
{
    uint32_t a = (uint32_t)x << 16, b = (uint32_t)w << 16;
    float fa, fb;

    memcpy(&fa, &a, sizeof fa);
    memcpy(&fb, &b, sizeof fb);
    return emulated_flush(fmaf(emulated_flush(fa), emulated_flush(fb), emulated_flush(sum)));
}

/* Four numbers without sign times four with one. */
static inline int32_t emulated_dot(const unsigned char *x, const signed char *w)
{
    return x[0] * w[0] + x[1] * w[1] + x[2] * w[2] + x[3] * w[3];
}

static inline __m512i emulated_dpbusd(__m512i sum, __m512i x, __m512i w)
{
    unsigned char a[64];
    signed char b[64];
    uint32_t s[16];

    memcpy(a, &x, sizeof a);
    memcpy(b, &w, sizeof b);
    memcpy(s, &sum, sizeof s);
    for (int i = 0; i < 16; i++)
        s[i] += (uint32_t)emulated_dot(a + 4 * i, b + 4 * i);
    memcpy(&sum, s, sizeof s);
    return sum;
}

static inline __m256i emulated_dpbusd_half(__m256i sum, __m256i x, __m256i w)
{
    return _mm512_castsi512_si256(emulated_dpbusd(_mm512_castsi256_si512(sum),
                                                  _mm512_castsi256_si512(x),
                                                  _mm512_castsi256_si512(w)));
}

/* The second number of a pair comes first. */
static inline __m512 emulated_dpbf16(__m512 sum, __m512bh x, __m512bh w)
{
    uint16_t a[32], b[32];
    float s[16];

    memcpy(a, &x, sizeof a);
    memcpy(b, &w, sizeof b);
    memcpy(s, &sum, sizeof s);
    for (int i = 0; i < 16; i++) {
        s[i] = emulated_fma(a[2 * i + 1], b[2 * i + 1], s[i]);
        s[i] = emulated_fma(a[2 * i], b[2 * i], s[i]);
    }
    memcpy(&sum, s, sizeof s);
    return sum;
}

#define _mm256_dpbusd_avx_epi32(sum, x, w) emulated_dpbusd_half(sum, x, w)
#define _mm512_dpbusd_epi32(sum, x, w)     emulated_dpbusd(sum, x, w)
#define _mm512_dpbf16_ps(sum, x, w)        emulated_dpbf16(sum, x, w)

/* ---- AMX ---- */

static _Thread_local struct {
    int rows[8], bytes[8]; /* 0: there is no such tile */
    unsigned char data[8][16][64];
} emulated_tiles;

static inline void emulated_need(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "a fault of the tiles: %s\n", what);
    abort();
}

static inline void emulated_release(void)
{
    memset(&emulated_tiles, 0, sizeof emulated_tiles);
}

static inline void emulated_loadconfig(const void *config)
{
    unsigned char c[64];

    memcpy(c, config, sizeof c);
    emulated_release();
    emulated_need(c[0] == 1, "the palette");
    for (int i = 1; i < 64; i++)
        emulated_need(!c[i] || (i >= 16 && i < 32) || (i >= 48 && i < 56), "reserved bytes");
    for (int t = 0; t < 8; t++) {
        int bytes = c[16 + 2 * t] | c[17 + 2 * t] << 8, rows = c[48 + t];

        emulated_need(rows <= 16 && bytes <= 64 && !rows == !bytes, "the size of a tile");
        emulated_tiles.rows[t] = rows;
        emulated_tiles.bytes[t] = bytes;
    }
}

static inline void emulated_need_tile(int t)
{
    emulated_need(t >= 0 && t < 8 && emulated_tiles.rows[t] && emulated_tiles.bytes[t] % 4 == 0,
                  "a tile that is not there");
}

static inline void emulated_zero(int t)
{
    emulated_need_tile(t);
    memset(emulated_tiles.data[t], 0, sizeof emulated_tiles.data[t]);
}

static inline void emulated_load(int t, const void *from, ptrdiff_t stride)
{
    emulated_zero(t);
    for (int r = 0; r < emulated_tiles.rows[t]; r++)
        memcpy(emulated_tiles.data[t][r], (const char *)from + r * stride,
               (size_t)emulated_tiles.bytes[t]);
}

static inline void emulated_store(int t, void *to, ptrdiff_t stride)
{
    emulated_need_tile(t);
    for (int r = 0; r < emulated_tiles.rows[t]; r++)
        memcpy((char *)to + r * stride, emulated_tiles.data[t][r],
               (size_t)emulated_tiles.bytes[t]);
}

static inline void emulated_need_product(int sum, int x, int w)
{
    const int *rows = emulated_tiles.rows, *bytes = emulated_tiles.bytes;

    emulated_need_tile(sum);
    emulated_need_tile(x);
    emulated_need_tile(w);
    emulated_need(sum != x && x != w && sum != w, "a tile named twice");
    emulated_need(rows[sum] == rows[x] && bytes[sum] == bytes[w] && bytes[x] == 4 * rows[w],
                  "tiles that do not fit");
}

/* The first numbers of all pairs, the second ones, then both, then the sum. */
static inline void emulated_tile_bf16(int sum, int x, int w)
{
    emulated_need_product(sum, x, w);
    for (int r = 0; r < emulated_tiles.rows[sum]; r++) {
        float s[16], parts[2][16] = { { 0 } };
        uint16_t a[32], b[32];

        memcpy(s, emulated_tiles.data[sum][r], sizeof s);
        memcpy(a, emulated_tiles.data[x][r], sizeof a);
        for (int k = 0; k < emulated_tiles.rows[w]; k++) {
            memcpy(b, emulated_tiles.data[w][k], sizeof b);
            for (int h = 0; h < 2; h++)
                for (int c = 0; c < 16; c++)
                    parts[h][c] = emulated_fma(a[2 * k + h], b[2 * c + h], parts[h][c]);
        }
        for (int c = 0; c < 16; c++)
            s[c] = emulated_flush(emulated_flush(s[c]) +
                                  emulated_flush(parts[0][c] + parts[1][c]));
        memcpy(emulated_tiles.data[sum][r], s, (size_t)emulated_tiles.bytes[sum]);
    }
}

static inline void emulated_tile_i8(int sum, int x, int w)
{
    emulated_need_product(sum, x, w);
    for (int r = 0; r < emulated_tiles.rows[sum]; r++) {
        const unsigned char *a = emulated_tiles.data[x][r];
        signed char b[64];
        uint32_t s[16];

        memcpy(s, emulated_tiles.data[sum][r], sizeof s);
        for (int k = 0; k < emulated_tiles.rows[w]; k++) {
            memcpy(b, emulated_tiles.data[w][k], sizeof b);
            for (int c = 0; c < 16; c++)
                s[c] += (uint32_t)emulated_dot(a + 4 * k, b + 4 * c);
        }
        memcpy(emulated_tiles.data[sum][r], s, (size_t)emulated_tiles.bytes[sum]);
    }
}

#undef _tile_loadconfig
#undef _tile_release
#undef _tile_zero
#undef _tile_loadd
#undef _tile_stored
#undef _tile_dpbf16ps
#undef _tile_dpbusd
#define _tile_loadconfig(config)        emulated_loadconfig(config)
#define _tile_release()                 emulated_release()
#define _tile_zero(tile)                emulated_zero(tile)
#define _tile_loadd(tile, from, stride) emulated_load(tile, from, (ptrdiff_t)(stride))
#define _tile_stored(tile, to, stride)  emulated_store(tile, to, (ptrdiff_t)(stride))
#define _tile_dpbf16ps(sum, x, w)       emulated_tile_bf16(sum, x, w)
#define _tile_dpbusd(sum, x, w)         emulated_tile_i8(sum, x, w)

#endif

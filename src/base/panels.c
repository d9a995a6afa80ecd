/* SPDX-License-Identifier: MIT */
#include "base/panels.h"

#include <math.h>
#include <string.h>

#include "base/bf16.h"

#define C PANEL_COLUMNS

void echo_panel_pack_bf16(uint16_t *to, const float *lines, int k)
{
    for (int p = 0; p < k; p++)
        for (int c = 0; c < C; c++)
            to[(p / 2 * C + c) * 2 + p % 2] = f32_to_bf16(lines[p * C + c]);
    for (int c = 0; k % 2 && c < C; c++)
        to[(k / 2 * C + c) * 2 + 1] = 0;
}

/* Sums and differences of n lines, `step` lines apart, and of those again: as Hadamard's matrix
 * has them. */
static void butterflies(float *lines, int n, int step)
{
    for (int h = 1; h < n; h *= 2)
        for (int i = 0; i < n; i++)
            for (int c = 0; !(i & h) && c < C; c++) {
                float *a = lines + i * step * C + c, *b = a + h * step * C;
                float sum = *a + *b, difference = *a - *b;

                *a = sum;
                *b = difference;
            }
}

int echo_hadamard_size(int k)
{
    int blocks = k / PANEL_BLOCK;

    if (k % PANEL_BLOCK || !k)
        return 1;
    return blocks & (blocks - 1) ? PANEL_BLOCK : k;
}

static void hadamard(float *lines, int k)
{
    float turned[PANEL_BLOCK * C];
    int n = echo_hadamard_size(k);

    if (n == 1)
        return;
    for (float *at = lines; at < lines + (ptrdiff_t)k * C; at += PANEL_BLOCK * C) {
        for (int j = 0; j < 16; j++)
            butterflies(at + j * C, 16, 16);
        for (int i = 0; i < PANEL_BLOCK; i++)
            memcpy(turned + (i % 16 * 16 + i / 16) * C, at + i * C, C * sizeof *at);
        for (int j = 0; j < 16; j++)
            butterflies(turned + j * C, 16, 16);
        memcpy(at, turned, sizeof turned);
    }
    for (int j = 0; j < PANEL_BLOCK; j++)
        butterflies(lines + j * C, n / PANEL_BLOCK, PANEL_BLOCK);
    for (ptrdiff_t i = 0; i < (ptrdiff_t)k * C; i++)
        lines[i] /= (float)n;
}

/* To the nearest whole number, of sizes below 2^22: what is left of the fraction's place. */
static inline int32_t nearest(float v)
{
    const float place = 12582912; /* 1.5 * 2^23 */
    int32_t bits, zero;

    v += place;
    memcpy(&bits, &v, sizeof bits);
    memcpy(&zero, &place, sizeof zero);
    return bits - zero;
}

void echo_panel_pack_i8(int8_t *to, float *lines, int k)
{
    float top[C] = { 0 }, inverse[C], odd[C] = { 0 };
    int32_t sums[C] = { 0 }, word[C];
    int n = panel_lines(1, k);

    hadamard(lines, k);
    for (int p = 0; p < k; p++)
        for (int c = 0; c < C; c++) {
            float v = fabsf(lines[p * C + c]);

            top[c] = v > top[c] ? v : top[c];
            odd[c] += v * 0; /* NaN if v is not finite */
        }
    for (int c = 0; c < C; c++) {
        inverse[c] = top[c] > 1e-30f && isfinite(top[c]) ? 127 / top[c] : 0;
        top[c] = top[c] / 127 + odd[c];
    }
    for (int i = 0; i < n; i++, to += PANEL_LINE) {
        memset(word, 0, sizeof word);
        for (int h = 0; h < 4 && 4 * i + h < k; h++)
            for (int c = 0; c < C; c++) {
                int32_t q = nearest(lines[(4 * i + h) * C + c] * inverse[c]);

                q = (q & 127) - (q & 128); /* which it is, if it is a number at all */
                word[c] |= (int32_t)((uint32_t)(q & 255) << 8 * h);
                sums[c] += q;
            }
        memcpy(to, word, sizeof word);
    }
    memcpy(to, top, sizeof top);
    memcpy(to + PANEL_LINE, sums, sizeof sums);
}

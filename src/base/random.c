/* SPDX-License-Identifier: MIT */
/*
 * random.c - MT19937 and PyTorch's two ways from it to normal numbers.
 */
#include "base/random.h"

#include <math.h>

#define WORDS 624
#define SHIFT 397
#define BLOCK 16 /* numbers that PyTorch makes at a time, and the fewest of the fast way */

void echo_seed(struct generator *g, uint64_t seed)
{
    g->state[0] = (uint32_t)seed;
    for (uint32_t i = 1; i < WORDS; i++)
        g->state[i] = 1812433253u * (g->state[i - 1] ^ g->state[i - 1] >> 30) + i;
    g->next = WORDS;
    g->has_spare = false;
    g->spare = 0;
}

static void twist(uint32_t *s)
{
    for (int i = 0; i < WORDS; i++) {
        uint32_t y = (s[i] & 0x80000000u) | (s[(i + 1) % WORDS] & 0x7fffffffu);

        s[i] = s[(i + SHIFT) % WORDS] ^ y >> 1 ^ (y & 1 ? 0x9908b0dfu : 0);
    }
}

static uint32_t next_u32(struct generator *g)
{
    uint32_t y;

    if (g->next == WORDS) {
        twist(g->state);
        g->next = 0;
    }
    y = g->state[g->next++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    return y ^ y >> 18;
}

static void fill_uniform(struct generator *g, float *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (float)(next_u32(g) & 0xffffff) * 0x1p-24f;
}

/* Box-Muller on a block of uniform numbers, in place; in float, as PyTorch does. */
static void block_to_normal(float *x)
{
    for (int j = 0; j < BLOCK / 2; j++) {
        float radius = sqrtf(-2 * logf(1 - x[j]));
        float angle = 6.28318530717958647692f * x[j + BLOCK / 2];

        x[j] = radius * cosf(angle);
        x[j + BLOCK / 2] = radius * sinf(angle);
    }
}

static double uniform_double(struct generator *g)
{
    uint64_t high = next_u32(g), low = next_u32(g);

    return (double)((high << 32 | low) & ((1ull << 53) - 1)) * 0x1p-53;
}

static double next_normal(struct generator *g)
{
    double u1, u2, radius;

    if (g->has_spare) {
        g->has_spare = false;
        return g->spare;
    }
    u1 = uniform_double(g);
    u2 = uniform_double(g);
    radius = sqrt(-2 * log1p(-u2));
    g->spare = radius * sin(6.28318530717958647692 * u1);
    g->has_spare = true;
    return radius * cos(6.28318530717958647692 * u1);
}

void echo_randn(struct generator *g, float *out, size_t n)
{
    if (n < BLOCK) {
        for (size_t i = 0; i < n; i++)
            out[i] = (float)next_normal(g);
        return;
    }
    fill_uniform(g, out, n);
    for (size_t i = 0; i + BLOCK <= n; i += BLOCK)
        block_to_normal(out + i);
    if (n % BLOCK) { /* the last block is drawn anew, over numbers already made */
        fill_uniform(g, out + n - BLOCK, BLOCK);
        block_to_normal(out + n - BLOCK);
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * random.h - PyTorch's CPU generator, so that a seed means the same noise.
 */
#ifndef ECHO_BASE_RANDOM_H
#define ECHO_BASE_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct generator {
    uint32_t state[624]; /* MT19937 */
    int next;
    bool has_spare; /* of a pair of normal numbers drawn one by one */
    double spare;
};

/* As torch.manual_seed(seed); the low 32 bits count. */
void echo_seed(struct generator *g, uint64_t seed);

/* As torch.randn of n numbers, float32, one call. */
void echo_randn(struct generator *g, float *out, size_t n);

#endif

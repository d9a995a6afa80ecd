/* SPDX-License-Identifier: MIT */
/*
 * numbers.h - random numbers in bulk, the same for a seed and a name, whatever else is
 * made and in which order.
 *
 * A number is a table's entry at 12 bits of a hash of (seed, name, place), 1 ns each: nothing
 * is drawn in sequence.  The table holds quantiles of the distribution in the array's own type,
 * so normal numbers end at 3.7 standard deviations.
 */
#ifndef ECHO_SYNTH_NUMBERS_H
#define ECHO_SYNTH_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "echotts.h"
#include "weights/safetensors.h"

#define NUMBERS_TABLE  4096              /* 16 kB of floats: stays in the first cache */
#define NUMBERS_BLOCK  ((size_t)1 << 16) /* written at a time; a multiple of 4 */
#define NUMBERS_WIDEST 8                 /* bytes of a number */

/* Counts bytes and tells progress, a thousand times at most. */
struct meter {
    bool (*progress)(void *user, double done);
    void *user;
    uint64_t done, told, total; /* bytes */
};

/* False: stop. */
bool echo_meter_add(struct meter *m, size_t bytes);

struct numbers {
    uint64_t seed;
    double normal[NUMBERS_TABLE]; /* quantiles */
    unsigned char table[NUMBERS_TABLE * sizeof(float)];
    unsigned char block[NUMBERS_BLOCK * NUMBERS_WIDEST]; /* where blocks are made */
};

echo_status echo_numbers_open(struct numbers **out, uint64_t seed, echo_error *err);
void echo_numbers_close(struct numbers **g);

/* One array being written. */
struct filling {
    struct numbers *g;
    const struct array *a;
    size_t size, count, fan_in; /* bytes of a number; numbers; those of a row of dim 0 */
    uint64_t key;
    size_t spike_at; /* this number is `spike` instead; SIZE_MAX: none is */
    double spike;
    struct file_out *out;
    struct meter *m;
};

/* f->a, g, out and m are given. */
void echo_fill_start(struct filling *f);

/* Fill the table: normal numbers, or numbers from low to high, their logarithms evenly spread
 * if `ratio`.  For floating types only. */
void echo_fill_normal(struct filling *f, double mean, double spread);
void echo_fill_range(struct filling *f, double low, double high, bool ratio);

/* Write `count` random numbers of the table as row `row` of the array; false: stop. */
bool echo_fill_write(struct filling *f, uint64_t row, size_t count);

/* `count` numbers of the block, by which other ways of filling go. */
bool echo_fill_write_block(struct filling *f, size_t count);

/* Number i of the array if it were normal, mean 0 and variance 1. */
double echo_fill_single(const struct filling *f, size_t i);

void echo_store_number(enum array_type type, void *at, double value);
uint64_t echo_mix(uint64_t z); /* splitmix64 */

#endif

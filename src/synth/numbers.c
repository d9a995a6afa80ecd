/* SPDX-License-Identifier: MIT */
/*
 * numbers.c - hashes to tables to blocks to the file.
 */
#include "synth/numbers.h"

#include <math.h>
#include <string.h>

#include "base/bf16.h"
#include "base/error.h"

#define STEP 0x9e3779b97f4a7c15u /* of splitmix64's counter */

bool echo_meter_add(struct meter *m, size_t bytes)
{
    m->done += bytes;
    if (m->done - m->told <= m->total / 1000 && m->done < m->total)
        return true;
    m->told = m->done;
    return !m->progress || m->progress(m->user, (double)m->done / (double)m->total);
}

static inline uint64_t mix(uint64_t z)
{
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint64_t echo_mix(uint64_t z)
{
    return mix(z);
}

/* FNV-1a */
static uint64_t hash_name(const char *name)
{
    uint64_t h = 0xcbf29ce484222325u;

    while (*name)
        h = (h ^ (unsigned char)*name++) * 0x100000001b3u;
    return h;
}

void echo_store_number(enum array_type type, void *at, double value)
{
    float single = (float)value;
    int64_t whole = (int64_t)value;
    uint16_t half;

    if (type == ARRAY_F32) {
        memcpy(at, &single, sizeof single);
    } else if (type == ARRAY_BF16 || type == ARRAY_F16) {
        half = type == ARRAY_BF16 ? f32_to_bf16(single) : f32_to_f16(single);
        memcpy(at, &half, sizeof half);
    } else { /* little endian: the low bytes come first */
        memcpy(at, &whole, echo_array_type_size(type));
    }
}

void echo_fill_start(struct filling *f)
{
    f->size = echo_array_type_size(f->a->type);
    f->count = f->fan_in = 1;
    for (int d = 0; d < f->a->dims; d++) {
        f->count *= (size_t)f->a->shape[d];
        f->fan_in *= d ? (size_t)f->a->shape[d] : 1;
    }
    f->key = mix(f->g->seed + mix(hash_name(f->a->name)));
    f->spike_at = SIZE_MAX;
}

void echo_fill_normal(struct filling *f, double mean, double spread)
{
    for (size_t i = 0; i < NUMBERS_TABLE; i++)
        echo_store_number(f->a->type, f->g->table + i * f->size,
                          mean + spread * f->g->normal[i]);
}

void echo_fill_range(struct filling *f, double low, double high, bool ratio)
{
    for (size_t i = 0; i < NUMBERS_TABLE; i++) {
        double p = ((double)i + 0.5) / NUMBERS_TABLE;

        echo_store_number(f->a->type, f->g->table + i * f->size,
                          ratio ? low * pow(high / low, p) : low + (high - low) * p);
    }
}

/* count numbers from number `first` of a row on, which is a multiple of 4. */
static inline void gather(unsigned char *out, const unsigned char *table, size_t size,
                          uint64_t key, size_t first, size_t count)
{
    for (size_t i = 0; i < count; i += 4) {
        uint64_t h = mix(key + (first + i) / 4 * STEP);

        for (size_t j = 0; j < 4; j++)
            memcpy(out + (i + j) * size, table + (h >> 16 * j) % NUMBERS_TABLE * size, size);
    }
}

bool echo_fill_write_block(struct filling *f, size_t count)
{
    echo_out_write(f->out, f->g->block, count * f->size);
    return echo_meter_add(f->m, count * f->size) && !echo_out_failed(f->out);
}

bool echo_fill_write(struct filling *f, uint64_t row, size_t count)
{
    unsigned char *block = f->g->block;
    uint64_t key = mix(f->key + row);

    for (size_t at = 0, n; at < count; at += n) {
        n = count - at < NUMBERS_BLOCK ? count - at : NUMBERS_BLOCK;
        if (f->size == 2)
            gather(block, f->g->table, 2, key, at, n);
        else
            gather(block, f->g->table, 4, key, at, n);
        if (f->spike_at >= at && f->spike_at < at + n)
            echo_store_number(f->a->type, block + (f->spike_at - at) * f->size, f->spike);
        if (!echo_fill_write_block(f, n))
            return false;
    }
    return true;
}

double echo_fill_single(const struct filling *f, size_t i)
{
    return f->g->normal[mix(f->key + (i + 1) * STEP) % NUMBERS_TABLE];
}

/* x with P(N < x) = p, by Newton's method; good to the last bits after a handful of steps. */
static double normal_quantile(double p)
{
    double x = 0;

    for (int i = 0; i < 60; i++) {
        double off = 0.5 * erfc(-x * M_SQRT1_2) - p;
        double slope = exp(-x * x / 2) * M_2_SQRTPI * M_SQRT1_2 / 2;
        double step = off / slope;

        x -= fmax(-1, fmin(step, 1));
    }
    return x;
}

echo_status echo_numbers_open(struct numbers **out, uint64_t seed, echo_error *err)
{
    struct numbers *g = echo_alloc(sizeof *g);

    *out = g;
    if (!g)
        return echo_fail_memory(err, sizeof *g, "random numbers");
    memset(g, 0, sizeof *g);
    g->seed = seed;
    for (size_t i = 0; i < NUMBERS_TABLE; i++)
        g->normal[i] = normal_quantile(((double)i + 0.5) / NUMBERS_TABLE);
    return ECHO_OK;
}

void echo_numbers_close(struct numbers **g)
{
    echo_free(*g);
    *g = NULL;
}

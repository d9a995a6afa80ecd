/* SPDX-License-Identifier: MIT */
/*
 * recipes.c - what an array is filled with follows from its name: the first recipe that
 * fits.  The aim is a model whose activations are as large as the trained one's, outliers
 * included; a kinder one would let every precision pass.
 */
#include "synth/recipes.h"

#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One array being written, among the others of its file. */
struct job {
    struct filling f;
    const struct array_list *list;
    double latent_scale;
    double a, b; /* of the recipe */
};

/* ---- the ordinary ways ---- */

static bool write_normal(struct job *j, double mean, double spread)
{
    echo_fill_normal(&j->f, mean, spread);
    return echo_fill_write(&j->f, 0, j->f.count);
}

/* a: mean; b: standard deviation */
static bool normal(struct job *j)
{
    return write_normal(j, j->a, j->b);
}

/* Weights that make outputs `a` times as large as inputs. */
static bool keep(struct job *j)
{
    return write_normal(j, 0, j->a / sqrt((double)j->f.fan_in));
}

/* From a to b. */
static bool range(struct job *j)
{
    echo_fill_range(&j->f, j->a, j->b, false);
    return echo_fill_write(&j->f, 0, j->f.count);
}

static bool ratio(struct job *j)
{
    echo_fill_range(&j->f, j->a, j->b, true);
    return echo_fill_write(&j->f, 0, j->f.count);
}

/* Weights at the scale of the codec's latent, which the PCA scales to about 1. */
static bool latent(struct job *j)
{
    return write_normal(j, j->a / j->latent_scale, j->b / j->latent_scale);
}

static bool latent_scale(struct job *j)
{
    return write_normal(j, j->latent_scale, 0);
}

/* The weight norm g of a transposed convolution belongs to an input channel: of its kernel of
 * inputs x outputs x k = 2 strides, `inputs` x 2 taps meet in an output. */
static bool transposed(struct job *j)
{
    char name[512];
    const struct array *v;
    double taps = 1;

    snprintf(name, sizeof name, "%s", j->f.a->name);
    name[strlen(name) - 1] = '1'; /* original0 to original1 */
    v = echo_list_find(j->list, name);
    if (v && v->dims == 3 && v->shape[0] > 0)
        taps = (double)v->shape[1] * (double)v->shape[2] / (2 * (double)v->shape[0]);
    return write_normal(j, j->a * sqrt(taps), j->b * sqrt(taps));
}

/* ---- the residual stream of the DiT ---- */

/* Measured on the trained model: the standard deviation of the residual after the first and
 * after the last block; in between it grows by the same factor. */
#define FIRST_STD 0.27
#define LAST_STD  5.9
#define INPUT_STD 0.25

/* Mean squares of what the output projections see, times the gate behind them: 0.27 is E
 * tanh(gate)^2 (see gate_up.bias), 0.988 that of the MLP's hidden numbers, 0.31 E sigmoid(N)^2
 * and 0.50 what a softmax over scores of standard deviation 1.5 leaves of the values (see
 * q_norm and k_norm), nearly all of it what they share through the shift.  A model made so has
 * 0.27 and 5.6, and 196 for the largest number of all, where the trained one has 187.
 *
 * Shifts and scores are chosen so that an error made in an early layer is no larger in the
 * end, as it is in trained voices (bench/errors.c on models/small).  With scores of deviation 3
 * and small shifts it grew by 1.2 a layer: chaos, in which any two precisions differ. */
#define MLP_POWER       (0.27 * 0.988)
#define ATTENTION_POWER (0.27 * 0.31 * 0.50)

/* Channels that grow this many times as large as the others, by the MLPs' doing; the largest
 * of a window's values is three times that. */
static const double massive[] = { 11, 7, 5, 3 };
#define MASSIVE (sizeof massive / sizeof *massive)

struct residual {
    size_t channels[MASSIVE], n; /* the massive ones */
    double spread;               /* of one sub-block's share in all other channels */
};

/* The block's number and how many there are. */
static int block_of(const struct job *j, int *blocks)
{
    int i = 0, at = 0;

    *blocks = 1;
    for (size_t k = 0; k < j->list->n; k++)
        if (sscanf(j->list->arrays[k].name, "blocks.%d.", &i) == 1 && i >= *blocks)
            *blocks = i + 1;
    sscanf(j->f.a->name, "blocks.%d.", &at);
    return at;
}

static struct residual residual_of(const struct job *j)
{
    size_t size = j->f.count / j->f.fan_in;
    int blocks, block = block_of(j, &blocks);
    double growth = blocks > 1 ? pow(LAST_STD / FIRST_STD, 1.0 / (blocks - 1)) : 1;
    double after = FIRST_STD * pow(growth, block);
    double before = block ? after / growth : INPUT_STD;
    double share = 1; /* of all channels, in units of an ordinary one's */
    struct residual r = { .n = size / 512 < 1 ? 1 : size / 512 };

    if (r.n > MASSIVE)
        r.n = MASSIVE;
    for (size_t i = 0; i < r.n; i++) {
        r.channels[i] = echo_mix(j->f.g->seed + (i << 32)) % size;
        share += massive[i] * massive[i] / (double)size;
    }
    r.spread = sqrt((after * after - before * before) / share / 2);
    return r;
}

static bool residual_attention(struct job *j)
{
    j->a = residual_of(j).spread / sqrt(ATTENTION_POWER);
    return keep(j);
}

static bool residual_mlp(struct job *j)
{
    struct residual r = residual_of(j);
    double spread = r.spread / sqrt(MLP_POWER * (double)j->f.fan_in), now = 0;

    for (size_t row = 0; row * j->f.fan_in < j->f.count; row++) {
        double want = spread;

        for (size_t i = r.n; i-- > 0;) /* attention does not help: the MLP adds its half too */
            if (row == r.channels[i])
                want = spread * sqrt(2 * massive[i] * massive[i] - 1);
        if (want != now)
            echo_fill_normal(&j->f, 0, now = want);
        if (!echo_fill_write(&j->f, row, j->f.fan_in))
            return false;
    }
    return true;
}

/* One element of the last block's keys is so large that they peak at 510 instead of 10; the
 * queries have learnt to make little of it.  It is in the last head: the first half of the
 * heads is rotated, which would mix it with its neighbour. */
#define SPIKE        210
#define SPIKE_WITHIN 17 /* of the head */

static bool head_norm(struct job *j, double spike)
{
    int blocks, block = block_of(j, &blocks);
    size_t at = j->f.count - j->f.fan_in + SPIKE_WITHIN;

    if (block == blocks - 1 && at < j->f.count) {
        j->f.spike_at = at;
        j->f.spike = spike;
    }
    return normal(j);
}

static bool key_norm(struct job *j)
{
    return head_norm(j, SPIKE);
}

static bool query_norm(struct job *j)
{
    return head_norm(j, j->a * 6 / SPIKE);
}

/* ---- arrays that are not random, or not independently so ---- */

static bool zeros(struct job *j)
{
    memset(j->f.g->block, 0, sizeof j->f.g->block);
    for (size_t left = j->f.count, n; left; left -= n) {
        n = left < NUMBERS_BLOCK ? left : NUMBERS_BLOCK;
        if (!echo_fill_write_block(&j->f, n))
            return false;
    }
    return true;
}

/* Row r sees columns 0..r. */
static bool lower_triangle(struct job *j)
{
    size_t columns = j->f.fan_in;

    if (columns > NUMBERS_BLOCK)
        return zeros(j); /* nobody reads it; the codec's has 16,384 */
    memset(j->f.g->block, 0, sizeof j->f.g->block);
    for (size_t row = 0; row * columns < j->f.count; row++) {
        if (row < columns)
            echo_store_number(j->f.a->type, j->f.g->block + row * j->f.size, 1);
        if (!echo_fill_write_block(&j->f, columns))
            return false;
    }
    return true;
}

/* [position][pair][cos, sin] of position * a^(-pair / pairs), in float as PyTorch does. */
static bool rotations(struct job *j)
{
    size_t size = j->f.size, pairs = j->f.fan_in / 2;
    unsigned char *row = j->f.g->block;

    if (j->f.fan_in > NUMBERS_BLOCK || j->f.fan_in % 2)
        return zeros(j); /* another layout than the codec's */
    for (size_t position = 0; position * j->f.fan_in < j->f.count; position++) {
        for (size_t i = 0; i < pairs; i++) {
            float rate = 1 / powf((float)j->a, (float)i / (float)pairs);
            float angle = (float)position * rate;

            echo_store_number(j->f.a->type, row + 2 * i * size, cosf(angle));
            echo_store_number(j->f.a->type, row + (2 * i + 1) * size, sinf(angle));
        }
        if (!echo_fill_write_block(&j->f, j->f.fan_in))
            return false;
    }
    return true;
}

/* Make row n orthogonal to the rows before it and of length 1. */
static void orthonormalise(double *rows, size_t n, size_t columns)
{
    double *row = rows + n * columns, length = 0;

    for (size_t before = 0; before < n; before++) {
        double dot = 0;

        for (size_t i = 0; i < columns; i++)
            dot += row[i] * rows[before * columns + i];
        for (size_t i = 0; i < columns; i++)
            row[i] -= dot * rows[before * columns + i];
    }
    for (size_t i = 0; i < columns; i++)
        length += row[i] * row[i];
    for (size_t i = 0; i < columns; i++)
        row[i] /= sqrt(length);
}

static bool orthonormal(struct job *j)
{
    size_t columns = j->f.fan_in, n = j->f.count / columns;
    bool go_on = true;
    double *rows;

    if (n > columns || columns > NUMBERS_BLOCK)
        return normal(j); /* there are no such rows, or it is no PCA */
    if (!(rows = echo_alloc(echo_product(j->f.count, sizeof *rows))))
        return false;
    for (size_t i = 0; i < j->f.count; i++)
        rows[i] = echo_fill_single(&j->f, i);
    for (size_t i = 0; i < n && go_on; i++) {
        orthonormalise(rows, i, columns);
        for (size_t k = 0; k < columns; k++)
            echo_store_number(j->f.a->type, j->f.g->block + k * j->f.size,
                              rows[i * columns + k]);
        go_on = echo_fill_write_block(&j->f, columns);
    }
    echo_free(rows);
    return go_on;
}

/* ---- which array gets what ---- */

/* Patterns of fnmatch(); the first that fits counts.  In the codec a gain of 0.88 keeps the
 * variance behind a snake, which raises the mean square to 1.3, and 0.75 that of a block of
 * three residual units. */
static const struct recipe {
    const char *pattern;
    bool (*write)(struct job *j);
    double a, b;
} recipes[] = {
    { "pca_components", orthonormal, 0, 1 },
    { "pca_mean", latent, 0, 0.1 },
    { "latent_scale", latent_scale, 0, 0 },

    { "*causal_mask", lower_triangle, 0, 0 },
    { "*freqs_cis", rotations, 10000, 0 },
    { "*.alpha", ratio, 0.5, 2 },
    { "*.gamma", range, 0.1, 0.5 },
    { "encoder.block.0.conv.*original0", normal, 5, 0.5 }, /* speech has an rms of 0.1 */
    { "*.block.?.block.1.conv.*original0", normal, 0.88, 0.05 },
    { "*.block.?.block.3.conv.*original0", normal, 0.3, 0.03 },
    { "encoder.block.?.block.4.conv.*original0", normal, 0.75, 0.05 },
    { "encoder.block.?.conv.*original0", normal, 0.88, 0.05 },
    { "decoder.model.?.block.1.conv.*original0", transposed, 0.75, 0.05 },
    { "decoder.model.0.conv.*original0", normal, 1, 0.05 },
    { "decoder.model.?.conv.*original0", normal, 0.12, 0.005 }, /* and audio again */
    { "*semantic_quantizer*out_proj*original0", latent, 0.6, 0.05 },
    { "*quantizer*out_proj*original0", latent, 0.25, 0.02 },
    { "*original0", normal, 1, 0.05 },
    { "*codebook.weight", normal, 0, 1 },
    { "quantizer.pre_module.norm.weight", latent, 1, 0.1 },
    { "quantizer.upsample.?.0.conv.weight", keep, 1.41421356, 0 }, /* 1 of 2 taps */

    { "*embedding.weight", normal, 0, 1 },
    { "in_proj.weight", keep, INPUT_STD, 0 },
    { "*_encoder.in_proj.weight", keep, 3, 0 }, /* a division by 6 follows */
    { "blocks.*.attention.wo.weight", residual_attention, 0, 0 },
    { "blocks.*.mlp.w2.weight", residual_mlp, 0, 0 },
    { "blocks.*.q_norm.weight", query_norm, 0.75, 0.1 },
    { "blocks.*.k_norm.weight", key_norm, 2, 0.1 },
    { "*.gate_up.bias", normal, 0.55, 0.15 },
    { "*.shift_up.bias", normal, 0, 0.7 },
    { "*_up.bias", normal, 0, 0.05 },

    { "*norm.weight", normal, 1, 0.1 },
    { "*norm.bias", normal, 0, 0.05 },
    { "*.bias", normal, 0, 0.02 },
    { "*", keep, 1, 0 },
};

bool echo_recipe_write(struct numbers *g, const struct array_list *list, size_t index,
                       double scale, struct file_out *out, struct meter *m)
{
    struct job j = { .f = { .g = g, .a = &list->arrays[index], .out = out, .m = m },
                     .list = list,
                     .latent_scale = scale };
    const struct recipe *r = recipes;

    echo_fill_start(&j.f);
    if (!j.f.count)
        return true;
    while (fnmatch(r->pattern, j.f.a->name, 0)) /* the last one fits all */
        r++;
    j.a = r->a;
    j.b = r->b;
    if (j.f.a->type > ARRAY_F16 && r->write != lower_triangle)
        return zeros(&j); /* there is no random whole number in these models */
    return r->write(&j);
}

/* SPDX-License-Identifier: MIT */
#include "model/quantizer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Vectors of length 1; one of length 0 stays, and is never the nearest to anything else. */
static void normalise(float *out, const float *in, int n)
{
    float sum = 0;

    for (int i = 0; i < n; i++)
        sum += in[i] * in[i];
    float length = fmaxf(sqrtf(sum), 1e-12f);

    for (int i = 0; i < n; i++)
        out[i] = in[i] / length;
}

/* A projection of one tap: the weight norm of a matrix of rows. */
static void bind_projection(struct binder *b, struct weight *w, struct tensor *bias, int out,
                            int in, const char *stem)
{
    const char *norm = "parametrizations.weight.original";
    float *g = echo_bind_floats(b, out, 1, 1, "%s.%s0", stem, norm);
    float *v = echo_bind_floats(b, out, in, 1, "%s.%s1", stem, norm);

    if (g && v)
        echo_bind_fold(b, v, g, out, in, stem);
    if (g && v)
        echo_bind_made_weight(b, PART_CODEC_COARSE, w, v, out, in);
    *bias = echo_bind_vector(b, out, "%s.bias", stem);
    echo_free(g);
    echo_free(v);
}

static void bind_book(struct binder *b, struct codebook *c, int dim, const char *stem)
{
    char name[160];

    c->entries = echo_bind_dim(b, 0, "%s.codebook.weight", stem);
    c->dim = echo_bind_dim(b, 1, "%s.codebook.weight", stem);
    if (c->dim > QUANTIZER_MAX_DIM)
        echo_bind_fail(b,
                       "'%s.codebook.weight' has codes of %d numbers, at most %d are expected",
                       stem, c->dim, QUANTIZER_MAX_DIM);
    snprintf(name, sizeof name, "%s.in_proj", stem);
    bind_projection(b, &c->in, &c->in_bias, c->dim, dim, name);
    snprintf(name, sizeof name, "%s.out_proj", stem);
    bind_projection(b, &c->out, &c->out_bias, dim, c->dim, name);

    size_t count = (size_t)c->entries * (size_t)c->dim;
    float *rows = echo_bind_floats(b, c->entries, c->dim, 0, "%s.codebook.weight", stem);

    c->rows = echo_bind_memory(b, count, sizeof *rows);
    c->unit = echo_bind_memory(b, count, sizeof *rows);
    if (rows && c->rows && c->unit) {
        memcpy(c->rows, rows, count * sizeof *rows);
        for (size_t i = 0; i < count; i += (size_t)c->dim)
            normalise(c->unit + i, rows + i, c->dim);
    }
    echo_free(rows);
}

void echo_bind_quantizer(struct binder *b, struct quantizer *q, int dim)
{
    const char *residual = "quantizer.quantizer.quantizers.";
    char stem[80];

    q->dim = dim;
    q->books = 1 + echo_bind_count(b, residual);
    q->book = echo_bind_memory(b, (size_t)q->books, sizeof *q->book);
    if (!q->book)
        return;
    bind_book(b, &q->book[0], dim, "quantizer.semantic_quantizer.quantizers.0");
    for (int i = 1; i < q->books; i++) {
        snprintf(stem, sizeof stem, "%s%d", residual, i - 1);
        bind_book(b, &q->book[i], dim, stem);
    }
}

/* The entry of highest cosine, the first of equals; -1 if e is not finite. */
static int nearest(const struct codebook *c, const float *e)
{
    float unit[QUANTIZER_MAX_DIM], best = -INFINITY;
    int found = -1;

    normalise(unit, e, c->dim);
    for (int i = 0; i < c->entries; i++) {
        const float *row = c->unit + (size_t)i * (size_t)c->dim;
        float cosine = 0;

        for (int j = 0; j < c->dim; j++)
            cosine += unit[j] * row[j];
        if (cosine > best) {
            best = cosine;
            found = i;
        }
    }
    return found;
}

void echo_quantize(struct run *r, const struct quantizer *q, struct tensor sum, struct tensor z,
                   int32_t *codes, size_t stride)
{
    float e[QUANTIZER_MAX_ROWS * QUANTIZER_MAX_DIM] = { 0 };
    size_t mark = arena_mark(&r->arena);
    struct tensor part = scratch(r, z.rows, q->dim);

    ECHO_ASSERT(z.rows <= QUANTIZER_MAX_ROWS);
    op_zero(r->queue, sum);
    for (int i = 0; i < q->books; i++) {
        const struct codebook *c = &q->book[i];
        struct tensor low = scratch(r, z.rows, c->dim);

        op_linear(r->queue, low, z, &c->in, c->in_bias);
        op_read(r->queue, e, low);
        for (int j = 0; j < z.rows; j++) {
            float *row = e + (size_t)j * (size_t)c->dim;
            int code = nearest(c, row);

            if (code >= 0) /* else the row stays what it is, and is noticed in the end */
                memcpy(row, c->rows + (size_t)code * (size_t)c->dim,
                       (size_t)c->dim * sizeof *row);
            if (codes)
                codes[(size_t)i * stride + (size_t)j] = code;
        }
        op_write(r->queue, low, e);
        op_linear(r->queue, part, low, &c->out, c->out_bias);
        op_add(r->queue, sum, part, no_tensor, 1);
        op_add(r->queue, z, part, no_tensor, -1);
    }
    arena_reset(&r->arena, mark);
}

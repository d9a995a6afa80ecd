/* SPDX-License-Identifier: MIT */
#include "model/quantizer.h"

#include <math.h>
#include <stdio.h>

/* Vectors of length 1; one of length 0 stays, and is never the nearest to anything else. */
static void normalise(float *row, int n)
{
    float sum = 0;

    for (int i = 0; i < n; i++)
        sum += row[i] * row[i];
    float length = fmaxf(sqrtf(sum), 1e-12f);

    for (int i = 0; i < n; i++)
        row[i] /= length;
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
    int entries = echo_bind_dim(b, 0, "%s.codebook.weight", stem);
    int code = echo_bind_dim(b, 1, "%s.codebook.weight", stem);
    char name[160];

    snprintf(name, sizeof name, "%s.in_proj", stem);
    bind_projection(b, &c->in, &c->in_bias, code, dim, name);
    snprintf(name, sizeof name, "%s.out_proj", stem);
    bind_projection(b, &c->out, &c->out_bias, dim, code, name);

    float *rows = echo_bind_floats(b, entries, code, 0, "%s.codebook.weight", stem);

    if (rows) {
        c->rows = echo_bind_made(b, rows, entries, code);
        for (int i = 0; i < entries; i++)
            normalise(rows + (size_t)i * (size_t)code, code);
        c->unit = echo_bind_made(b, rows, entries, code);
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

void echo_quantize(struct run *r, const struct quantizer *q, struct tensor sum,
                   struct tensor codes, struct tensor z)
{
    size_t mark = arena_mark(&r->arena);
    struct tensor part = scratch(r, z.rows, q->dim);

    op_zero(r->queue, sum);
    for (int i = 0; i < q->books; i++) {
        const struct codebook *c = &q->book[i];
        struct tensor low = scratch(r, z.rows, c->in.n), code = tensor_cols(codes, i, 1);

        op_linear(r->queue, low, z, &c->in, c->in_bias);
        op_nearest(r->queue, code, low, c->unit);
        op_gather(r->queue, low, code, c->rows);
        op_linear(r->queue, part, low, &c->out, c->out_bias);
        op_add(r->queue, sum, part, no_tensor, 1);
        op_add(r->queue, z, part, no_tensor, -1);
    }
    arena_reset(&r->arena, mark);
}

/* SPDX-License-Identifier: MIT */
/*
 * check_ops.c - how the CPU backend cuts products and attention: long stretches of k, several
 * taps, few and many rows, windows and branches, against sums in double; and the same bits for
 * 1 and 3 threads, together and row by row.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "base/pool.h"
#include "check.h"

/* Two backends over the same kernels. */
struct pair {
    struct pool *pool[2];
    struct backend *be[2];
};

static struct tensor matrix(struct buffer *b, int rows, int cols, uint64_t *seed)
{
    size_t n = (size_t)rows * (size_t)cols;

    *b = (struct buffer){ malloc(n * sizeof(float)), n * sizeof(float) };
    check_fill(b->host, n, seed);
    return (struct tensor){ b, 0, rows, cols, cols };
}

static const float *row(struct tensor t, int i)
{
    return (const float *)t.buf->host + (size_t)i * (size_t)t.ld;
}

/* ---- products ---- */

static const struct product {
    int m, n, taps, k, dilation;
    bool add, stays;
} products[] = {
    { 5, 50, 1, 2500, 1, false, true },   { 70, 100, 1, 1025, 1, true, true },
    { 9, 33, 7, 700, 3, false, false },   { 300, 17, 3, 1500, 1, false, false },
    { 20, 49, 7, 200, 9, true, false },   { 1, 48, 1, 4096, 1, true, true },
    { 130, 40, 2, 1024, 1, false, false }, { 64, 15, 1, 1040, 1, false, true },
    { 17, 64, 5, 600, 2, true, true },    { 700, 20, 1, 40, 1, false, false },
};

static bool near_double(struct check *c, const struct product *p, const float *y,
                        const float *start, struct tensor x, const float *w, const float *bias)
{
    int k = p->taps * p->k;

    for (int i = 0; i < p->m; i++)
        for (int j = 0; j < p->n; j++) {
            double sum = bias[j] + (p->add ? (double)start[i * p->n + j] : 0), size = fabs(sum);

            for (int t = 0; t < p->taps; t++)
                for (int q = 0; q < p->k; q++) {
                    double v = (double)row(x, i + t * p->dilation)[q] *
                               w[(size_t)j * (size_t)k + (size_t)(t * p->k + q)];

                    sum += v;
                    size += fabs(v);
                }
            if (!check_near(c, y[i * p->n + j], (float)sum,
                            (k + 2) * (double)FLT_EPSILON * size, "product", i, j))
                return false;
        }
    return true;
}

static bool one_product(struct check *c, const struct pair *pair, const struct product *p,
                        uint64_t *seed)
{
    struct buffer xb, wb, bb, yb[3];
    struct tensor x = matrix(&xb, p->m + (p->taps - 1) * p->dilation, p->k, seed);
    struct tensor w = matrix(&wb, p->n, p->taps * p->k, seed),
                  bias = matrix(&bb, 1, p->n, seed);
    struct tensor y[3] = { matrix(&yb[0], p->m, p->n, seed), matrix(&yb[1], p->m, p->n, seed),
                           matrix(&yb[2], p->m, p->n, seed) };
    float *start = malloc(yb[0].bytes);
    bool ok;

    memcpy(start, yb[0].host, yb[0].bytes);
    memcpy(yb[1].host, start, yb[0].bytes);
    memcpy(yb[2].host, start, yb[0].bytes);
    for (int i = 0; i < 3; i++) {
        struct backend *be = pair->be[i == 1];
        struct weight weight;

        be->ops->load(be, &weight, wb.host, DT_F32, p->n, p->taps * p->k, p->stays);
        if (i < 2)
            be->ops->linear(be, y[i], x, &weight, bias, p->taps, p->dilation, p->add);
        for (int r = 0; i == 2 && r < p->m; r++) /* row by row */
            be->ops->linear(be, tensor_rows(y[2], r, 1),
                            tensor_rows(x, r, 1 + (p->taps - 1) * p->dilation), &weight, bias,
                            p->taps, p->dilation, p->add);
        be->ops->free(be, &weight.data);
    }
    ok = near_double(c, p, yb[0].host, start, x, wb.host, bb.host);
    if (memcmp(yb[0].host, yb[1].host, yb[0].bytes) ||
        memcmp(yb[0].host, yb[2].host, yb[0].bytes)) {
        snprintf(c->where, sizeof c->where, "bits depend on threads or rows: k = %d x %d",
                 p->taps, p->k);
        ok = false;
    }
    (void)w;
    free(start);
    free(xb.host);
    free(wb.host);
    free(bb.host);
    for (int i = 0; i < 3; i++)
        free(yb[i].host);
    return ok;
}

/* ---- attention ---- */

struct scene {
    int heads, head, queries, branches, segments, window;
    int keys[3]; /* of a branch */
    struct kv kv[3];
};

/* Does query i of branch b see key r of segment g? */
static bool sees(const struct scene *s, int g, int b, int i, int r)
{
    int place = i + s->keys[g] - s->queries;

    if (!(s->kv[g].seen_by >> b & 1))
        return false;
    return s->window == SEE_ALL ||
           (r <= place && (s->window == SEE_PAST || r > place - s->window));
}

/*
 * What query i of branch b gets through head h: out [head].  Returns how far float32 may be
 * off: a score is a sum of `head` products, so its exponential is off by as many eps of their
 * sizes; the weighted values are a sum over all keys.
 */
static double attend(const struct scene *s, struct tensor q, int b, int i, int h, double *out)
{
    double top = -INFINITY, sum = 0, size = 0, weighted = 0;
    int keys = 0;

    memset(out, 0, (size_t)s->head * sizeof *out);
    for (int pass = 0; pass < 2; pass++)
        for (int g = 0; g < s->segments; g++)
            for (int r = 0; r < s->keys[g]; r++) {
                int key = r + (s->kv[g].per_branch ? b * s->keys[g] : 0);
                const float *k = row(s->kv[g].k, key) + h * s->head;
                const float *v = row(s->kv[g].v, key) + h * s->head;
                double score = 0, sizes = 0, largest = 0;

                if (!sees(s, g, b, i, r))
                    continue;
                for (int c = 0; c < s->head; c++) {
                    double product = (double)row(q, b * s->queries + i)[h * s->head + c] * k[c];

                    score += product / sqrt(s->head);
                    sizes += fabs(product) / sqrt(s->head);
                    largest = fmax(largest, fabs(v[c]));
                }
                keys++;
                size = fmax(size, sizes);
                weighted += pass == 1 ? exp(score - top) * largest : 0;
                top = pass == 0 && score > top ? score : top;
                for (int c = 0; pass == 1 && c < s->head; c++)
                    out[c] += exp(score - top) * v[c];
                sum += pass == 1 ? exp(score - top) : 0;
            }
    for (int c = 0; c < s->head; c++)
        out[c] /= sum;
    return weighted / sum * (2 * (s->head + 4) * size + keys + 8) * FLT_EPSILON;
}

static bool one_scene(struct check *c, const struct pair *pair, struct scene *s, uint64_t *seed)
{
    int cols = s->heads * s->head, rows = s->queries * s->branches;
    struct buffer kb[3], vb[3], qb, yb[2];
    struct tensor q = matrix(&qb, rows, cols, seed);
    struct tensor y[2] = { matrix(&yb[0], rows, cols, seed), matrix(&yb[1], rows, cols, seed) };
    bool ok = true;

    for (size_t i = 0; i < (size_t)rows * (size_t)cols; i++)
        ((float *)qb.host)[i] *= 0.01f; /* scores of a sensible size */
    for (int g = 0; g < s->segments; g++) {
        int keys = s->keys[g] * (s->kv[g].per_branch ? s->branches : 1);

        s->kv[g].k = matrix(&kb[g], keys, cols, seed);
        s->kv[g].v = matrix(&vb[g], keys, cols, seed);
    }
    for (int t = 0; t < 2; t++)
        op_attention(pair->be[t], y[t], q, s->kv, s->segments, s->heads, s->branches,
                     s->window);
    for (int i = 0; i < rows && ok; i++)
        for (int h = 0; h < s->heads && ok; h++) {
            double want[256];

            double bound = attend(s, q, i / s->queries, i % s->queries, h, want);

            for (int j = 0; j < s->head && ok; j++)
                ok = check_near(c, row(y[0], i)[h * s->head + j], (float)want[j], bound,
                                "attention", i, j);
        }
    if (memcmp(yb[0].host, yb[1].host, yb[0].bytes)) {
        snprintf(c->where, sizeof c->where, "attention: bits depend on threads");
        ok = false;
    }
    for (int g = 0; g < s->segments; g++) {
        free(kb[g].host);
        free(vb[g].host);
    }
    free(qb.host);
    free(yb[0].host);
    free(yb[1].host);
    return ok;
}

static bool attention(struct check *c, const struct pair *pair, uint64_t *seed)
{
    static const int heads[] = { 2, 6, 16, 34, 64, 250 };
    bool ok = true;

    for (int i = 0; i < 12; i++) {
        bool windowed = i >= 8;
        struct scene s = { .heads = 1 + i % 3,
                           .head = heads[i % 6],
                           .queries = 1 + 37 * (i % 4),
                           .branches = windowed ? 1 : 1 + i % 3,
                           .segments = windowed ? 1 : 1 + i % 3,
                           .window = !windowed ? SEE_ALL
                                     : i & 1   ? SEE_PAST
                                               : 20,
                           .keys = { 0, 300, 5 },
                           .kv = { { .seen_by = ~0u, .per_branch = true },
                                   { .seen_by = ~2u },
                                   { .seen_by = ~0u } } };

        s.keys[0] = s.queries + (windowed ? 13 * (i % 3) : 0);
        ok = one_scene(c, pair, &s, seed) && ok;
    }
    return ok;
}

void check_ops(struct check *c)
{
    struct pair pair = { 0 };
    uint64_t seed = 4;
    bool ok = true;

    for (int i = 0; i < 2; i++)
        if (echo_pool_open(&pair.pool[i], i ? 3 : 1, NULL) ||
            echo_cpu_backend(&pair.be[i], c->flags, pair.pool[i], NULL))
            abort();
    for (size_t i = 0; i < sizeof products / sizeof *products; i++)
        ok = one_product(c, &pair, &products[i], &seed) && ok;
    check_end(c, "products, cut", ok);
    check_end(c, "attention", attention(c, &pair, &seed));
    for (int i = 0; i < 2; i++) {
        pair.be[i]->ops->close(pair.be[i]);
        echo_pool_close(&pair.pool[i]);
    }
}

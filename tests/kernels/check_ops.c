/* SPDX-License-Identifier: MIT */
/*
 * check_ops.c - how the CPU cuts matmuls and attention: long blocks of k, several
 * taps, few and many rows, windows and branches, against sums in double; and the same bits for
 * 1 and 3 threads, together and row by row.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/ops.h"
#include "backend/cpu/cpu.h"
#include "base/bf16.h"
#include "base/pool.h"
#include "check.h"

/* Two devices over the same kernels: of one thread, and of three. */
struct pair {
    struct device *device[2];
    struct queue *queue[2];
};

static struct tensor matrix(struct buffer *b, int rows, int cols, uint64_t *seed)
{
    size_t n = (size_t)rows * (size_t)cols;

    *b = (struct buffer){ .host = malloc(n * sizeof(float)), .bytes = n * sizeof(float) };
    check_fill(b->host, n, seed);
    return (struct tensor){ b, 0, rows, cols, cols, DT_F32 };
}

static const float *row(struct tensor t, int i)
{
    return (const float *)t.buf->host + (size_t)i * (size_t)t.ld;
}

/* ---- matmuls ---- */

static const struct shape {
    int m, n, taps, k, dilation;
    enum epilogue epilogue;
    enum dtype x_dtype;
    bool stays;
} shapes[] = {
    { 5, 50, 1, 2500, 1, EPILOGUE_STORE, DT_F32, true },
    { 70, 100, 1, 1025, 1, EPILOGUE_ADD, DT_F32, true },
    { 9, 33, 7, 700, 3, EPILOGUE_STORE, DT_F32, false },
    { 300, 17, 3, 1500, 1, EPILOGUE_STORE, DT_F32, false },
    { 20, 49, 7, 200, 9, EPILOGUE_ADD, DT_F32, false },
    { 1, 48, 1, 4096, 1, EPILOGUE_ADD, DT_F32, true },
    { 130, 40, 2, 1024, 1, EPILOGUE_STORE, DT_F32, false },
    { 64, 15, 1, 1040, 1, EPILOGUE_STORE, DT_F32, true },
    { 17, 64, 5, 600, 2, EPILOGUE_ADD, DT_F32, true },
    { 700, 20, 1, 40, 1, EPILOGUE_STORE, DT_F32, false },
    { 2100, 50, 1, 30, 1, EPILOGUE_SWIGLU, DT_F32, true },
    { 33, 100, 1, 1500, 1, EPILOGUE_GATED_ADD, DT_F32, true },
    { 66, 49, 1, 1100, 1, EPILOGUE_GATE, DT_F32, false },
    { 5, 50, 1, 2501, 1, EPILOGUE_STORE, DT_BF16, false },
    { 100, 65, 7, 64, 3, EPILOGUE_ADD, DT_BF16, false },
    { 2100, 33, 2, 10, 1, EPILOGUE_STORE, DT_BF16, false },
    { 70, 100, 1, 999, 1, EPILOGUE_SWIGLU, DT_BF16, false },
    { 5, 50, 1, 2503, 1, EPILOGUE_STORE, DT_I8, false },
    { 1, 48, 1, 5888, 1, EPILOGUE_ADD, DT_I8, false },
    { 70, 100, 1, 999, 1, EPILOGUE_SWIGLU, DT_I8, false },
    { 2100, 33, 1, 18, 1, EPILOGUE_GATED_ADD, DT_I8, false },
    { 129, 97, 1, 512, 1, EPILOGUE_GATE, DT_I8, false },
};

/* The numbers that quantised rows stand for; of weights, their divisors. */
static float *rounded(float *x, int rows, int k, enum dtype dtype, bool weights)
{
    float *out = malloc((size_t)rows * (size_t)k * sizeof *out);
    struct gemm_fns plain;

    echo_gemm_init(&plain, 0);
    for (int i = 0; i < rows; i++, x += k) {
        float top = 0;

        if (dtype == DT_I8)
            plain.hadamard(x, k);
        for (int p = 0; weights && dtype == DT_I8 && p < k; p++)
            x[p] /= (float)echo_hadamard_size(k);

        for (int p = 0; p < k; p++)
            top = fabsf(x[p]) > top ? fabsf(x[p]) : top;
        for (int p = 0; p < k; p++) {
            float v = x[p];

            if (dtype == DT_BF16)
                v = bf16_to_f32(f32_to_bf16(v));
            if (dtype == DT_I8)
                v = rintf(v * (127 / top)) * (top / 127);
            out[(ptrdiff_t)i * k + p] = v;
        }
    }
    return out;
}

/* A sum of products, and how far float32 may be off. */
struct sum {
    double value, bound;
};

static struct sum sum_of(const struct shape *s, const float *x, const float *w, float start,
                         int i, int j)
{
    int k = s->taps * s->k;
    struct sum r = { start, fabs((double)start) };

    for (int t = 0; t < s->taps; t++)
        for (int p = 0; p < s->k; p++) {
            double v = (double)x[(ptrdiff_t)(i + t * s->dilation) * s->k + p] *
                       w[(ptrdiff_t)j * k + t * s->k + p];

            r.value += v;
            r.bound += fabs(v);
        }
    r.bound *= (k + 4) * (double)FLT_EPSILON;
    return r;
}

/* The expected result of an epilogue.  Sigmoid and silu are steep by at most 1/4 and 1.1, and
 * are computed to a few eps. */
static struct sum finished(const struct shape *s, struct sum a, struct sum b, double gate,
                           double start)
{
    double sigmoid = 1 / (1 + exp(-a.value)), silu = a.value * sigmoid;

    switch (s->epilogue) {
    case EPILOGUE_GATED_ADD:
        return (struct sum){ start + gate * a.value,
                             fabs(gate) * a.bound + 2 * FLT_EPSILON *
                                 (fabs(start) + fabs(gate * a.value)) };
    case EPILOGUE_GATE:
        return (struct sum){ start * sigmoid,
                             fabs(start) * (a.bound / 4 + 16 * FLT_EPSILON) + 1e-36 };
    case EPILOGUE_SWIGLU:
        return (struct sum){ silu * b.value,
                             1.1 * a.bound * fabs(b.value) + (fabs(silu) + a.bound) * b.bound +
                                 16 * FLT_EPSILON * (1 + fabs(a.value)) * fabs(b.value) };
    default: return a;
    }
}

/* Does it add a bias, and use nothing else? */
static bool is_plain(const struct shape *s)
{
    return s->epilogue == EPILOGUE_STORE || s->epilogue == EPILOGUE_ADD;
}

struct case_data {
    struct buffer x, w[2], bias, gate, y[3];
    struct tensor tx, tbias, tgate, ty[3];
};

static bool near_double(struct check *c, const struct shape *s, const struct case_data *d,
                        const float *start)
{
    float *x = rounded(d->x.host, d->tx.rows, s->k, s->x_dtype, false);
    float *w[2] = { rounded(d->w[0].host, s->n, s->taps * s->k, s->x_dtype, true),
                    rounded(d->w[1].host, s->n, s->taps * s->k, s->x_dtype, true) };
    const float *y = d->y[0].host, *bias = d->bias.host, *gate = d->gate.host;
    bool plain = is_plain(s), ok = true;

    for (int i = 0; i < s->m && ok; i += s->m > 60 ? 7 : 1)
        for (int j = 0; j < s->n && ok; j++) {
            float before = start[i * s->n + j];
            float from = plain ? bias[j] + (s->epilogue == EPILOGUE_ADD ? before : 0) : 0;
            struct sum a = sum_of(s, x, w[0], from, i, j);
            struct sum b = s->epilogue == EPILOGUE_SWIGLU ? sum_of(s, x, w[1], 0, i, j) : a;
            struct sum r = finished(s, a, b, gate[j], before);

            ok = check_near(c, y[i * s->n + j], (float)r.value, r.bound, "product", i, j);
        }
    free(x);
    free(w[0]);
    free(w[1]);
    return ok;
}

/* x quantised. */
static struct tensor quantized(struct queue *q, struct buffer *b, struct tensor x,
                         enum dtype dtype)
{
    struct run r = { .queue = q, .mem = b, .arena = { .cap = SIZE_MAX } };
    struct tensor t = scratch_of(&r, x.rows, x.cols, dtype);

    *b = (struct buffer){ .host = malloc(r.arena.used), .bytes = r.arena.used };
    op_copy(q, t, x);
    return t;
}

static void multiply(struct queue *q, const struct shape *s, const struct case_data *d,
                     struct tensor y, bool row_by_row)
{
    struct weight w[2];
    struct buffer rounded_x;
    struct tensor x = quantized(q, &rounded_x, d->tx, s->x_dtype);
    int reach = (s->taps - 1) * s->dilation;

    for (int i = 0; i < 2; i++)
        q->device->ops->load(q->device, &w[i],
                             &(struct weight_source){ .data = d->w[i].host, .dtype = DT_F32,
                                                      .n = s->n, .k = s->taps * s->k,
                                                      .x_dtype = s->x_dtype,
                                                      .stays = s->stays });
    for (int r = 0; r < (row_by_row ? s->m : 1); r++) {
        op_matmul(q, &(struct op){
                          .kind = OP_MATMUL,
                          .y = row_by_row ? tensor_rows(y, r, 1) : y,
                          .x = row_by_row ? tensor_rows(x, r, 1 + reach) : x,
                          .w = &w[0],
                          .w2 = s->epilogue == EPILOGUE_SWIGLU ? &w[1] : NULL,
                          .a = is_plain(s) ? d->tbias : no_tensor,
                          .b = s->epilogue == EPILOGUE_GATED_ADD ? d->tgate : no_tensor,
                          .taps = s->taps,
                          .dilation = s->dilation,
                          .epilogue = s->epilogue });
    }
    for (int i = 0; i < 2; i++)
        q->device->ops->free(q->device, &w[i].bytes);
    free(rounded_x.host);
}

static bool one_product(struct check *c, const struct pair *pair, const struct shape *s,
                        uint64_t *seed)
{
    struct case_data d;
    int k = s->taps * s->k;
    bool ok;

    d.tx = matrix(&d.x, s->m + (s->taps - 1) * s->dilation, s->k, seed);
    matrix(&d.w[0], s->n, k, seed);
    matrix(&d.w[1], s->n, k, seed);
    d.tbias = matrix(&d.bias, 1, s->n, seed);
    d.tgate = matrix(&d.gate, 1, s->n, seed);
    for (int i = 0; i < 3; i++)
        d.ty[i] = matrix(&d.y[i], s->m, s->n, seed);
    float *start = malloc(d.y[0].bytes);

    memcpy(start, d.y[0].host, d.y[0].bytes);
    for (int i = 0; i < 3; i++) {
        memcpy(d.y[i].host, start, d.y[0].bytes);
        multiply(pair->queue[i == 1], s, &d, d.ty[i], i == 2);
    }
    ok = near_double(c, s, &d, start);
    if (memcmp(d.y[0].host, d.y[1].host, d.y[0].bytes) ||
        memcmp(d.y[0].host, d.y[2].host, d.y[0].bytes)) {
        snprintf(c->where, sizeof c->where, "bits depend on threads or rows: k = %d x %d",
                 s->taps, s->k);
        ok = false;
    }
    free(start);
    free(d.x.host);
    free(d.w[0].host);
    free(d.w[1].host);
    free(d.bias.host);
    free(d.gate.host);
    for (int i = 0; i < 3; i++)
        free(d.y[i].host);
    return ok;
}

/* ---- attention ---- */

struct scene {
    int heads, head_dim, queries, branches, segments, window;
    enum dtype precision;
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
           (r <= place && (s->window == SEE_CAUSAL || r > place - s->window));
}

/*
 * Attention of query i of branch b through head h: out [head].  Returns how far float32 may be
 * off: a score is a sum of `head` products, so its exponential is off by as many eps of their
 * sizes; the weighted values are a sum over all keys.
 */
static double attend(const struct scene *s, struct tensor q, int b, int i, int h, double *out)
{
    double top = -INFINITY, sum = 0, size = 0, weighted = 0;
    int keys = 0;

    memset(out, 0, (size_t)s->head_dim * sizeof *out);
    for (int pass = 0; pass < 2; pass++)
        for (int g = 0; g < s->segments; g++)
            for (int r = 0; r < s->keys[g]; r++) {
                int key = r + (s->kv[g].per_branch ? b * s->keys[g] : 0);
                const float *k = row(s->kv[g].k, key) + h * s->head_dim;
                const float *v = row(s->kv[g].v, key) + h * s->head_dim;
                double scale = s->kv[g].scale ? s->kv[g].scale : 1;
                double score = 0, sizes = 0, largest = 0;

                if (!sees(s, g, b, i, r))
                    continue;
                for (int c = 0; c < s->head_dim; c++) {
                    const float *query = row(q, b * s->queries + i) + h * s->head_dim;
                    double product = (double)query[c] * k[c] * scale;

                    score += product / sqrt(s->head_dim);
                    sizes += fabs(product) / sqrt(s->head_dim);
                    largest = fmax(largest, fabs(v[c] * scale));
                }
                keys++;
                size = fmax(size, sizes);
                weighted += pass == 1 ? exp(score - top) * largest : 0;
                top = pass == 0 && score > top ? score : top;
                for (int c = 0; pass == 1 && c < s->head_dim; c++)
                    out[c] += exp(score - top) * v[c] * scale;
                sum += pass == 1 ? exp(score - top) : 0;
            }
    for (int c = 0; c < s->head_dim; c++)
        out[c] /= sum;
    /* the probabilities themselves may be rounded, to nine bits */
    double rounding = s->precision == DT_BF16 ? 1.0 / 256 : 0;
    double sums = (2 * (s->head_dim + 4) * size + keys + 8) * FLT_EPSILON;

    return weighted / sum * (sums + rounding);
}

/* Numbers that are what rounding makes of them. */
static void round_to(enum dtype precision, struct buffer *b)
{
    float *x = b->host;

    for (size_t i = 0; precision == DT_BF16 && i < b->bytes / sizeof *x; i++)
        x[i] = bf16_to_f32(f32_to_bf16(x[i]));
}

static bool one_scene(struct check *c, const struct pair *pair, struct scene *s, uint64_t *seed)
{
    int cols = s->heads * s->head_dim, rows = s->queries * s->branches;
    struct buffer kb[3], vb[3], qb, yb[2];
    struct tensor q = matrix(&qb, rows, cols, seed);
    struct tensor y[2] = { matrix(&yb[0], rows, cols, seed), matrix(&yb[1], rows, cols, seed) };
    bool ok = true;

    for (size_t i = 0; i < (size_t)rows * (size_t)cols; i++)
        ((float *)qb.host)[i] *= 0.01f; /* scores of a sensible size */
    round_to(s->precision, &qb);
    for (int g = 0; g < s->segments; g++) {
        int keys = s->keys[g] * (s->kv[g].per_branch ? s->branches : 1);

        s->kv[g].k = matrix(&kb[g], keys, cols, seed);
        s->kv[g].v = matrix(&vb[g], keys, cols, seed);
        round_to(s->precision, &kb[g]);
        round_to(s->precision, &vb[g]);
    }
    for (int t = 0; t < 2; t++)
        op_attention(pair->queue[t], y[t], q, s->heads,
                     &(struct attention){ s->kv, s->segments, s->branches, s->window,
                                          s->precision });
    for (int i = 0; i < rows && ok; i += rows > 70 ? 11 : 1)
        for (int h = 0; h < s->heads && ok; h++) {
            double want[256];

            double bound = attend(s, q, i / s->queries, i % s->queries, h, want);

            for (int j = 0; j < s->head_dim && ok; j++)
                ok = check_near(c, row(y[0], i)[h * s->head_dim + j], (float)want[j], bound,
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

static bool attention(struct check *c, const struct pair *pair, enum dtype precision,
                      uint64_t *seed)
{
    static const int heads[] = { 2, 6, 16, 34, 64, 250 };
    static const float scales[2][2] = { { 0, 0.5f }, { 0, 1.5f } }; /* 0.5 rounds nothing */
    bool ok = true;

    for (int i = 0; i < (precision == DT_F32 ? 12 : 8); i++) {
        bool windowed = i >= 8;
        struct scene s = { .precision = precision,
                           .heads = 1 + i % 3,
                           .head_dim = heads[i % 6],
                           .queries = 1 + 37 * (i % 4),
                           .branches = windowed ? 1 : 1 + i % 3,
                           .segments = windowed ? 1 : 1 + i % 3,
                           .window = !windowed ? SEE_ALL
                                     : i & 1   ? SEE_CAUSAL
                                               : 20,
                           .keys = { 0, 300, 5 },
                           .kv = { { .seen_by = ~0u, .per_branch = true },
                                   { .seen_by = ~2u,
                                     .scale = scales[precision == DT_F32][i % 2] },
                                   { .seen_by = ~0u } } };

        s.keys[0] = s.queries + (windowed ? 13 * (i % 3) : 0);
        ok = one_scene(c, pair, &s, seed) && ok;
    }
    return ok;
}

/* ---- codes ---- */

/* Of a table of rows of length 1 the nearest is found, by double's judgement, and taken. */
static bool codes(struct check *c, const struct pair *pair, uint64_t *seed)
{
    enum { ROWS = 37, ENTRIES = 1024, DIM = 8 };
    struct buffer xb, tb, ib, yb;
    struct tensor x = matrix(&xb, ROWS, DIM, seed), table = matrix(&tb, ENTRIES, DIM, seed);
    struct tensor index = matrix(&ib, ROWS, 1, seed), y = matrix(&yb, ROWS, DIM, seed);
    bool ok = true;

    ((float *)xb.host)[5 * DIM] = NAN;
    ((float *)xb.host)[6 * DIM + 7] = INFINITY;
    for (int q = 0; q < 2; q++) {
        op_nearest(pair->queue[q], index, x, table);
        op_gather(pair->queue[q], y, index, table);
        for (int i = 0; i < ROWS; i++) {
            int found = (int)*row(index, i);
            double best = -INFINITY, got = -INFINITY;

            if (i == 5 || i == 6) {
                ok = ok && found == -1 && isnan(*row(y, i));
                continue;
            }
            for (int e = 0; e < ENTRIES; e++) {
                double sum = 0;

                for (int k = 0; k < DIM; k++)
                    sum += (double)row(x, i)[k] * row(table, e)[k];
                best = sum > best ? sum : best;
                got = e == found ? sum : got;
            }
            ok = ok && got > best - 1e-5 &&
                 !memcmp(row(y, i), row(table, found), DIM * sizeof(float));
        }
    }
    if (!ok)
        snprintf(c->where, sizeof c->where, "the nearest of %d", ENTRIES);
    free(xb.host);
    free(tb.host);
    free(ib.host);
    free(yb.host);
    return ok;
}

void check_ops(struct check *c)
{
    struct pair pair = { 0 };
    uint64_t seed = 4;
    bool ok = true;

    for (int i = 0; i < 2; i++) {
        struct device **device = &pair.device[i];

        if (echo_cpu_device(device, c->flags, i ? 3 : 1, NULL) ||
            (*device)->ops->open_queue(*device, &pair.queue[i], NULL))
            abort();
        to_cpu(*device)->gemm = c->gemm;
    }
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (check_is_new(c, shapes[i].x_dtype))
            ok = one_product(c, &pair, &shapes[i], &seed) && ok;
    check_end(c, "matmuls, cut", ok);
    check_end(c, "codes", codes(c, &pair, &seed));
    if (check_is_new(c, DT_BF16))
        check_end(c, "attention bf16", attention(c, &pair, DT_BF16, &seed));
    if (!c->emulated && check_is_new(c, DT_F32))
        check_end(c, "attention", attention(c, &pair, DT_F32, &seed));
    for (int i = 0; i < 2; i++) {
        pair.queue[i]->ops->close(pair.queue[i]);
        pair.device[i]->ops->close(pair.device[i]);
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * rows.c - ops that go row by row: copies, norms, activations, sums; and their outputs in
 * other dtypes, which a product with 1 in its diagonal reads back.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "trial.h"

#define EPS            (double)FLT_EPSILON
#define NORM_EPS       1e-5 /* docs/MODEL.md */
#define LAYER_NORM_EPS 1e-6

struct rows;

/* y, x, and two more; `first` is the row of the whole where these begin. */
typedef void run_fn(const struct rows *, struct tensor y, struct tensor x, int first);
typedef void want_fn(const struct rows *, int i, int n, double *value, double *bound);

struct kind {
    const char *name;
    run_fn *run;
    want_fn *want;
    bool changes; /* y is read, too */
    bool reads;   /* x is read */
    bool over;    /* y may be x */
    bool rounds;  /* y may be of another dtype */
    bool silu;    /* of a gate */
    int a_rows, b_rows;
};

struct rows {
    struct subject s;
    const struct kind *kind;
    struct queue *q;
    struct matrix x, y, a, b, rounded;
    const struct weight *identity;
    bool over; /* y is x */
    int taps, heads, rope_heads;
    float factor;
};

static const float *start_of(const struct rows *r, int i)
{
    return matrix_row(r->kind->changes || r->over ? &r->y : &r->x, i);
}

static const float *row_or_none(struct matrix m, int i)
{
    return has_tensor(m.t) ? matrix_row(&m, i) : NULL;
}

/* ---- moving ---- */

static void run_copy(const struct rows *r, struct tensor y, struct tensor x, int first)
{
    (void)first;
    op_copy(r->q, y, x);
}

static void want_copy(const struct rows *r, int i, int n, double *value, double *bound)
{
    for (int j = 0; j < n; j++) {
        value[j] = (double)matrix_row(&r->x, i)[j];
        bound[j] = 0;
    }
}

static void run_zero(const struct rows *r, struct tensor y, struct tensor x, int first)
{
    (void)x, (void)first;
    op_zero(r->q, y);
}

static void want_zero(const struct rows *r, int i, int n, double *value, double *bound)
{
    (void)r, (void)i;
    memset(value, 0, (size_t)n * sizeof *value);
    memset(bound, 0, (size_t)n * sizeof *bound);
}

/* In place of an op: numbers go in and out as they are, and the source is ours again. */
static void run_write(const struct rows *r, struct tensor y, struct tensor x, int first)
{
    size_t bytes = (size_t)y.rows * (size_t)y.cols * sizeof(float);
    float *numbers = trial_host(r->s.trial, bytes);

    (void)first;
    op_read(r->q, numbers, x);
    op_write(r->q, y, numbers);
    memset(numbers, 0xff, bytes);
}

/* ---- norms ---- */

/* 1 / the root of the mean square. */
static double inverse_rms(const float *x, int n)
{
    double sum = 0;

    for (int j = 0; j < n; j++)
        sum += (double)x[j] * (double)x[j];
    return 1 / sqrt(sum / n + NORM_EPS);
}

/* A sum of n squares is within n eps, its root within half of that; some roundings follow. */
static double norm_bound(int n)
{
    return (n / 2.0 + 8) * EPS;
}

static void run_rms_norm(const struct rows *r, struct tensor y, struct tensor x, int first)
{
    (void)first;
    op_rms_norm(r->q, y, x, r->a.t);
}

static void want_rms_norm(const struct rows *r, int i, int n, double *value, double *bound)
{
    const float *x = start_of(r, i), *gain = matrix_row(&r->a, 0);
    double inverse = inverse_rms(x, n);

    for (int j = 0; j < n; j++) {
        value[j] = (double)x[j] * inverse * (double)gain[j];
        bound[j] = norm_bound(n) * fabs(value[j]);
    }
}

static void run_layer_norm(const struct rows *r, struct tensor y, struct tensor x, int first)
{
    (void)first;
    op_layer_norm(r->q, y, x, r->a.t, r->b.t);
}

/* The mean is off by up to n eps times the mean size, and that is divided by the deviation. */
static void want_layer_norm(const struct rows *r, int i, int n, double *value, double *bound)
{
    const float *x = start_of(r, i), *gain = matrix_row(&r->a, 0), *bias = matrix_row(&r->b, 0);
    double mean = 0, size = 0, squares = 0;

    for (int j = 0; j < n; j++) {
        mean += (double)x[j] / n;
        size += fabs(x[j]) / n;
    }
    for (int j = 0; j < n; j++)
        squares += ((double)x[j] - mean) * ((double)x[j] - mean) / n;
    double deviation = sqrt(squares + LAYER_NORM_EPS);

    for (int j = 0; j < n; j++) {
        double error = ((n + 4) * EPS * size + 4 * EPS * fabs(x[j])) / deviation;
        double product = ((double)x[j] - mean) / deviation * (double)gain[j];

        value[j] = product + (double)bias[j];
        bound[j] = error * fabs(gain[j]) + norm_bound(2 * n) * fabs(product) +
                   2 * EPS * fabs(bias[j]);
    }
}

static void run_adaln(const struct rows *r, struct tensor y, struct tensor x, int first)
{
    (void)first;
    op_adaln(r->q, y, x, r->a.t, r->b.t);
}

static void want_adaln(const struct rows *r, int i, int n, double *value, double *bound)
{
    const float *x = start_of(r, i), *scale = matrix_row(&r->a, 0);
    double inverse = inverse_rms(x, n);

    for (int j = 0; j < n; j++) {
        double product = (double)x[j] * inverse * (1 + (double)scale[j]);
        double shift = (double)matrix_row(&r->b, 0)[j];

        value[j] = product + shift;
        bound[j] = norm_bound(n) * fabs(product) + 2 * EPS * fabs(shift);
    }
}

static void run_heads(const struct rows *r, struct tensor y, struct tensor x, int first)
{
    int period = r->b.t.rows, n;

    (void)x;
    if (first % period == 0 && y.rows % period == 0) {
        op_head_norm_rope(r->q, y, r->a.t, r->b.t, r->heads, r->rope_heads);
        return;
    }
    for (int i = 0; i < y.rows; i += n) { /* pieces, of which none goes round */
        int at = (first + i) % period;

        n = y.rows - i < period - at ? y.rows - i : period - at;
        op_head_norm_rope(r->q, tensor_rows(y, i, n), r->a.t, tensor_rows(r->b.t, at, n),
                          r->heads, r->rope_heads);
    }
}

static void want_heads(const struct rows *r, int i, int n, double *value, double *bound)
{
    const float *gain = row_or_none(r->a, 0), *rope = matrix_row(&r->b, i % r->b.t.rows);
    int head = n / r->heads;

    for (int j = 0; j < n; j++) {
        int h = j / head * head, c = j - h, other = h + (c ^ 1);
        const float *x = matrix_row(&r->y, i);
        double inverse = gain ? inverse_rms(x + h, head) : 1;
        double a = (double)x[j] * inverse * (gain ? (double)gain[j] : 1);
        double b = (double)x[other] * inverse * (gain ? (double)gain[other] : 1);

        value[j] = a;
        bound[j] = gain ? norm_bound(head) * fabs(a) : 0;
        if (j / head < r->rope_heads) {
            value[j] = a * (double)rope[c] + b * (double)rope[head + c];
            bound[j] = norm_bound(head) *
                       (fabs(a * (double)rope[c]) + fabs(b * (double)rope[head + c]));
        }
    }
}

/* ---- sums ---- */

static void run_add(const struct rows *r, struct tensor y, struct tensor x, int first)
{
    (void)first;
    op_add(r->q, y, x, r->a.t, r->factor);
}

static void want_add(const struct rows *r, int i, int n, double *value, double *bound)
{
    const float *gain = row_or_none(r->a, 0);

    for (int j = 0; j < n; j++) {
        double more = (double)r->factor * (double)matrix_row(&r->x, i)[j] *
                      (gain ? (double)gain[j] : 1);

        value[j] = (double)matrix_row(&r->y, i)[j] + more;
        bound[j] = EPS * (fabs(value[j]) + 2 * fabs(more));
    }
}

static void run_scale(const struct rows *r, struct tensor y, struct tensor x, int first)
{
    (void)x, (void)first;
    op_scale(r->q, y, r->factor);
}

static void want_scale(const struct rows *r, int i, int n, double *value, double *bound)
{
    for (int j = 0; j < n; j++) {
        value[j] = (double)matrix_row(&r->y, i)[j] * (double)r->factor;
        bound[j] = EPS * fabs(value[j]);
    }
}

static void run_depthwise(const struct rows *r, struct tensor y, struct tensor x, int first)
{
    (void)first;
    op_depthwise(r->q, y, x, r->a.t, r->b.t);
}

static void want_depthwise(const struct rows *r, int i, int n, double *value, double *bound)
{
    const float *bias = row_or_none(r->b, 0);

    for (int j = 0; j < n; j++) {
        double sum = bias ? (double)bias[j] : 0, size = fabs(sum);

        for (int t = 0; t < r->taps; t++) {
            double v = (double)matrix_row(&r->a, t)[j] * (double)matrix_row(&r->x, i + t)[j];

            sum += v;
            size += fabs(v);
        }
        value[j] = sum;
        bound[j] = (r->taps + 1) * EPS * size;
    }
}

/* ---- activations ---- */

static void run_silu(const struct rows *r, struct tensor y, struct tensor x, int first)
{
    (void)first;
    op_silu(r->q, y, x);
}

static void run_gate(const struct rows *r, struct tensor y, struct tensor x, int first)
{
    (void)first;
    op_gate(r->q, y, x, r->kind->silu);
}

/* As below, and one product more. */
static void want_gate(const struct rows *r, int i, int n, double *value, double *bound)
{
    for (int j = 0; j < n; j++) {
        double x = (double)matrix_row(&r->x, i)[j], y = (double)matrix_row(&r->y, i)[j];
        double sigmoid = 1 / (1 + exp(-x)), factor = r->kind->silu ? x * sigmoid : sigmoid;

        value[j] = y * factor;
        bound[j] = fabs(value[j]) * (7 + (1 - sigmoid) * (3 + 2 * fabs(x))) * EPS +
                   1e-35 * fmax(fabs(x), 1) * fmax(fabs(y), 1);
    }
}

/* An exponential is within 3 + 2 |x| ulp, as Vulkan promises; it may stop at 1e-38. */
static void want_silu(const struct rows *r, int i, int n, double *value, double *bound)
{
    for (int j = 0; j < n; j++) {
        double x = (double)start_of(r, i)[j], sigmoid = 1 / (1 + exp(-x));

        value[j] = x * sigmoid;
        bound[j] = fabs(value[j]) * (6 + (1 - sigmoid) * (3 + 2 * fabs(x))) * EPS +
                   1e-35 * fmax(fabs(x), 1);
    }
}

static void run_gelu(const struct rows *r, struct tensor y, struct tensor x, int first)
{
    (void)first;
    op_gelu(r->q, y, x);
}

/* Abramowitz and Stegun's erf is within 1.5e-7; half of x times that. */
static void want_gelu(const struct rows *r, int i, int n, double *value, double *bound)
{
    for (int j = 0; j < n; j++) {
        double x = (double)start_of(r, i)[j];

        value[j] = 0.5 * x * (1 + erf(x * 0.70710678118654752440));
        bound[j] = 3e-7 * fabs(x) + 4 * EPS * fabs(value[j]);
    }
}

static void run_tanh(const struct rows *r, struct tensor y, struct tensor x, int first)
{
    (void)x, (void)first;
    op_tanh(r->q, y);
}

static void want_tanh(const struct rows *r, int i, int n, double *value, double *bound)
{
    for (int j = 0; j < n; j++) {
        value[j] = tanh((double)start_of(r, i)[j]);
        bound[j] = 8 * EPS * fabs(value[j]);
    }
}

static void run_snake(const struct rows *r, struct tensor y, struct tensor x, int first)
{
    (void)first;
    op_snake(r->q, y, x, r->a.t);
}

/* The argument in half turns is rounded once: pi |u| eps.  A polynomial is within 4e-7. */
static void want_snake(const struct rows *r, int i, int n, double *value, double *bound)
{
    const double pi = 3.14159265358979323846;

    for (int j = 0; j < n; j++) {
        double x = (double)start_of(r, i)[j], u = x * (double)matrix_row(&r->a, 0)[j];
        double inverse = (double)matrix_row(&r->a, 1)[j], s = sin(pi * u);

        value[j] = x + s * s * inverse;
        bound[j] = (3.2 * fabs(u) * EPS + 1e-6) * inverse +
                   2 * EPS * (fabs(value[j]) + fabs(x));
    }
}

static const struct kind kinds[] = {
    { .name = "write and read", .run = run_write, .want = want_copy, .reads = true },
    { .name = "copy", .run = run_copy, .want = want_copy, .reads = true, .rounds = true },
    { .name = "zero", .run = run_zero, .want = want_zero },
    { .name = "rms norm", .run = run_rms_norm, .want = want_rms_norm, .reads = true,
      .rounds = true, .a_rows = 1 },
    { .name = "layer norm", .run = run_layer_norm, .want = want_layer_norm, .reads = true,
      .rounds = true, .a_rows = 1, .b_rows = 1 },
    { .name = "adaln", .run = run_adaln, .want = want_adaln, .reads = true, .rounds = true,
      .a_rows = 1, .b_rows = 1 },
    { .name = "add", .run = run_add, .want = want_add, .reads = true, .changes = true },
    { .name = "add with gain", .run = run_add, .want = want_add, .reads = true,
      .changes = true, .a_rows = 1 },
    { .name = "scale", .run = run_scale, .want = want_scale, .changes = true },
    { .name = "depthwise", .run = run_depthwise, .want = want_depthwise, .reads = true,
      .a_rows = 7 },
    { .name = "depthwise with bias", .run = run_depthwise, .want = want_depthwise,
      .reads = true, .a_rows = 4, .b_rows = 1 },
    { .name = "silu", .run = run_silu, .want = want_silu, .reads = true, .rounds = true },
    { .name = "gate", .run = run_gate, .want = want_gate, .reads = true, .changes = true },
    { .name = "silu gate", .run = run_gate, .want = want_gate, .reads = true, .changes = true,
      .silu = true },
    { .name = "gelu", .run = run_gelu, .want = want_gelu, .reads = true, .rounds = true,
      .over = true },
    { .name = "tanh", .run = run_tanh, .want = want_tanh, .changes = true },
    { .name = "snake", .run = run_snake, .want = want_snake, .reads = true, .rounds = true,
      .over = true, .a_rows = 2 },
};

static const struct kind heads_kind = { .name = "heads", .run = run_heads, .want = want_heads,
                                        .changes = true, .a_rows = 1 };

/* ---- at work ---- */

static void run_rows(const struct subject *s, int first, int count)
{
    const struct rows *r = (const struct rows *)s;
    bool rounds = s->rounded_to != DT_F32;
    struct tensor y = tensor_rows(rounds ? r->rounded.t : r->y.t, first, count), x = y;

    if (!count)
        return;
    if (r->kind->reads && !r->over)
        x = tensor_rows(r->x.t, first, count + r->taps - 1);
    r->kind->run(r, y, x, first);
    if (rounds)
        op_linear(r->q, tensor_rows(r->y.t, first, count), y, r->identity, no_tensor);
}

static void want_rows(const struct subject *s, int i, double *value, double *bound)
{
    const struct rows *r = (const struct rows *)s;

    r->kind->want(r, i, s->y->t.cols, value, bound);
}

static bool reads_row(const struct subject *s, int i, int row)
{
    return row >= i && row < i + ((const struct rows *)s)->taps;
}

enum fill { FILL_ORDINARY, FILL_SMALL, FILL_EXTREME };

static void fill(struct trial *t, const struct matrix *m, enum fill how)
{
    static const float extreme[] = { 1e4f, -1e4f, 0, -0.0f, 1e-40f, -1e-42f, 1e-30f, -1e-20f,
                                     88, -88, 104, -104, 20, -20, 0.625f, -0.62499f, 5.5f,
                                     -5.5f, 3, -3, 1e-3f, -1e-5f, 700, -700, 0.1f };
    int k = 0, count = sizeof extreme / sizeof *extreme;

    trial_fill(t, m, 0, how == FILL_SMALL ? 4e-3 : 8); /* small: a norm's epsilon counts */
    for (int i = 0; how == FILL_EXTREME && i < m->t.rows; i++)
        for (int j = 0; j < m->t.cols; j++)
            matrix_row(m, i)[j] = extreme[k++ % count];
}

/* alpha / pi and 1 / alpha, of alpha to 0.1: with the extremes, up to 1000. */
static void fill_alpha(const struct matrix *a)
{
    for (int j = 0; j < a->t.cols; j++) {
        float alpha = 0.02f + 0.08f * fabsf(matrix_row(a, 0)[j]);

        matrix_row(a, 0)[j] = alpha / 3.14159265f;
        matrix_row(a, 1)[j] = 1 / alpha;
    }
}

/* The operands that r lacks, and the verdict. */
static void judge(struct trial *t, struct rows *r, int rows, int cols, enum place place,
                  enum fill how, enum dtype dtype)
{
    const struct kind *k = r->kind;
    enum place weights = r->taps > 1 ? PLACE_DENSE : PLACE_COLUMNS; /* see op_depthwise() */
    int n = 0;

    r->s = (struct subject){ .trial = t, .y = &r->y, .rounded_to = dtype, .run = run_rows,
                             .want = want_rows, .reads = reads_row };
    r->q = t->run.queue;
    r->y = trial_matrix(t, place, rows, cols);
    if (k->changes || r->over)
        fill(t, &r->y, how);
    r->s.x = k->changes || r->over ? &r->y : NULL;
    if (k->reads && !r->over) {
        r->x = trial_matrix(t, place == PLACE_ROWS ? PLACE_COLUMNS : PLACE_ROWS,
                            rows + r->taps - 1, cols);
        fill(t, &r->x, how);
        r->s.x = &r->x;
    }
    if (k->a_rows) {
        r->a = trial_matrix(t, weights, k->a_rows, cols);
        trial_fill(t, &r->a, 0, 1);
        if (k->run == run_snake)
            fill_alpha(&r->a);
        r->s.inputs[n++] = &r->a;
    }
    if (k->b_rows) {
        r->b = trial_matrix(t, PLACE_COLUMNS, k->b_rows, cols);
        trial_fill(t, &r->b, 0, 1);
    }
    if (has_tensor(r->b.t))
        r->s.inputs[n++] = &r->b;
    if (dtype != DT_F32) {
        r->rounded = trial_rounded(t, place == PLACE_DENSE ? place : PLACE_ROWS, rows, cols,
                                   dtype);
        r->s.rounded = &r->rounded;
        r->identity = trial_identity(t, cols, dtype);
    }
    trial_judge(&r->s);
}

static void try_kind(struct trial *t, const struct kind *k, int rows, int cols,
                     enum place place, enum fill how, enum dtype dtype)
{
    for (int over = 0; over <= (k->over && dtype == DT_F32); over++) {
        struct rows r = { .kind = k, .over = over, .factor = rows % 2 ? -1 : 0.5f,
                          .taps = k->run == run_depthwise ? k->a_rows : 1 };

        trial_begin(t, "%s%s, %d x %d%s, to %s", k->name, over ? " in place" : "", rows, cols,
                    (const char *[]){ "", ", small", ", extremes" }[how], trial_dtype(dtype));
        judge(t, &r, rows, cols, place, how, dtype);
        trial_end(t);
    }
}

/* ---- heads and their rotations ---- */

static const struct heads_shape {
    int rows, heads, head, rope_heads, period;
    bool gain;
} heads_shapes[] = {
    { 1, 1, 2, 1, 1, false },  { 6, 3, 16, 2, 3, true },   { 67, 2, 64, 2, 67, true },
    { 20, 4, 80, 0, 5, true }, { 9, 2, 128, 2, 9, false }, { 21, 3, 32, 3, 7, false },
    { 4, 2, 256, 1, 2, true }, { 5, 2, 6, 0, 1, false },
};

/* op_rope_table(): row i has cos, cos for each pair, then -sin, sin. */
static void check_table(struct trial *t, const struct matrix *rope, int position, int step,
                        bool rounded)
{
    int head = rope->t.cols / 2;
    double worst = 0;

    for (int i = 0; i < rope->t.rows; i++)
        for (int c = 0; c < head; c++) {
            double at = position + i * step;
            double angle = at * pow(10000, -(double)(c - c % 2) / head);
            double sine = c % 2 ? sin(angle) : -sin(angle);
            double bound = 8 * EPS * (angle + 1) + (rounded ? 0x1p-8 : 0);
            const float *row = matrix_row(rope, i);

            worst = fmax(worst, fabs((double)row[c] - cos(angle)) / bound);
            worst = fmax(worst, fabs((double)row[head + c] - sine) / bound);
        }
    trial_check(t, worst <= 1, "the table of rotations is off by %.3g bounds", worst);
}

static void try_heads(struct trial *t, const struct heads_shape *h, int which)
{
    struct rows r = { .kind = &heads_kind, .taps = 1, .heads = h->heads,
                      .rope_heads = h->rope_heads };
    struct kind without = heads_kind;

    without.a_rows = 0;
    if (!h->gain)
        r.kind = &without;
    trial_begin(t, "head norm and rope, %d x %d x %d, %d heads turned, %d rotations%s", h->rows,
                h->heads, h->head, h->rope_heads, h->period, h->gain ? "" : ", no gain");
    r.b = trial_matrix(t, which % 2 ? PLACE_COLUMNS : PLACE_ROWS, h->period, 2 * h->head);
    trial_send(t, &r.b);
    op_rope_table(t->run.queue, r.b.t, 11, 3, which % 3 == 0);
    const float *got = trial_fetch(t, &r.b, "rotations");

    for (int i = 0; i < h->period; i++)
        memcpy(matrix_row(&r.b, i), got + (ptrdiff_t)i * r.b.ld,
               (size_t)r.b.t.cols * sizeof *got);
    check_table(t, &r.b, 11, 3, which % 3 == 0);
    judge(t, &r, h->rows, h->heads * h->head, which % 2 ? PLACE_ROWS : PLACE_COLUMNS,
          which == 1 ? FILL_SMALL : which == 2 ? FILL_EXTREME : FILL_ORDINARY, DT_F32);
    trial_end(t);
}

static const struct size {
    int rows, cols;
    enum place place;
} sizes[] = {
    { 1, 1, PLACE_ROWS },    { 3, 2, PLACE_COLUMNS },   { 5, 7, PLACE_ROWS },
    { 2, 16, PLACE_DENSE },  { 67, 33, PLACE_COLUMNS }, { 9, 80, PLACE_ROWS },
    { 4, 250, PLACE_DENSE }, { 3, 1280, PLACE_ROWS },   { 300, 12, PLACE_COLUMNS },
    { 0, 8, PLACE_ROWS },
}, rounded_sizes[] = {
    { 1, 2, PLACE_ROWS },  { 5, 7, PLACE_ROWS },   { 17, 10, PLACE_DENSE },
    { 6, 33, PLACE_ROWS }, { 67, 48, PLACE_ROWS }, { 3, 512, PLACE_ROWS },
    { 40, 96, PLACE_DENSE },
};

#define COUNT(a) (int)(sizeof(a) / sizeof *(a))

static void try_rounded_rows(struct trial *t, enum dtype dtype)
{
    for (int k = 0; k < COUNT(kinds); k++)
        for (int i = 0; kinds[k].rounds && i < COUNT(rounded_sizes); i++) {
            const struct size *s = &rounded_sizes[i];

            if (dtype != DT_I8 || s->place != PLACE_DENSE)
                try_kind(t, &kinds[k], s->rows, s->cols, s->place, FILL_ORDINARY, dtype);
        }
}

void try_rows(struct trial *t)
{
    for (int k = 0; k < COUNT(kinds); k++) {
        for (int i = 0; i < COUNT(sizes); i++)
            try_kind(t, &kinds[k], sizes[i].rows, sizes[i].cols, sizes[i].place, FILL_ORDINARY,
                     DT_F32);
        try_kind(t, &kinds[k], 3, 48, PLACE_ROWS, FILL_SMALL, DT_F32);
        try_kind(t, &kinds[k], 4, 61, PLACE_COLUMNS, FILL_EXTREME, DT_F32);
    }
    for (int i = 0; i < COUNT(heads_shapes); i++)
        try_heads(t, &heads_shapes[i], i);
    for (enum dtype dtype = DT_BF16; dtype < DTYPES; dtype++)
        if (t->device->traits.computes[dtype])
            try_rounded_rows(t, dtype);
}

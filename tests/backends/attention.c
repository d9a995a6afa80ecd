/* SPDX-License-Identifier: MIT */
/*
 * attention.c - heads of many sizes, branches that see different segments, windows, and every
 * precision.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/bf16.h"
#include "base/integers.h"
#include "trial.h"

#define SEGMENTS  4
#define MOST_KEYS 1024

static const struct scene {
    int heads, head, queries, branches, window;
    int keys[SEGMENTS]; /* of a branch, if it has its own; until 0 */
    unsigned shared;    /* bit g: segment g is shared by all branches */
    unsigned seen_by[SEGMENTS];
    float scale[SEGMENTS];
    bool as_given; /* numbers need rounding */
    enum place place;
} scenes[] = {
    { .heads = 2, .head = 16, .queries = 0, .branches = 1, .keys = { 3 }, .seen_by = { 1 } },
    { .heads = 2, .head = 2, .queries = 1, .branches = 1, .keys = { 1 }, .seen_by = { 1 } },
    { .heads = 3, .head = 16, .queries = 17, .branches = 1, .keys = { 17 }, .seen_by = { 1 } },
    /* the last branch sees only its own */
    { .heads = 2, .head = 32, .queries = 5, .branches = 3, .keys = { 5, 33, 300 }, .shared = 6,
      .seen_by = { 7, 1, 3 }, .scale = { 0, 0, 0.5f }, .place = PLACE_COLUMNS },
    { .heads = 2, .head = 64, .queries = 65, .branches = 2, .keys = { 65, 16, 1, 40 },
      .shared = 14, .seen_by = { 3, 1, 2, 3 }, .scale = { 0, 0.5f, 0, 2 } },
    { .heads = 1, .head = 80, .queries = 16, .branches = 2, .keys = { 100 }, .shared = 1,
      .seen_by = { 3 } },
    { .heads = 2, .head = 128, .queries = 37, .branches = 3, .keys = { 37, 1, 20, 129 },
      .shared = 6, .seen_by = { 7, 5, 2, 6 }, .scale = { 0, 0.5f } },
    { .heads = 1, .head = 256, .queries = 20, .branches = 1, .keys = { 20, 47 }, .shared = 2,
      .seen_by = { 1, 1 }, .place = PLACE_COLUMNS },
    { .heads = 5, .head = 16, .queries = 330, .branches = 1, .keys = { 330 },
      .seen_by = { 1 } },
    /* all segments are a branch's own, and bits of branches that are not there */
    { .heads = 4, .head = 32, .queries = 3, .branches = 2, .keys = { 3, 31 },
      .seen_by = { ~0u, ~1u } },
    { .heads = 2, .head = 64, .queries = 37, .branches = 1, .window = SEE_CAUSAL,
      .keys = { 50 }, .seen_by = { 1 } },
    { .heads = 3, .head = 16, .queries = 70, .branches = 1, .window = SEE_CAUSAL,
      .keys = { 70 }, .seen_by = { ~0u }, .place = PLACE_COLUMNS },
    { .heads = 2, .head = 32, .queries = 40, .branches = 1, .window = 5, .keys = { 53 },
      .seen_by = { 1 } },
    { .heads = 1, .head = 2, .queries = 1, .branches = 1, .window = 5, .keys = { 1 },
      .seen_by = { 1 } },
    { .heads = 2, .head = 16, .queries = 150, .branches = 1, .window = 128, .keys = { 300 },
      .seen_by = { 1 } },
    { .heads = 1, .head = 64, .queries = 8, .branches = 1, .window = 128, .keys = { 143 },
      .seen_by = { 1 } },
    { .heads = 1, .head = 128, .queries = 33, .branches = 1, .window = 1, .keys = { 40 },
      .seen_by = { 1 } },
    { .heads = 2, .head = 64, .queries = 30, .branches = 2, .keys = { 30, 77 }, .shared = 2,
      .seen_by = { 3, 1 }, .scale = { 0, 1.5f }, .as_given = true },
    { .heads = 1, .head = 128, .queries = 20, .branches = 1, .window = 128, .keys = { 90 },
      .seen_by = { 1 }, .as_given = true },
};

struct look {
    struct subject s;
    const struct scene *scene;
    enum dtype precision;
    int segments;
    struct matrix q, y, k[SEGMENTS], v[SEGMENTS];
};

/* ---- what is wanted ---- */

/* A key that a query sees. */
struct seen {
    const float *k, *v;
    double scale, score, size; /* size: of the score's products */
};

static int seen_keys(const struct look *l, int row, int h, struct seen *list)
{
    const struct scene *s = l->scene;
    int branch = row / s->queries, i = row % s->queries, n = 0;

    for (int g = 0; g < l->segments; g++)
        for (int r = 0; r < s->keys[g]; r++) {
            int place = i + s->keys[g] - s->queries;
            int key = r + (s->shared >> g & 1 ? 0 : branch * s->keys[g]);
            bool hidden = s->window != SEE_ALL && (r > place || r <= place - s->window);

            if (hidden || !(s->seen_by[g] >> branch & 1))
                continue;
            list[n++] = (struct seen){ .k = matrix_row(&l->k[g], key) + h * s->head,
                                       .v = matrix_row(&l->v[g], key) + h * s->head,
                                       .scale = s->scale[g] ? (double)s->scale[g] : 1 };
        }
    return n;
}

/* Scores of n keys; returns the largest. */
static double score(const struct look *l, const float *q, struct seen *list, int n)
{
    double top = -INFINITY;

    for (int i = 0; i < n; i++) {
        for (int c = 0; c < l->scene->head; c++) {
            double product = (double)q[c] * (double)list[i].k[c] * list[i].scale /
                             sqrt(l->scene->head);

            list[i].score += product;
            list[i].size += fabs(product);
        }
        top = fmax(top, list[i].score);
    }
    return top;
}

/*
 * How far the weighted mean may be off, relative to the largest weighted value.  A score is a
 * sum of `head` products, so its exponential is off by as many eps of their sizes.  Vulkan
 * promises an exponential within 3 + 2 |x| ulp.  Probabilities are rounded to the precision,
 * and what is too small for an ordinary float16 may be lost.
 */
static double weight_bound(const struct look *l, const struct seen *key, double x)
{
    double unit = l->precision == DT_F32 ? 0 : trial_unit(l->precision);
    double given = l->scene->as_given ? 2 * unit + unit * unit : 0, p = exp(x);
    double off = 2 * key->size * ((l->scene->head + 4) * (double)FLT_EPSILON + given);
    double lost = l->precision == DT_F16 ? fmin(p, 0x1p-14) : 0;

    return p * (expm1(off) + (6 + 2 * fabs(x)) * (double)FLT_EPSILON + unit) + lost;
}

static void attend(const struct look *l, const float *q, struct seen *list, int n,
                   double *value, double *bound)
{
    double top = score(l, q, list, n), sum = 0, off = 0, unit = trial_unit(l->precision);
    int head = l->scene->head;

    for (int i = 0; i < n; i++) {
        sum += exp(list[i].score - top);
        off += weight_bound(l, &list[i], list[i].score - top);
    }
    for (int c = 0; c < head; c++) {
        double v = 0, largest = 0, sizes = 0;

        for (int i = 0; i < n; i++) {
            double p = exp(list[i].score - top) / sum;
            double x = (double)list[i].v[c] * list[i].scale;

            v += p * x;
            sizes += p * fabs(x);
            largest = fmax(largest, fabs(x));
        }
        value[c] = v;
        bound[c] = 2 * off / sum * largest + sizes * (n + 8) * (double)FLT_EPSILON +
                   (l->scene->as_given ? sizes * unit : 0);
    }
}

static void want(const struct subject *s, int i, double *value, double *bound)
{
    static struct seen list[MOST_KEYS];
    const struct look *l = (const struct look *)s;
    int head = l->scene->head;

    for (int h = 0; h < l->scene->heads; h++) {
        int n = seen_keys(l, i, h, list);

        attend(l, matrix_row(&l->q, i) + h * head, list, n, value + h * head,
               bound + h * head);
    }
}

/* ---- at work ---- */

static struct kv segment(const struct look *l, int g)
{
    const struct scene *s = l->scene;

    return (struct kv){ .k = l->k[g].t, .v = l->v[g].t, .seen_by = s->seen_by[g],
                        .scale = s->scale[g], .per_branch = !(s->shared >> g & 1) };
}

static void ask(const struct look *l, int first, int rows, struct kv *kv, int n, int branches)
{
    struct attention a = { kv, n, branches, l->scene->window, l->precision };

    op_attention(l->s.trial->run.queue, tensor_rows(l->y.t, first, rows),
                 tensor_rows(l->q.t, first, rows), l->scene->heads, &a);
    memset(&a, 0xff, sizeof a); /* they are ours again */
    memset(kv, 0xff, (size_t)n * sizeof *kv);
}

/* Keys first.. of a segment, `count` of them. */
static void cut(struct kv *kv, int first, int count)
{
    kv->k = tensor_rows(kv->k, first, count);
    kv->v = tensor_rows(kv->v, first, count);
}

/*
 * Some queries of one branch, as if there were no other.  Of a window, keys behind them are not
 * there, nor whole sixteens before, which nobody sees.
 */
static void ask_alone(const struct look *l, int branch, int i, int rows)
{
    const struct scene *s = l->scene;
    struct kv kv[SEGMENTS];
    int n = 0;

    for (int g = 0; g < l->segments; g++) {
        if (!(s->seen_by[g] >> branch & 1))
            continue;
        kv[n] = segment(l, g);
        kv[n].seen_by = 1;
        if (kv[n].per_branch)
            cut(&kv[n], branch * s->keys[g], s->keys[g]);
        if (s->window != SEE_ALL) {
            int place = i + s->keys[g] - s->queries, begin = place - s->window + 1;

            begin = begin < 0 || l->precision != DT_F32 ? 0 : begin / 16 * 16;
            cut(&kv[n], begin, place + rows - begin);
        }
        n++;
    }
    ask(l, branch * s->queries + i, rows, kv, n, 1);
}

static void look(const struct subject *s, int first, int rows)
{
    const struct look *l = (const struct look *)s;
    int queries = l->scene->queries, end = first + rows;
    struct kv kv[SEGMENTS];

    if (rows == l->q.t.rows) {
        for (int g = 0; g < l->segments; g++)
            kv[g] = segment(l, g);
        ask(l, 0, rows, kv, l->segments, l->scene->branches);
        return;
    }
    for (int n; first < end; first += n) {
        n = at_most(end - first, queries - first % queries);
        ask_alone(l, first / queries, first % queries, n);
    }
}

/* Random numbers, which rounding does not change unless the scene says so. */
static struct matrix numbers(struct trial *t, const struct scene *s, enum dtype precision,
                             int rows, double size)
{
    struct matrix m = trial_matrix(t, s->place, rows, s->heads * s->head);

    trial_fill(t, &m, 0, size);
    for (int i = 0; i < rows && !s->as_given; i++)
        for (int c = 0; c < m.t.cols; c++) {
            float *x = matrix_row(&m, i) + c;

            *x = precision == DT_BF16  ? bf16_to_f32(f32_to_bf16(*x))
                 : precision == DT_F16 ? f16_to_f32(f32_to_f16(*x))
                                       : *x;
            *x = fabsf(*x) < 0x1p-14f ? 0 : *x; /* too small for an ordinary float16 */
        }
    return m;
}

static void try_scene(struct trial *t, const struct scene *s, enum dtype precision)
{
    struct look l = { .scene = s, .precision = precision };
    int rows = s->queries * s->branches, n = 0;

    trial_begin(t, "attention %s, %d heads of %d, %d queries, %d branches, window %d, keys "
                   "%d %d %d %d",
                trial_dtype(precision), s->heads, s->head, s->queries, s->branches,
                s->window, s->keys[0], s->keys[1], s->keys[2],
                s->keys[3]);
    l.q = numbers(t, s, precision, rows, 4);
    l.y = trial_matrix(t, s->place, rows, s->heads * s->head);
    l.s = (struct subject){ .trial = t, .y = &l.y, .x = &l.q, .run = look, .want = want,
                            .step = rows > 40 ? 7 : 1 };
    for (; l.segments < SEGMENTS && s->keys[l.segments]; l.segments++) {
        int g = l.segments, keys = s->keys[g] * (s->shared >> g & 1 ? 1 : s->branches);

        l.k[g] = numbers(t, s, precision, keys, 1);
        l.v[g] = numbers(t, s, precision, keys, 1);
        l.s.inputs[n++] = &l.k[g];
        l.s.inputs[n++] = &l.v[g];
    }
    trial_judge(&l.s);
    trial_end(t);
}

void try_attention(struct trial *t)
{
    for (enum dtype precision = DT_F32; precision < DTYPES; precision++)
        for (int i = 0; i < (int)(sizeof scenes / sizeof *scenes); i++)
            if (precision != DT_I8 && t->device->traits.computes[precision])
                try_scene(t, &scenes[i], precision);
}

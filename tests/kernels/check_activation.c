/* SPDX-License-Identifier: MIT */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "backend/cpu/activation.h"
#include "check.h"

#define EPS (double)FLT_EPSILON
#define MOST 1040

static const int sizes[] = { 1, 2, 5, 7, 8, 9, 15, 16, 17, 31, 33, 80, 1000 };

/* Inputs of every size, from denormal to where exp saturates. */
static void fill_wide(float *x, int n, uint64_t *seed)
{
    check_fill(x, (size_t)n, seed);
    for (int i = 0; i < n; i++) {
        static const float scales[] = { 1, 1e-6f, 10, 0.1f, 1e-30f, 3, 1, 0.01f };

        x[i] *= scales[(*seed >> (i % 32)) & 7];
        x[i] = fmaxf(fminf(x[i], 200), -200);
    }
}

/* One kernel of the family over x, with what else it reads in a and b. */
typedef void apply_fn(const struct activation_fns *f, float *x, const float *a, const float *b,
                      int n);
/* How far the fast kernel may be off where the reference gives `want`. */
typedef double bound_fn(float want, float x, float a, float b);

static void gate_sigmoid(const struct activation_fns *f, float *x, const float *a,
                         const float *b, int n)
{
    (void)b;
    f->gate_sigmoid(x, a, n);
}

static void gated_add(const struct activation_fns *f, float *x, const float *a, const float *b,
                      int n)
{
    f->gated_add(x, a, b, n);
}

static void add_gain(const struct activation_fns *f, float *x, const float *a, const float *b,
                     int n)
{
    f->add(x, a, b, 1.5f, n);
}

static void add_plain(const struct activation_fns *f, float *x, const float *a, const float *b,
                      int n)
{
    (void)b;
    f->add(x, a, NULL, -1, n);
}

static void scale(const struct activation_fns *f, float *x, const float *a, const float *b,
                  int n)
{
    (void)a, (void)b;
    f->scale(x, 1.7f, n);
}

static void silu(const struct activation_fns *f, float *x, const float *a, const float *b,
                 int n)
{
    (void)b;
    f->silu(x, a, n);
}

static void silu_mul(const struct activation_fns *f, float *x, const float *a, const float *b,
                     int n)
{
    f->silu_mul(x, a, b, n);
}

static void gelu(const struct activation_fns *f, float *x, const float *a, const float *b,
                 int n)
{
    (void)a, (void)b;
    f->gelu(x, x, n);
}

static void tanh_of(const struct activation_fns *f, float *x, const float *a, const float *b,
                    int n)
{
    (void)a, (void)b;
    f->tanh(x, n);
}

static void snake(const struct activation_fns *f, float *x, const float *a, const float *b,
                  int n)
{
    float turns[MOST], inverse[MOST];

    for (int i = 0; i < n; i++) {
        turns[i] = a[i] * 0.3f;
        inverse[i] = 1 / (fabsf(b[i]) + 0.1f);
    }
    f->snake(x, x, turns, inverse, n);
}

/* exp is within 2 ulp, a sigmoid within 4 roundings more; below -87 it stops at 1e-38 */
static double sigmoid_bound(float want, float x, float a, float b)
{
    (void)x, (void)b;
    return 8 * EPS * fabs(want) + 1e-35 * fmax(fabs(a), 1);
}

static double sigmoid_product_bound(float want, float x, float a, float b)
{
    (void)x;
    return 10 * EPS * fabs(want) + 1e-35 * fmax(fabs((double)a * b), 1);
}

static double sum_bound(float want, float x, float a, float b)
{
    return 8 * EPS * (fabs(want) + fabs(x) + fabs(a) + fabs(b) + 2 * fabs((double)a * b));
}

/* Abramowitz and Stegun's erf is within 1.5e-7; half of x times that */
static double gelu_bound(float want, float x, float a, float b)
{
    (void)a, (void)b;
    return 2e-7 * fabs(x) + 4 * EPS * fabs(want);
}

static double few_ulp(float want, float x, float a, float b)
{
    (void)x, (void)a, (void)b;
    return 4 * EPS * fabs(want);
}

/* The argument in half turns is rounded once: pi |u| eps; the polynomial is within 4e-7. */
static double snake_bound(float want, float x, float a, float b)
{
    double u = (double)x * a * 0.3;

    return (3.2 * fabs(u) * EPS + 1e-6) / (fabs(b) + 0.1) + 2 * EPS * fabs(want) +
           2 * EPS * fabs(x);
}

static const struct {
    const char *name;
    apply_fn *apply;
    bound_fn *bound;
} kernels[] = {
    { "gate sigmoid", gate_sigmoid, sigmoid_bound }, { "gated add", gated_add, sum_bound },
    { "add, gain", add_gain, sum_bound },            { "add", add_plain, sum_bound },
    { "scale", scale, few_ulp },                     { "silu", silu, sigmoid_bound },
    { "silu mul", silu_mul, sigmoid_product_bound }, { "gelu", gelu, gelu_bound },
    { "tanh", tanh_of, few_ulp },                    { "snake", snake, snake_bound },
};

static bool elementwise(struct check *c, const struct activation_fns *f,
                        const struct activation_fns *ref, int which, int n, uint64_t *seed)
{
    float x[MOST], a[MOST], b[MOST], want[MOST], *got = check_guarded((size_t)n);
    bool ok = true;

    fill_wide(x, n, seed);
    fill_wide(a, n, seed);
    fill_wide(b, n, seed);
    memcpy(got, x, (size_t)n * sizeof *x);
    memcpy(want, x, (size_t)n * sizeof *x);
    kernels[which].apply(f, got, a, b, n);
    kernels[which].apply(ref, want, a, b, n);
    for (int i = 0; i < n && ok; i++)
        ok = check_near(c, got[i], want[i], kernels[which].bound(want[i], x[i], a[i], b[i]),
                        kernels[which].name, n, i);
    return check_unharmed(c, got, (size_t)n) && ok;
}

/* NaN must not come out as a number: that is how damaged weights are noticed. */
static bool keeps_nan(struct check *c, const struct activation_fns *f, int which)
{
    float x[33], a[33], b[33];
    bool ok = true;

    for (int i = 0; i < 33; i++)
        x[i] = a[i] = b[i] = 0.5f;
    x[20] = a[20] = b[20] = NAN;
    kernels[which].apply(f, x, a, b, 33);
    for (int i = 0; i < 33; i++)
        ok = ok && (isnan(x[i]) == (i == 20));
    if (!ok)
        snprintf(c->where, sizeof c->where, "%s loses a NaN", kernels[which].name);
    return ok;
}

static bool softmax(struct check *c, const struct activation_fns *f,
                    const struct activation_fns *ref, int first, int end, int n, uint64_t *seed)
{
    float want[MOST], *got = check_guarded((size_t)n);
    bool ok = true;

    check_fill(want, (size_t)n, seed);
    memcpy(got, want, (size_t)n * sizeof *got);
    float before[MOST];

    memcpy(before, want, (size_t)n * sizeof *before);
    float factor = f->softmax(got, 0.3f, first, end, n);
    float factor_c = ref->softmax(want, 0.3f, first, end, n);

    for (int i = 0; i < n; i++) {
        got[i] *= factor;
        want[i] *= factor_c;
    }
    for (int i = 0; i < n && ok; i++) {
        /* an exponent of size up to 60 is rounded twice; the sum is within n eps */
        double bound = (2 * 0.3 * 200 + (end - first) + 8) * EPS * want[i] + 1e-37;

        ok = check_near(c, got[i], want[i], bound, "softmax", n, i);
        ok = ok && ((i >= first && i < end) || got[i] == 0);
    }
    return check_unharmed(c, got, (size_t)n) && ok;
}

/* The same bits with more that is hidden before: a window's result does not depend on it. */
static bool softmax_shift(struct check *c, const struct activation_fns *f, uint64_t *seed)
{
    float a[200], b[200];

    check_fill(a, 200, seed);
    memcpy(b, a + 32, 168 * sizeof *b);
    f->softmax(a, 0.3f, 37, 165, 200);
    f->softmax(b, 0.3f, 5, 133, 168);
    if (!memcmp(a + 32, b, 168 * sizeof *b))
        return true;
    snprintf(c->where, sizeof c->where, "bits depend on hidden keys");
    return false;
}

static bool depthwise(struct check *c, const struct activation_fns *f,
                      const struct activation_fns *ref, int n, int taps, bool with_bias,
                      uint64_t *seed)
{
    float x[MOST * 7], w[MOST * 7], bias[MOST], want[MOST], *got = check_guarded((size_t)n);
    ptrdiff_t ld = n + 5 < MOST ? n + 5 : n;
    bool ok = true;

    check_fill(x, (size_t)(taps * ld), seed);
    check_fill(w, (size_t)(taps * n), seed);
    check_fill(bias, (size_t)n, seed);
    f->depthwise(got, x, ld, w, with_bias ? bias : NULL, taps, n);
    ref->depthwise(want, x, ld, w, with_bias ? bias : NULL, taps, n);
    for (int i = 0; i < n && ok; i++) {
        double sum = fabs(bias[i]);

        for (int t = 0; t < taps; t++)
            sum += fabs((double)x[t * ld + i] * w[t * n + i]);
        ok = check_near(c, got[i], want[i], (taps + 1) * EPS * sum, "depthwise", n, i);
    }
    return check_unharmed(c, got, (size_t)n) && ok;
}

/* ---- speed ---- */

struct timing {
    struct activation_fns f;
    float *x, *a, *b;
    int which;
};

static void time_one(void *arg)
{
    struct timing *t = arg;

    for (int i = 0; i < 100; i++)
        kernels[t->which].apply(&t->f, t->x, t->a, t->b, 1024);
}

static void time_softmax(void *arg)
{
    struct timing *t = arg;

    for (int i = 0; i < 100; i++)
        t->f.softmax(t->x, 1, 0, 714, 714);
}

void check_activation(struct check *c)
{
    struct activation_fns f, ref;
    uint64_t seed = 3;
    bool soft = true, deep = true;
    int n_sizes = sizeof sizes / sizeof *sizes, n_kernels = sizeof kernels / sizeof *kernels;

    echo_activation_init(&f, c->flags);
    echo_activation_init(&ref, 0);
    for (int k = 0; k < n_kernels; k++) {
        bool ok = keeps_nan(c, &f, k);

        for (int i = 0; i < n_sizes * 8; i++)
            ok = elementwise(c, &f, &ref, k, sizes[i % n_sizes], &seed) && ok;
        check_end(c, kernels[k].name, ok);
    }
    for (int i = 0; i < n_sizes; i++) {
        int n = sizes[i];

        soft = softmax(c, &f, &ref, 0, n, n, &seed) && soft;
        soft = softmax(c, &f, &ref, n / 3, n - n / 4, n, &seed) && soft;
        soft = softmax(c, &f, &ref, n - 1, n, n, &seed) && soft;
        for (int taps = 1; taps <= 7; taps += 3)
            deep = depthwise(c, &f, &ref, n, taps, taps > 1, &seed) && deep;
    }
    check_end(c, "softmax", softmax_shift(c, &f, &seed) && soft);
    check_end(c, "depthwise", deep);
    if (c->bench) {
        static float x[1024], a[1024], b[1024];
        struct timing t = { f, x, a, b, 0 };

        for (; t.which < n_kernels; t.which++) {
            memset(x, 0, sizeof x);
            check_rate(c, kernels[t.which].name, check_best(time_one, &t), 102400);
        }
        check_rate(c, "softmax", check_best(time_softmax, &t), 71400);
    }
}

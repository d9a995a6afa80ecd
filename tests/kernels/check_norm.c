/* SPDX-License-Identifier: MIT */
#include <float.h>
#include <math.h>
#include <string.h>

#include "backend/cpu/norm.h"
#include "check.h"

#define EPS (double)FLT_EPSILON

static const int sizes[] = { 2, 4, 6, 16, 18, 30, 64, 100, 128, 250, 1280, 2048 };

/* A sum of n squares is within n eps, its root within half of that; a few roundings follow. */
static double relative_bound(int n)
{
    return (n / 2.0 + 6) * EPS;
}

static bool rms_and_adaln(struct check *c, const struct norm_fns *f, const struct norm_fns *ref,
                          int n, uint64_t *seed)
{
    float x[2048], a[2048], b[2048], want[2048];
    float *y = check_guarded((size_t)n);
    bool ok = true;

    check_fill(x, (size_t)n, seed);
    check_fill(a, (size_t)n, seed);
    check_fill(b, (size_t)n, seed);
    f->rms(y, x, a, n);
    ref->rms(want, x, a, n);
    for (int i = 0; i < n && ok; i++)
        ok = check_near(c, y[i], want[i], relative_bound(n) * fabs(want[i]), "rms", n, i);
    f->adaln(y, x, a, b, n);
    ref->adaln(want, x, a, b, n);
    for (int i = 0; i < n && ok; i++)
        ok = check_near(c, y[i], want[i],
                        relative_bound(n) * (fabs((double)want[i] - b[i]) + fabs(b[i])),
                        "adaln", n, i);
    return check_unharmed(c, y, (size_t)n) && ok;
}

static bool layer(struct check *c, const struct norm_fns *f, const struct norm_fns *ref, int n,
                  uint64_t *seed)
{
    float x[2048], gamma[2048], bias[2048], want[2048], *y = check_guarded((size_t)n);
    double sum = 0, squares = 0;
    bool ok = true;

    check_fill(x, (size_t)n, seed);
    check_fill(gamma, (size_t)n, seed);
    check_fill(bias, (size_t)n, seed);
    for (int i = 0; i < n; i++)
        sum += fabs(x[i]);
    f->layer(y, x, gamma, bias, n);
    ref->layer(want, x, gamma, bias, n);
    for (int i = 0; i < n; i++)
        squares += (double)x[i] * x[i];
    double mean = 0;

    for (int i = 0; i < n; i++)
        mean += x[i] / (double)n;
    double deviation = sqrt(fmax(squares / n - mean * mean, 0) + 1e-6);

    for (int i = 0; i < n && ok; i++) {
        /* the mean is off by up to n eps times the mean size, divided by the deviation */
        double error = ((n + 4) * EPS * (sum / n) + 4 * EPS * fabs(x[i])) / deviation;

        ok = check_near(c, y[i], want[i],
                        error * fabs(gamma[i]) + relative_bound(2 * n) * fabs(want[i]) +
                            relative_bound(2 * n) * fabs(bias[i]),
                        "layer", n, i);
    }
    return check_unharmed(c, y, (size_t)n) && ok;
}

static bool heads(struct check *c, const struct norm_fns *f, const struct norm_fns *ref,
                  int count, int head_dim, int rope_heads, bool with_gain, uint64_t *seed)
{
    size_t n = (size_t)(count * head_dim);
    float gamma[2048], rope[512], want[2048], *x = check_guarded(n);
    bool ok = true;

    check_fill(x, n, seed);
    check_fill(gamma, n, seed);
    for (int i = 0; i < head_dim; i += 2) {
        rope[i] = rope[i + 1] = cosf((float)i);
        rope[head_dim + i] = -sinf((float)i);
        rope[head_dim + i + 1] = sinf((float)i);
    }
    memcpy(want, x, n * sizeof *x);
    f->heads(x, with_gain ? gamma : NULL, rope, count, rope_heads, head_dim);
    ref->heads(want, with_gain ? gamma : NULL, rope, count, rope_heads, head_dim);
    for (int i = 0; i < (int)n && ok; i++) {
        int pair = i ^ 1; /* both of a pair go into each */
        double size = fabs(want[i]) + fabs(want[pair]);
        double bound = 1.5 * relative_bound(head_dim) * size;

        ok = check_near(c, x[i], want[i], bound, "heads", head_dim, i);
    }
    return check_unharmed(c, x, n) && ok;
}

/* ---- speed ---- */

struct timing {
    struct norm_fns f;
    float *x, *y, *a, *b;
};

static void time_adaln(void *arg)
{
    struct timing *t = arg;

    for (int i = 0; i < 64; i++)
        t->f.adaln(t->y + i * 2048, t->x + i * 2048, t->a, t->b, 2048);
}

static void time_heads(void *arg)
{
    struct timing *t = arg;

    for (int i = 0; i < 64; i++)
        t->f.heads(t->y + i * 2048, t->a, t->b, 16, 8, 128);
}

void check_norm(struct check *c)
{
    struct norm_fns f, ref;
    uint64_t seed = 2;
    bool norms = true, layers = true, head_norms = true;

    echo_norm_init(&f, c->flags);
    echo_norm_init(&ref, 0);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        norms = rms_and_adaln(c, &f, &ref, sizes[i], &seed) && norms;
        layers = layer(c, &f, &ref, sizes[i], &seed) && layers;
        if (sizes[i] <= 256)
            for (int how = 0; how < 6; how++)
                head_norms = heads(c, &f, &ref, 3, sizes[i], how / 2, how & 1, &seed) &&
                             head_norms;
    }
    check_end(c, "rms norm, adaln", norms);
    check_end(c, "layer norm", layers);
    check_end(c, "head norm, rope", head_norms);
    if (c->bench) {
        static float x[64 * 2048], y[64 * 2048], a[2048], b[2048];
        struct timing t = { f, x, y, a, b };

        check_fill(x, 64 * 2048, &seed);
        check_rate(c, "adaln", check_best(time_adaln, &t), 64 * 2048);
        check_rate(c, "head norm, rope", check_best(time_heads, &t), 64 * 2048);
    }
}

/* SPDX-License-Identifier: MIT */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/gemm.h"
#include "base/bf16.h"
#include "check.h"

static const struct shape {
    int m, n, taps, k, dilation;
} shapes[] = {
    { 1, 1, 1, 1, 1 },     { 1, 16, 1, 64, 1 },  { 3, 17, 1, 33, 1 },  { 6, 15, 1, 7, 1 },
    { 7, 31, 1, 100, 1 },  { 8, 48, 1, 16, 1 },  { 9, 49, 1, 17, 1 },  { 13, 80, 1, 256, 1 },
    { 64, 128, 1, 500, 1 }, { 5, 33, 7, 6, 1 },  { 11, 8, 7, 24, 3 },  { 23, 47, 7, 13, 9 },
    { 4, 64, 2, 96, 1 },   { 17, 96, 3, 1, 1 },  { 2, 100, 1, 1030, 1 }, { 12, 32, 1, 5, 1 },
};

static size_t panel_floats(int n, int k)
{
    return (size_t)((n + GEMM_PANEL - 1) / GEMM_PANEL) * GEMM_PANEL * (size_t)k;
}

/* Weights of n rows of k as panels, by the C expansion that the expansion test trusts. */
static float *pack(const float *w, int n, int k)
{
    float *panels = calloc(panel_floats(n, k), sizeof *panels);

    for (int j = 0; j < n; j++)
        for (int p = 0; p < k; p++)
            panels[((size_t)(j / GEMM_PANEL) * (size_t)k + (size_t)p) * GEMM_PANEL +
                   (size_t)(j % GEMM_PANEL)] = w[(size_t)j * (size_t)k + (size_t)p];
    return panels;
}

static bool compare(struct check *c, const struct shape *s, const float *got, const float *want,
                    const float *x, const float *w, const float *bias, const float *start,
                    int ld)
{
    int total = s->taps * s->k;

    for (int i = 0; i < s->m; i++)
        for (int j = 0; j < s->n; j++) {
            double sum = (bias ? fabs((double)bias[j]) : 0) +
                         (start ? fabs((double)start[i * s->n + j]) : 0);

            for (int t = 0; t < s->taps; t++)
                for (int p = 0; p < s->k; p++)
                    sum += fabs((double)x[(i + t * s->dilation) * ld + p] *
                                w[(size_t)j * (size_t)total + (size_t)(t * s->k + p)]);
            /* one chain of total + 2 additions, each within half an ulp: Higham, ch. 3 */
            if (!check_near(c, got[i * s->n + j], want[i * s->n + j],
                            (total + 2) * (double)FLT_EPSILON * sum, "y", i, j))
                return false;
        }
    return true;
}

static bool one_shape(struct check *c, const struct gemm_fns *f, const struct shape *s,
                      bool add, bool with_bias, uint64_t *seed)
{
    struct gemm_fns ref;
    int rows = s->m + (s->taps - 1) * s->dilation, ld = s->k + 3, k = s->taps * s->k;
    size_t ny = (size_t)s->m * (size_t)s->n;
    float *x = check_guarded((size_t)(rows * ld)), *w = malloc((size_t)(s->n * k) * sizeof *w);
    float *bias = check_guarded((size_t)s->n), *start = malloc(ny * sizeof *start);
    float *got = check_guarded(ny), *want = check_guarded(ny);

    check_fill(x, (size_t)(rows * ld), seed);
    check_fill(w, (size_t)(s->n * k), seed);
    check_fill(bias, (size_t)s->n, seed);
    check_fill(start, ny, seed);
    float *panels = pack(w, s->n, k);
    struct gemm_args a = { .ldy = s->n, .x = x, .ldx = ld, .tap = s->dilation * ld, .w = panels,
                           .panel = (ptrdiff_t)k * GEMM_PANEL, .bias = with_bias ? bias : NULL,
                           .m = s->m, .n = s->n, .taps = s->taps, .k = s->k, .add = add };

    memcpy(got, start, ny * sizeof *got);
    memcpy(want, start, ny * sizeof *want);
    echo_gemm_init(&ref, 0);
    a.y = want;
    ref.run(&a);
    a.y = got;
    f->run(&a);
    bool ok = compare(c, s, got, want, x, w, with_bias ? bias : NULL, add ? start : NULL, ld);

    ok = check_unharmed(c, got, ny) && ok;
    ok = check_unharmed(c, want, ny) && ok;
    ok = check_unharmed(c, x, (size_t)(rows * ld)) && ok;
    ok = check_unharmed(c, bias, (size_t)s->n) && ok;
    free(w);
    free(start);
    free(panels);
    if (!ok)
        printf("  m=%d n=%d taps=%d k=%d\n", s->m, s->n, s->taps, s->k);
    return ok;
}

/* The same bits whether rows come together or one by one, and k in one stretch or in two. */
static bool cuts(struct check *c, const struct gemm_fns *f, uint64_t *seed)
{
    enum { M = 21, N = 70, K = 90 };
    float x[M * K], w[N * K], whole[M * N], cut[M * N];
    bool ok = true;

    check_fill(x, M * K, seed);
    check_fill(w, N * K, seed);
    float *panels = pack(w, N, K);
    struct gemm_args a = { .y = whole, .ldy = N, .x = x, .ldx = K, .w = panels,
                           .panel = K * GEMM_PANEL, .m = M, .n = N, .taps = 1, .k = K };

    f->run(&a);
    for (int i = 0; i < M; i++) {
        struct gemm_args b = a;

        b.y = cut + i * N;
        b.x = x + i * K;
        b.m = 1;
        b.k = 37;
        f->run(&b);
        b.x += 37;
        b.w += 37 * GEMM_PANEL;
        b.k = K - 37;
        b.add = true;
        f->run(&b);
    }
    if (memcmp(whole, cut, sizeof whole)) {
        snprintf(c->where, sizeof c->where, "bits depend on how the work is cut");
        ok = false;
    }
    free(panels);
    return ok;
}

static bool expansion(struct check *c, const struct gemm_fns *f, enum dtype dtype,
                      uint64_t *seed)
{
    static const int ns[] = { 1, 7, 8, 9, 15, 16 }, ks[] = { 1, 5, 8, 16, 17, 31, 100 };
    struct gemm_fns ref;
    bool ok = true;

    echo_gemm_init(&ref, 0);
    for (int a = 0; a < 6; a++)
        for (int b = 0; b < 7 && ok; b++) {
            int n = ns[a], k = ks[b], ld = k + 2, size = dtype == DT_F32 ? 4 : 2;
            size_t bytes = (size_t)((n - 1) * ld + k) * (size_t)size;
            /* exactly as many bytes as the rows have */
            unsigned char *w = check_at_edge(bytes);
            float *got = check_guarded((size_t)k * GEMM_PANEL);
            float *want = check_guarded((size_t)k * GEMM_PANEL);

            for (size_t i = 0; i < bytes; i++) {
                *seed = *seed * 6364136223846793005u + 1442695040888963407u;
                w[i] = (unsigned char)(*seed >> 56);
            }
            for (size_t i = (size_t)size - 1; i < bytes; i += (size_t)size)
                w[i] &= 0xbf; /* no infinities and no NaN, which need not be equal */
            ref.expand(want, w, dtype, ld, n, k);
            f->expand(got, w, dtype, ld, n, k);
            ok = !memcmp(got, want, (size_t)k * GEMM_PANEL * sizeof *got);
            if (!ok)
                snprintf(c->where, sizeof c->where, "n=%d k=%d", n, k);
            ok = check_unharmed(c, got, (size_t)k * GEMM_PANEL) && ok;
            ok = check_unharmed(c, want, (size_t)k * GEMM_PANEL) && ok;
            check_drop_edge(w, bytes);
        }
    return ok;
}

/* ---- speed ---- */

struct timing {
    struct gemm_fns f;
    struct gemm_args a;
    const void *w;
    enum dtype dtype;
    int n, k;
};

static void run_whole(void *arg)
{
    const struct timing *t = arg;

    for (int j = 0; j < t->n; j += 48) {
        struct gemm_args a = t->a;

        a.y += j;
        a.n = t->n - j < 48 ? t->n - j : 48;
        a.w += (ptrdiff_t)(j / GEMM_PANEL) * a.panel;
        t->f.run(&a);
    }
}

static void expand_whole(void *arg)
{
    const struct timing *t = arg;

    for (int j = 0; j + 16 <= t->n; j += 16)
        t->f.expand((float *)(uintptr_t)t->a.w,
                    (const char *)t->w +
                        (size_t)j * (size_t)t->k * (t->dtype == DT_F32 ? 4 : 2),
                    t->dtype, t->k, 16, t->k);
}

static void bench(const struct check *c, const struct gemm_fns *f)
{
    enum { M = 640, N = 768, K = 1024 };
    size_t floats = panel_floats(N, K);
    float *x = calloc((size_t)M * (K + 16), sizeof *x), *w = calloc(floats, sizeof *w);
    float *y = calloc((size_t)M * N, sizeof *y);
    struct timing t = { *f, { .y = y, .ldy = N, .x = x, .ldx = K + 16, .w = w,
                              .panel = (ptrdiff_t)K * GEMM_PANEL, .m = M, .taps = 1, .k = K },
                        w, DT_F32, N, K };

    check_gflops(c, "gemm 640 x 768 x 1024", check_best(run_whole, &t), 2.0 * M * N * K);
    t.a.taps = 7;
    t.a.k = 96;
    t.a.tap = K + 16;
    t.a.m = 256;
    t.a.ldx = t.a.tap = 96;
    t.n = 96;
    check_gflops(c, "conv 96 channels, 7 taps", check_best(run_whole, &t),
                 2.0 * 256 * 96 * 96 * 7);
    t.n = N;
    float *panel = calloc((size_t)K * GEMM_PANEL, sizeof *panel);
    unsigned short *half = calloc((size_t)N * K, sizeof *half);

    t.a.w = panel;
    t.w = w;
    check_rate(c, "expand f32", check_best(expand_whole, &t), (double)N * K);
    t.w = half;
    t.dtype = DT_BF16;
    check_rate(c, "expand bf16", check_best(expand_whole, &t), (double)N * K);
    free(x);
    free(w);
    free(y);
    free(panel);
    free(half);
}

void check_gemm(struct check *c)
{
    static const char *const names[] = { "expand f32", "expand bf16", "expand f16" };
    struct gemm_fns f;
    uint64_t seed = 1;
    bool ok = true;

    echo_gemm_init(&f, c->flags);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int how = 0; how < 4; how++)
            ok = one_shape(c, &f, &shapes[i], how & 1, how & 2, &seed) && ok;
    check_end(c, "gemm", ok);
    if (c->flags) /* sums in double may be rounded between stretches */
        check_end(c, "gemm, cut", cuts(c, &f, &seed));
    for (enum dtype t = DT_F32; t <= DT_F16; t++)
        check_end(c, names[t], expansion(c, &f, t, &seed));
    if (c->bench)
        bench(c, &f);
}

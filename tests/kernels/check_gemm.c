/* SPDX-License-Identifier: MIT */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bf16.h"
#include "check.h"

static const struct shape {
    int m, n, taps, k, dilation;
} shapes[] = {
    { 1, 1, 1, 1, 1 },     { 1, 16, 1, 64, 1 },  { 3, 17, 1, 33, 1 },  { 6, 15, 1, 7, 1 },
    { 7, 31, 1, 100, 1 },  { 8, 48, 1, 16, 1 },  { 9, 49, 1, 17, 1 },  { 13, 80, 1, 256, 1 },
    { 64, 128, 1, 500, 1 }, { 5, 33, 7, 6, 1 },  { 11, 8, 7, 24, 3 },  { 23, 47, 7, 13, 9 },
    { 4, 64, 2, 96, 1 },   { 17, 96, 3, 1, 1 },  { 2, 100, 1, 1030, 1 }, { 12, 32, 1, 5, 1 },
    { 41, 40, 1, 160, 1 }, { 97, 70, 2, 64, 1 }, { 50, 24, 3, 44, 2 },
};

static const char *const dtypes[] = { "f32", "bf16", "i8" };

static int size_of(enum dtype t)
{
    return (int)dtype_size(t);
}

/* Weights of n rows of k as panels, by the packing that the packing test trusts. */
static char *pack(const float *w, int n, int k, enum dtype dtype)
{
    ptrdiff_t bytes = panel_bytes(size_of(dtype), k);
    char *panels = malloc(panels_bytes(size_of(dtype), n, k));
    float *lines = malloc((size_t)k * GEMM_PANEL * sizeof *lines);

    for (int j = 0; j < n; j += GEMM_PANEL) {
        char *to = panels + j / GEMM_PANEL * bytes;

        for (int p = 0; p < k; p++)
            for (int c = 0; c < GEMM_PANEL; c++)
                lines[p * GEMM_PANEL + c] = j + c < n ? w[(size_t)(j + c) * (size_t)k +
                                                          (size_t)p]
                                                      : 0;
        if (dtype == DT_F32)
            memcpy(to, lines, (size_t)bytes);
        else if (dtype == DT_BF16)
            echo_panel_pack_bf16((uint16_t *)(void *)to, lines, k);
        else
            echo_panel_pack_i8((int8_t *)(void *)to, lines, k);
    }
    free(lines);
    return panels;
}

/* Rows of k numbers quantised, bytes apart. */
static char *quantized(const struct gemm_fns *f, const float *x, int rows, int k,
                       ptrdiff_t bytes, enum dtype dtype)
{
    char *to = calloc((size_t)rows, (size_t)bytes);

    for (int i = 0; i < rows; i++)
        if (dtype == DT_F32)
            memcpy(to + i * bytes, x + (ptrdiff_t)i * k, (size_t)k * sizeof *x);
        else
            f->quantize[dtype](to + i * bytes, x + (ptrdiff_t)i * k, k);
    return to;
}

/*
 * Float sums are one chain of `total` + 2 additions, each within half an ulp (Higham, ch. 3) of
 * sizes that rounding to bfloat16 makes no larger than (1 + 2^-8)^2 of what they were.  Sums of
 * whole numbers are exact: what is left is scaling them.
 */
static bool compare(struct check *c, const struct shape *s, enum dtype dtype, const float *got,
                    const float *want, const float *x, const float *w, const float *bias,
                    const float *start)
{
    int total = s->taps * s->k, roundings = dtype == DT_I8 ? 4 : total + 2;

    for (int i = 0; i < s->m; i++)
        for (int j = 0; j < s->n; j++) {
            double sum = (bias ? fabs((double)bias[j]) : 0) +
                         (start ? fabs((double)start[i * s->n + j]) : 0);

            for (int t = 0; t < s->taps; t++)
                for (int p = 0; p < s->k; p++)
                    sum += 1.01 * fabs((double)x[(i + t * s->dilation) * s->k + p] *
                                       w[(size_t)j * (size_t)total + (size_t)(t * s->k + p)]);
            if (dtype == DT_I8)
                sum += fabs((double)want[i * s->n + j]);
            if (!check_near(c, got[i * s->n + j], want[i * s->n + j],
                            roundings * (double)FLT_EPSILON * sum, "y", i, j))
                return false;
        }
    return true;
}

/* A copy that nothing may be read behind; frees what is copied. */
static char *to_edge(char *from, size_t bytes)
{
    char *to = (char *)check_at_edge(bytes);

    memcpy(to, from, bytes);
    free(from);
    return to;
}

static bool one_shape(struct check *c, const struct gemm_fns *f, const struct shape *s,
                      enum dtype dtype, bool add, bool with_bias, uint64_t *seed)
{
    struct gemm_fns ref;
    int rows = s->m + (s->taps - 1) * s->dilation, k = s->taps * s->k;
    ptrdiff_t used = 4 * (panel_lines(size_of(dtype), s->k) + (dtype == DT_I8)), row = used + 8;
    size_t nx = (size_t)((rows - 1) * row + used), ny = (size_t)s->m * (size_t)s->n;
    size_t nw = panels_bytes(size_of(dtype), s->n, k);
    float *x = malloc((size_t)(rows * s->k) * sizeof *x);
    float *w = malloc((size_t)(s->n * k) * sizeof *w);
    float *bias = check_guarded((size_t)s->n), *start = malloc(ny * sizeof *start);
    float *got = check_guarded(ny), *want = check_guarded(ny);

    echo_gemm_init(&ref, 0);
    check_fill(x, (size_t)(rows * s->k), seed);
    check_fill(w, (size_t)(s->n * k), seed);
    check_fill(bias, (size_t)s->n, seed);
    check_fill(start, ny, seed);
    char *panels = to_edge(pack(w, s->n, k, dtype), nw);
    char *ours = to_edge(quantized(f, x, rows, s->k, row, dtype), nx);
    char *theirs = quantized(&ref, x, rows, s->k, row, dtype);
    struct gemm_args a = { .ldy = s->n, .ldx = row, .tap = s->dilation * row, .w = panels,
                           .panel = panel_bytes(size_of(dtype), k),
                           .bias = with_bias ? bias : NULL, .m = s->m, .n = s->n,
                           .taps = s->taps, .lines = panel_lines(size_of(dtype), s->k),
                           .add = add };

    memcpy(got, start, ny * sizeof *got);
    memcpy(want, start, ny * sizeof *want);
    a.x = theirs;
    a.y = want;
    ref.run[dtype](&a);
    a.x = ours;
    a.y = got;
    f->run[dtype](&a);
    bool ok = compare(c, s, dtype, got, want, x, w, with_bias ? bias : NULL,
                      add ? start : NULL);

    ok = check_unharmed(c, got, ny) && ok;
    ok = check_unharmed(c, want, ny) && ok;
    ok = check_unharmed(c, bias, (size_t)s->n) && ok;
    free(x);
    free(w);
    free(start);
    check_drop_edge((unsigned char *)panels, nw);
    check_drop_edge((unsigned char *)ours, nx);
    free(theirs);
    if (!ok)
        printf("  %s m=%d n=%d taps=%d k=%d\n", dtypes[dtype], s->m, s->n, s->taps, s->k);
    return ok;
}

/* Eight-bit sums cannot overflow at the longest rows there are, and are exact. */
static bool extremes(struct check *c, const struct gemm_fns *f)
{
    enum { M = 9, N = 40, K = 8196 };
    float *x = malloc((size_t)M * K * sizeof *x), *w = malloc((size_t)N * K * sizeof *w);
    float y[M * N];
    ptrdiff_t row = K + 8;
    bool ok = true;

    for (int i = 0; i < M * K; i++)
        x[i] = i / K % 2 ? -127 : 127;
    for (int i = 0; i < N * K; i++)
        w[i] = i / K % 3 ? -127 : 127;
    char *panels = pack(w, N, K, DT_I8), *ours = quantized(f, x, M, K, row, DT_I8);
    struct gemm_args a = { .y = y, .ldy = N, .x = ours, .ldx = row, .w = panels,
                           .panel = panel_bytes(1, K), .m = M, .n = N, .taps = 1,
                           .lines = panel_lines(1, K) };

    f->run[DT_I8](&a);
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            float want = 127.0f * 127 * K * (i % 2 ? -1 : 1) * (j % 3 ? -1 : 1);

            ok = check_near(c, y[i * N + j], want, 0, "largest sums", i, j) && ok;
        }
    free(x);
    free(w);
    free(panels);
    free(ours);
    return ok;
}

/* The same bits whether rows come together or one by one, lines in one stretch or in two. */
static bool cuts(struct check *c, const struct gemm_fns *f, enum dtype dtype, uint64_t *seed)
{
    enum { M = 53, N = 70, K = 92 };
    float x[M * K], w[N * K], whole[M * N], cut[M * N];
    ptrdiff_t row = 4 * K + 16;
    int first = dtype == DT_F32 ? 11 : dtype == DT_BF16 ? GEMM_CUT : 0;
    int lines = panel_lines(size_of(dtype), K);
    bool ok = true;

    check_fill(x, M * K, seed);
    check_fill(w, N * K, seed);
    char *panels = pack(w, N, K, dtype), *ours = quantized(f, x, M, K, row, dtype);
    struct gemm_args a = { .y = whole, .ldy = N, .x = ours, .ldx = row, .w = panels,
                           .panel = panel_bytes(size_of(dtype), K), .m = M, .n = N, .taps = 1,
                           .lines = lines };

    f->run[dtype](&a);
    for (int i = 0; i < M; i++) {
        struct gemm_args b = a;

        b.y = cut + i * N;
        b.x = ours + i * row;
        b.m = 1;
        b.lines = first;
        if (first)
            f->run[dtype](&b);
        b.x = ours + i * row + first * 4;
        b.w = panels + first * PANEL_LINE;
        b.lines = lines - first;
        b.add = first > 0;
        f->run[dtype](&b);
    }
    if (memcmp(whole, cut, sizeof whole)) {
        snprintf(c->where, sizeof c->where, "bits depend on how the work is cut");
        ok = false;
    }
    free(panels);
    free(ours);
    return ok;
}

/* A set's quantised rows are those of plain C, but for the sign that it may want flipped. */
static bool quantizing(struct check *c, const struct gemm_fns *f, enum dtype dtype,
                       uint64_t *seed)
{
    static const int ns[] = { 1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 33, 100, 1001 };
    struct gemm_fns ref;
    bool ok = true;

    echo_gemm_init(&ref, 0);
    for (int i = 0; i < 13; i++)
        for (int zero = 0; zero < 2; zero++) {
            int n = ns[i], numbers = n * size_of(dtype), padded = (numbers + 3) & ~3;
            size_t bytes = (size_t)padded + (dtype == DT_I8 ? 4 : 0);
            float *x = calloc((size_t)n, sizeof *x);
            unsigned char *got = check_at_edge(bytes), *want = check_at_edge(bytes);

            if (!zero)
                check_fill(x, (size_t)n, seed);
            ref.quantize[dtype](want, x, n);
            f->quantize[dtype](got, x, n);
            int flip = got[0] ^ want[0];

            if (dtype == DT_BF16 ? flip : flip != 0 && flip != 0x80)
                ok = false;
            for (size_t p = 0; p < bytes; p++)
                if ((got[p] ^ (p < (size_t)numbers ? flip : 0)) != want[p] &&
                    (p < (size_t)numbers || p >= (size_t)padded || dtype == DT_BF16))
                    ok = false;
            if (!ok)
                snprintf(c->where, sizeof c->where, "%s row of %d numbers", dtypes[dtype],
                         n);
            free(x);
            check_drop_edge(got, bytes);
            check_drop_edge(want, bytes);
        }
    return ok;
}

/* NaN and infinity are not lost: that would hide a damaged model. */
static bool not_finite(struct check *c, const struct gemm_fns *f, enum dtype dtype)
{
    static const float odd[] = { NAN, INFINITY, -INFINITY };
    bool ok = true;

    for (int i = 0; i < 3; i++)
        for (int at = 0; at < 40; at += 13) {
            float x[40], w[40], y = 0;
            char to[200];

            for (int p = 0; p < 40; p++)
                x[p] = w[p] = 1;
            x[at] = odd[i];
            f->quantize[dtype](to, x, 40);
            char *panels = pack(w, 1, 40, dtype);
            struct gemm_args a = { .y = &y, .ldy = 1, .x = to, .ldx = 200, .w = panels,
                                   .panel = panel_bytes(size_of(dtype), 40), .m = 1, .n = 1,
                                   .taps = 1, .lines = panel_lines(size_of(dtype), 40) };

            f->run[dtype](&a);
            if (isfinite(y)) {
                snprintf(c->where, sizeof c->where, "%g at %d is lost", (double)odd[i], at);
                ok = false;
            }
            free(panels);
        }
    return ok;
}

/* A row keeps its length, times how many numbers were transformed together; and bits are
 * those of plain C. */
static bool transforming(struct check *c, const struct gemm_fns *f, uint64_t *seed)
{
    static const int ns[] = { 1, 100, 256, 512, 768, 2048, 5888 };
    struct gemm_fns ref;
    bool ok = true;

    echo_gemm_init(&ref, 0);
    for (int i = 0; i < 7; i++) {
        int n = ns[i], together = echo_hadamard_size(n);
        float *x = check_guarded((size_t)n);
        float *want = malloc((size_t)n * sizeof *x), *start = malloc((size_t)n * sizeof *x);
        double before = 0, after = 0;

        check_fill(start, (size_t)n, seed);
        memcpy(x, start, (size_t)n * sizeof *x);
        memcpy(want, start, (size_t)n * sizeof *x);
        f->hadamard(x, n);
        ref.hadamard(want, n);
        if (memcmp(x, want, (size_t)n * sizeof *x)) {
            snprintf(c->where, sizeof c->where, "other bits than plain C: n = %d", n);
            ok = false;
        }
        for (int p = 0; p < n; p++) {
            before += (double)start[p] * start[p] * together;
            after += (double)x[p] * x[p];
        }
        ok = check_near(c, (float)after, (float)before, before * 1e-5, "length", i, n) && ok;
        ok = check_unharmed(c, x, (size_t)n) && ok;
        free(want);
        free(start);
    }
    return ok;
}

/* Panels of bfloat16 and rows of float32. */
static bool wide(struct check *c, const struct gemm_fns *f, uint64_t *seed)
{
    static const int sizes[][3] = { { 1, 1, 2 }, { 7, 17, 30 }, { 21, 70, 92 },
                                   { 9, 48, 258 } };
    struct gemm_fns ref;
    bool ok = true;

    echo_gemm_init(&ref, 0);
    for (int i = 0; i < 4; i++) {
        int m = sizes[i][0], n = sizes[i][1], k = sizes[i][2], ld = k + 3;
        float *x = malloc((size_t)(m * ld) * sizeof *x), *bias = malloc((size_t)n * sizeof *x);
        float *w = malloc((size_t)(n * k) * sizeof *w);
        float *got = check_guarded((size_t)(m * n));
        float *want = malloc((size_t)(m * n) * sizeof *want);

        check_fill(x, (size_t)(m * ld), seed);
        check_fill(w, (size_t)(n * k), seed);
        check_fill(bias, (size_t)n, seed);
        char *panels = pack(w, n, k, DT_BF16);
        struct gemm_args a = { .y = want, .ldy = n, .x = x, .ldx = ld * 4, .w = panels,
                               .panel = panel_bytes(2, k), .bias = bias, .m = m, .n = n,
                               .taps = 1, .lines = k / 2 };

        ref.run_wide(&a);
        a.y = got;
        f->run_wide(&a);
        for (int p = 0; p < m * n && ok; p++) {
            double sum = fabs((double)bias[p % n]);

            for (int q = 0; q < k; q++)
                sum += 1.01 * fabs((double)x[p / n * ld + q] * w[p % n * k + q]);
            ok = check_near(c, got[p], want[p], (k + 2) * (double)FLT_EPSILON * sum, "wide",
                            p / n, p % n);
        }
        ok = check_unharmed(c, got, (size_t)(m * n)) && ok;
        free(x);
        free(bias);
        free(w);
        free(want);
        free(panels);
    }
    return ok;
}

/* Packing against its definition: numbers within half a step, sums that are their sums. */
static bool packing(struct check *c, uint64_t *seed)
{
    enum { K = 37 };
    float x[K * GEMM_PANEL], used[K * GEMM_PANEL], scales[GEMM_PANEL];
    int8_t to[12 * 64];
    int32_t sums[GEMM_PANEL];
    bool ok = true;

    check_fill(x, K * GEMM_PANEL, seed);
    for (int p = 0; p < K; p++)
        x[p * GEMM_PANEL + 3] = 0; /* a column of zeros */
    memcpy(used, x, sizeof used);
    echo_panel_pack_i8(to, used, K);
    memcpy(scales, to + 10 * 64, sizeof scales);
    memcpy(sums, to + 11 * 64, sizeof sums);
    for (int col = 0; col < GEMM_PANEL; col++) {
        int sum = 0, top = 0;

        for (int p = 0; p < 40; p++) {
            int q = to[(p / 4 * GEMM_PANEL + col) * 4 + p % 4];
            float want = p < K ? x[p * GEMM_PANEL + col] : 0;

            sum += q;
            top = q > top ? q : -q > top ? -q : top;
            ok = check_near(c, (float)q * scales[col], want, 0.501 * (double)scales[col],
                            "packed", p, col) && ok;
        }
        ok = ok && sum == sums[col] && top == (col == 3 ? 0 : 127);
    }
    if (!ok && !*c->where)
        snprintf(c->where, sizeof c->where, "sums or sizes of a packed panel");
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
            ref.dequantize(want, w, dtype, ld, n, k);
            f->dequantize(got, w, dtype, ld, n, k);
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
    const struct gemm_fns *f;
    struct gemm_args a;
    enum dtype dtype;
    const void *w;
    int n, k;
};

static void run_whole(void *arg)
{
    const struct timing *t = arg;

    for (int j = 0; j < t->n; j += 48) {
        struct gemm_args a = t->a;

        a.y += j;
        a.n = t->n - j < 48 ? t->n - j : 48;
        a.w = (const char *)a.w + j / GEMM_PANEL * a.panel;
        t->f->run[t->dtype](&a);
    }
}

static void dequantize_whole(void *arg)
{
    const struct timing *t = arg;

    for (int j = 0; j + 16 <= t->n; j += 16)
        t->f->dequantize(t->a.y, (const char *)t->w + (ptrdiff_t)j * t->k * size_of(t->dtype),
                         t->dtype, t->k, 16, t->k);
}

static void bench_product(const struct check *c, const struct gemm_fns *f, enum dtype dtype)
{
    enum { M = 640, N = 768, K = 1024 };
    ptrdiff_t row = (K + 16) * size_of(dtype);
    char *x = calloc(M, (size_t)row), *w = calloc(1, panels_bytes(size_of(dtype), N, K));
    float *y = calloc((size_t)M * N, sizeof *y);
    struct timing t = { f, { .y = y, .ldy = N, .x = x, .ldx = row, .w = w,
                             .panel = panel_bytes(size_of(dtype), K), .m = M, .taps = 1,
                             .lines = panel_lines(size_of(dtype), K) },
                        dtype, NULL, N, K };
    char name[40];

    snprintf(name, sizeof name, "%s 640 x 768 x 1024", dtypes[dtype]);
    check_gflops(c, name, dtype, check_best(run_whole, &t), 2.0 * M * N * K);
    free(x);
    free(w);
    free(y);
}

static void bench_dequantize(const struct check *c, const struct gemm_fns *f, enum dtype dtype)
{
    enum { N = 768, K = 1024 };
    float *lines = calloc((size_t)K * GEMM_PANEL, sizeof *lines);
    void *w = calloc((size_t)N * K, sizeof *lines);
    struct timing t = { f, { .y = lines }, dtype, w, N, K };

    check_rate(c, dtype == DT_F32 ? "dequantize f32" : "dequantize bf16",
               check_best(dequantize_whole, &t),
               (double)N * K);
    free(lines);
    free(w);
}

void check_gemm(struct check *c)
{
    static const struct {
        const char *name;
        enum dtype dtype;
    } stored[] = { { "dequantize f32", DT_F32 }, { "dequantize bf16", DT_BF16 },
                   { "dequantize f16", DT_F16 } };
    const struct gemm_fns *f = &c->gemm;
    struct gemm_fns real;
    uint64_t seed = 1;
    char name[40];

    echo_gemm_init(&real, c->flags);
    for (enum dtype t = DT_F32; t <= DT_I8; t++) {
        bool ok = true;

        if (c->emulated && f->run[t] == real.run[t]) /* it has a level of its own */
            continue;
        if (!check_is_new(c, t))
            continue;
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
            for (int how = 0; how < 4; how++)
                if (shapes[i].taps == 1 || t == DT_F32 ||
                    (t == DT_BF16 && shapes[i].k % 2 == 0))
                    ok = one_shape(c, f, &shapes[i], t, how & 1, how & 2, &seed) && ok;
        snprintf(name, sizeof name, "gemm %s", dtypes[t]);
        check_end(c, name, ok);
        snprintf(name, sizeof name, "gemm %s, cut", dtypes[t]);
        if (c->flags) /* sums in double may be rounded between stretches */
            check_end(c, name, cuts(c, f, t, &seed));
        if (t == DT_F32)
            continue;
        snprintf(name, sizeof name, "quantize %s", dtypes[t]);
        check_end(c, name, quantizing(c, f, t, &seed) && not_finite(c, f, t));
        if (t == DT_I8)
            check_end(c, "gemm i8, largest sums", extremes(c, f));
    }
    if (c->emulated)
        return;
    for (int i = 0; i < 3; i++)
        check_end(c, stored[i].name, expansion(c, f, stored[i].dtype, &seed));
    check_end(c, "gemm f32 x bf16", wide(c, f, &seed));
    check_end(c, "hadamard", transforming(c, f, &seed));
    if (!c->flags)
        check_end(c, "packing", packing(c, &seed));
    for (enum dtype t = DT_F32; c->bench && t <= DT_I8; t++)
        bench_product(c, f, t);
    for (enum dtype t = DT_F32; c->bench && t <= DT_BF16; t++)
        bench_dequantize(c, f, t);
}

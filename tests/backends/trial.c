/* SPDX-License-Identifier: MIT */
#include "trial.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/integers.h"
#include "base/memory.h"
#include "unit.h"

#define MEMORY ((size_t)48 << 20)
#define AROUND 64 /* floats before and behind a matrix, at least */
#define LEFT   3  /* columns beside one */
#define RIGHT  6

/* ---- the device ---- */

bool trial_open(struct trial *t, const char *name, struct device *device)
{
    echo_error e = { 0 };

    *t = (struct trial){ .name = name, .device = device, .seed = 5 };
    if (!CHECK_SAY(!device->ops->open_queue(device, &t->run.queue, &e), "%s", e.text))
        return false;
    if (!CHECK_SAY(device->ops->alloc(device, &t->memory, MEMORY), "%s: no memory", name)) {
        t->run.queue->ops->close(t->run.queue);
        return false;
    }
    t->run.mem = &t->memory;
    t->run.arena = (struct arena){ .cap = MEMORY };
    return true;
}

void trial_close(struct trial *t)
{
    t->run.queue->ops->close(t->run.queue);
    t->device->ops->free(t->device, &t->memory);
}

void trial_begin(struct trial *t, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(t->what, sizeof t->what, fmt, ap);
    va_end(ap);
    t->failed = false;
}

void trial_end(struct trial *t)
{
    echo_error e = { 0 };

    trial_check(t, !t->run.queue->ops->sync(t->run.queue, &e), "%s", e.text);
    while (t->n_weights) {
        struct weight *w = t->weights[--t->n_weights];

        if (w->bytes.device) /* else it is borrowed */
            t->device->ops->free(t->device, &w->bytes);
    }
    while (t->n_host)
        echo_free(t->host[--t->n_host]);
    arena_reset(&t->run.arena, 0);
    unit_passed += !t->failed;
    unit_failed += t->failed;
}

bool trial_check(struct trial *t, bool good, const char *fmt, ...)
{
    va_list ap;

    if (good)
        return true;
    t->failed = true;
    printf("%s: %s: ", t->name, t->what);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n");
    return false;
}

void *trial_host(struct trial *t, size_t bytes)
{
    void *p = echo_alloc(bytes + 64);

    if (!p || t->n_host == sizeof t->host / sizeof *t->host)
        abort();
    return t->host[t->n_host++] = p;
}

/* ---- matrices ---- */

static bool is_inside(const struct matrix *m, int at)
{
    int from = at - m->start;

    if (m->t.dtype != DT_F32)
        return from >= 0 && at < m->whole.cols - AROUND;
    return from >= 0 && from / m->ld < m->t.rows && from % m->ld < m->t.cols;
}

/* Known numbers around m, NaN in any dtype within. */
static void clear(struct trial *t, struct matrix *m)
{
    const uint32_t none = 0x7fff7fff;

    m->numbers = trial_host(t, (size_t)m->whole.cols * sizeof *m->numbers);
    for (int i = 0; i < m->whole.cols; i++) {
        m->numbers[i] = 12345.0f + (float)(i % 89);
        if (is_inside(m, i))
            memcpy(&m->numbers[i], &none, sizeof none);
    }
}

struct matrix trial_matrix(struct trial *t, enum place place, int rows, int cols)
{
    int left = place == PLACE_COLUMNS ? LEFT : 0, around = 2 + AROUND / cols;
    int width = place == PLACE_COLUMNS ? LEFT + cols + RIGHT : cols;
    struct tensor all = place == PLACE_DENSE
                            ? scratch_dense(&t->run, rows + 2 * around, width, DT_F32)
                            : scratch(&t->run, rows + 2 * around, width);
    struct matrix m = { .ld = all.ld, .start = around * all.ld + left };

    m.t = tensor_cols(tensor_rows(all, around, rows), left, cols);
    m.whole = all;
    m.whole.cols = m.whole.ld = all.rows * all.ld;
    m.whole.rows = 1;
    clear(t, &m);
    return m;
}

struct matrix trial_rounded(struct trial *t, enum place place, int rows, int cols,
                            enum dtype dtype)
{
    struct tensor before = scratch_dense(&t->run, 1, AROUND, DT_F32);
    struct matrix m = { .start = AROUND };

    m.t = place == PLACE_DENSE ? scratch_dense(&t->run, rows, cols, dtype)
                               : scratch_of(&t->run, rows, cols, dtype);
    size_t bytes = (size_t)rows * (size_t)m.t.ld * dtype_size(dtype);

    scratch_dense(&t->run, 1, AROUND, DT_F32); /* behind it, and perhaps a gap */
    ECHO_ASSERT(m.t.off == before.off + AROUND * sizeof(float));
    m.whole = before;
    m.whole.cols = m.whole.ld = 2 * AROUND + (int)((bytes + 3) / 4);
    clear(t, &m);
    return m;
}

float *matrix_row(const struct matrix *m, int i)
{
    return m->numbers + m->start + (ptrdiff_t)i * m->ld;
}

static double random_number(struct trial *t)
{
    t->seed = t->seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(t->seed >> 40) / (1 << 24);
}

void trial_fill(struct trial *t, const struct matrix *m, double low, double high)
{
    for (int i = 0; i < m->t.rows; i++)
        for (int j = 0; j < m->t.cols; j++) {
            double size = low + (high - low) * random_number(t);

            matrix_row(m, i)[j] = (float)(random_number(t) < 0.5 ? -size : size);
        }
}

void trial_send(struct trial *t, const struct matrix *m)
{
    op_write(t->run.queue, m->whole, m->numbers);
}

static float *fetch_whole(struct trial *t, const struct matrix *m)
{
    float *got = trial_host(t, (size_t)m->whole.cols * sizeof *got);

    op_read(t->run.queue, got, m->whole);
    return got;
}

static bool same_bits(float a, float b)
{
    return !memcmp(&a, &b, sizeof a);
}

const float *trial_fetch(struct trial *t, const struct matrix *m, const char *name)
{
    const float *got = fetch_whole(t, m);
    int at = 0;

    while (at < m->whole.cols && (is_inside(m, at) || same_bits(got[at], m->numbers[at])))
        at++;
    trial_check(t, at == m->whole.cols, "%s: a write %d floats from its beginning (ld %d)",
                name, at - m->start, m->ld);
    return got + m->start;
}

bool trial_unchanged(struct trial *t, const struct matrix *m, const char *name)
{
    const float *got = fetch_whole(t, m);
    int at = 0;

    while (at < m->whole.cols && same_bits(got[at], m->numbers[at]))
        at++;
    return trial_check(t, at == m->whole.cols, "%s has changed %d floats from its beginning",
                       name, at - m->start);
}

/* ---- weights ---- */

const struct weight *trial_load(struct trial *t, const struct weight_source *from)
{
    struct weight *w = trial_host(t, sizeof *w);

    if (t->n_weights == 8 || !t->device->ops->load(t->device, w, from))
        abort();
    trial_check(t, w->n == from->n && w->k == from->k && w->x_dtype == from->x_dtype,
                "the weight has other sizes or another precision");
    return t->weights[t->n_weights++] = w;
}

const struct weight *trial_identity(struct trial *t, int n, enum dtype x_dtype)
{
    size_t count = (size_t)n * (size_t)n;
    float *rows = trial_host(t, count * sizeof *rows);

    memset(rows, 0, count * sizeof *rows);
    for (int i = 0; i < n; i++)
        rows[(size_t)i * (size_t)n + (size_t)i] = 1;
    return trial_load(t, &(struct weight_source){ .data = rows, .dtype = DT_F32, .n = n,
                                                  .k = n, .x_dtype = x_dtype });
}

/* ---- rounding ---- */

const char *trial_dtype(enum dtype dtype)
{
    static const char *const names[DTYPES] = { [DT_F32] = "f32", [DT_BF16] = "bf16",
                                               [DT_I8] = "i8", [DT_F16] = "f16" };

    return names[dtype];
}

double trial_unit(enum dtype dtype)
{
    static const double units[DTYPES] = { [DT_F32] = 0x1p-24, [DT_BF16] = 0x1p-8,
                                          [DT_F16] = 0x1p-11 };

    return units[dtype];
}

int trial_rotate(double *x, int n)
{
    int blocks = n / 256, size = blocks & (blocks - 1) ? 256 : n;

    if (n % 256)
        return 1;
    for (int h = 1; h < size; h *= 2)
        for (int i = 0; i < n; i++)
            if (!(i & h)) {
                double a = x[i], b = x[i + h];

                x[i] = a + b;
                x[i + h] = a - b;
            }
    return size;
}

/* By rounding a row to dtype, its numbers may be this much farther off.  A device may take what
 * is too small for an ordinary float16 as 0. */
static void widen(enum dtype dtype, int n, const double *value, double *bound, double *turned)
{
    double step = 0;

    if (dtype == DT_I8) {
        memcpy(turned, value, (size_t)n * sizeof *turned);
        trial_rotate(turned, n);
        for (int i = 0; i < n; i++)
            step = fmax(step, fabs(turned[i]) / 127);
    }
    for (int i = 0; i < n; i++) {
        double size = fabs(value[i]) + bound[i];

        bound[i] = bound[i] * 1.01 + size * trial_unit(dtype) + step * 0.501;
        if (dtype == DT_F16)
            bound[i] += fmin(size, 0x1p-14);
    }
}

/* ---- judgement ---- */

/* y anew: all rows at once, or few by few. */
static const float *result(const struct subject *s, bool pieces)
{
    static const int sizes[] = { 1, 2, 5, 16, 3, 65 };
    int rows = s->y->t.rows, n = rows, i = 0;

    trial_send(s->trial, s->y);
    for (int first = 0; first < rows; first += n) {
        if (pieces)
            n = at_most(sizes[i++ % 6], rows - first);
        s->run(s, first, n);
    }
    return trial_fetch(s->trial, s->y, "output");
}

/* One row, against what it ought to be. */
static bool is_near(const struct subject *s, int i, const float *got, const double *value,
                    const double *bound)
{
    int n = s->y->t.cols;

    for (int j = 0; j < n; j++)
        if (!(fabs(got[j] - value[j]) <= bound[j] + (double)FLT_MIN))
            return trial_check(s->trial, false, "[%d][%d] of [%d][%d]: got %.9g want %.9g, "
                                                "bound %.2g",
                               i, j, s->y->t.rows, n, (double)got[j], value[j], bound[j]);
    return true;
}

static void near_double(const struct subject *s, const float *got)
{
    size_t bytes = (size_t)s->y->t.cols * sizeof(double);
    double *value = trial_host(s->trial, bytes), *bound = trial_host(s->trial, bytes);
    double *turned = trial_host(s->trial, bytes);

    for (int i = 0; i < s->y->t.rows; i += s->step ? s->step : 1) {
        s->want(s, i, value, bound);
        if (s->rounded_to != DT_F32)
            widen(s->rounded_to, s->y->t.cols, value, bound, turned);
        if (!is_near(s, i, got + (ptrdiff_t)i * s->y->ld, value, bound))
            return;
    }
}

static bool is_reached(const struct subject *s, int i, int r)
{
    return s->reads ? s->reads(s, i, r) : i == r;
}

/* The same bits but in rows that read rows a or b of x. */
static void same_rows(const struct subject *s, const float *first, const float *got, int a,
                      int b, const char *how)
{
    int n = s->y->t.cols, rows = s->y->t.rows;

    for (int i = 0; i < rows; i++) {
        ptrdiff_t row = (ptrdiff_t)i * s->y->ld;

        if ((a >= 0 && is_reached(s, i, a)) || (b >= 0 && is_reached(s, i, b)))
            continue;
        for (int j = 0; j < n; j++)
            if (!same_bits(first[row + j], got[row + j])) {
                trial_check(s->trial, false, "[%d][%d] of [%d][%d]: %.9g %s, else %.9g", i, j,
                            rows, n, (double)got[row + j], how, (double)first[row + j]);
                return;
            }
    }
}

/* A row that reads a NaN has one. */
static void keeps_nan(const struct subject *s, const float *got, int r)
{
    for (int i = 0; i < s->y->t.rows; i++) {
        bool found = !is_reached(s, i, r);

        for (int j = 0; j < s->y->t.cols; j++)
            found = found || isnan(got[(ptrdiff_t)i * s->y->ld + j]);
        if (!found) {
            trial_check(s->trial, false, "NaN in row %d of x is lost in row %d of y", r, i);
            return;
        }
    }
}

static void damage(const struct subject *s, const float *first)
{
    int rows = s->x->t.rows, cols = s->x->t.cols, a = rows / 2, b = rows > 2 ? rows / 4 : -1;
    float *bad = matrix_row(s->x, a) + cols / 3, was = *bad;

    *bad = NAN;
    if (b >= 0) {
        float *other = matrix_row(s->x, b) + cols / 2, before = *other;

        *other = INFINITY;
        trial_send(s->trial, s->x);
        same_rows(s, first, result(s, false), a, b, "beside rows that are not finite");
        *other = before;
    }
    trial_send(s->trial, s->x);
    keeps_nan(s, result(s, false), a);
    *bad = was;
}

void trial_judge(const struct subject *s)
{
    struct trial *t = s->trial;

    if (s->x && s->x != s->y)
        trial_send(t, s->x);
    for (int i = 0; s->inputs[i]; i++)
        trial_send(t, s->inputs[i]);
    if (s->rounded)
        trial_send(t, s->rounded);
    const float *first = result(s, false);

    near_double(s, first);
    same_rows(s, first, result(s, false), -1, -1, "the second time");
    same_rows(s, first, result(s, true), -1, -1, "in pieces");
    if (s->x && s->x != s->y)
        trial_unchanged(t, s->x, "x");
    if (s->x && s->y->t.rows)
        damage(s, first);
    for (int i = 0; s->inputs[i]; i++)
        trial_unchanged(t, s->inputs[i], "an input");
    if (s->rounded)
        trial_fetch(t, s->rounded, "rows of another dtype");
}

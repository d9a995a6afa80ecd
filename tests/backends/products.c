/* SPDX-License-Identifier: MIT */
/*
 * products.c - matrix products: shapes, taps, overlapping rows, epilogues, every precision and
 * every origin of weights.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bf16.h"
#include "base/integers.h"
#include "base/panels.h"
#include "trial.h"

/* Fields that are left out are 0, or 1 where 0 is no size. */
struct shape {
    int m, n, k; /* k of a tap */
    int taps, dilation;
    int width, step; /* x is windows of so many rows, so far apart */
    enum epilogue epilogue;
    bool bias;
    bool rounds; /* y is rounded as x is, if the epilogue and the precision allow it */
    enum place x, y;
};

static const struct shape shapes[] = {
    { .m = 0, .n = 8, .k = 8, .bias = true },
    { .m = 1, .n = 1, .k = 1 },
    { .m = 1, .n = 8, .k = 7, .bias = true },
    { .m = 1, .n = 48, .k = 256, .bias = true },
    { .m = 1, .n = 130, .k = 700 },
    { .m = 3, .n = 16, .k = 8, .bias = true },
    { .m = 3, .n = 17, .k = 33 },
    { .m = 3, .n = 128, .k = 96, .x = PLACE_COLUMNS },
    { .m = 16, .n = 16, .k = 32, .bias = true, .y = PLACE_COLUMNS },
    { .m = 16, .n = 15, .k = 100 },
    { .m = 17, .n = 17, .k = 24, .bias = true, .x = PLACE_COLUMNS, .y = PLACE_COLUMNS },
    { .m = 17, .n = 80, .k = 80 },
    { .m = 64, .n = 128, .k = 256, .bias = true },
    { .m = 64, .n = 48, .k = 48, .y = PLACE_DENSE },
    { .m = 65, .n = 15, .k = 10, .bias = true },
    { .m = 65, .n = 130, .k = 100, .x = PLACE_COLUMNS },
    { .m = 130, .n = 80, .k = 96, .bias = true },
    { .m = 130, .n = 1, .k = 33 },
    { .m = 300, .n = 17, .k = 48, .bias = true, .y = PLACE_COLUMNS },
    { .m = 300, .n = 128, .k = 32 },
    { .m = 300, .n = 8, .k = 7 },
    { .m = 17, .n = 48, .k = 512, .bias = true },
    { .m = 65, .n = 16, .k = 768, .epilogue = EPILOGUE_ADD },
    { .m = 9, .n = 17, .k = 2500, .bias = true },
    /* several taps */
    { .m = 1, .n = 16, .k = 8, .taps = 2, .x = PLACE_DENSE },
    { .m = 17, .n = 48, .k = 10, .taps = 7, .dilation = 3, .bias = true, .x = PLACE_DENSE },
    { .m = 65, .n = 17, .k = 32, .taps = 7, .dilation = 9, .bias = true, .x = PLACE_DENSE },
    { .m = 130, .n = 80, .k = 24, .taps = 2, .dilation = 9, .x = PLACE_DENSE },
    { .m = 3, .n = 130, .k = 48, .taps = 7, .bias = true, .epilogue = EPILOGUE_ADD },
    { .m = 64, .n = 15, .k = 96, .taps = 7, .x = PLACE_DENSE },
    { .m = 300, .n = 8, .k = 33, .taps = 2, .dilation = 3 },
    { .m = 16, .n = 1, .k = 96, .taps = 7, .bias = true, .x = PLACE_DENSE },
    { .m = 65, .n = 128, .k = 80, .taps = 7, .dilation = 3, .epilogue = EPILOGUE_ADD,
      .x = PLACE_DENSE, .y = PLACE_COLUMNS },
    { .m = 17, .n = 16, .k = 1, .taps = 7, .dilation = 9, .x = PLACE_DENSE },
    { .m = 130, .n = 48, .k = 100, .taps = 2 },
    { .m = 17, .n = 15, .k = 256, .taps = 7, .dilation = 9, .bias = true },
    /* overlapping rows: of one column, of a strided convolution, of a transposed one */
    { .m = 65, .n = 17, .k = 7, .width = 7, .step = 1 },
    { .m = 130, .n = 8, .k = 10, .width = 10, .step = 5, .bias = true },
    { .m = 16, .n = 48, .k = 32, .width = 4, .step = 2 },
    { .m = 300, .n = 16, .k = 16, .width = 8, .step = 4, .bias = true },
    { .m = 17, .n = 130, .k = 70, .width = 7, .step = 1 },
    { .m = 64, .n = 80, .k = 96, .width = 2, .step = 1, .bias = true, .y = PLACE_DENSE },
    { .m = 3, .n = 15, .k = 24, .width = 3, .step = 3, .epilogue = EPILOGUE_ADD },
    { .m = 1, .n = 128, .k = 256, .width = 4, .step = 2, .bias = true },
    /* epilogues */
    { .m = 1, .n = 48, .k = 700, .epilogue = EPILOGUE_ADD, .bias = true },
    { .m = 16, .n = 80, .k = 256, .epilogue = EPILOGUE_ADD },
    { .m = 65, .n = 16, .k = 33, .epilogue = EPILOGUE_ADD, .bias = true, .y = PLACE_COLUMNS },
    { .m = 300, .n = 130, .k = 24, .epilogue = EPILOGUE_ADD, .bias = true },
    { .m = 1, .n = 80, .k = 256, .epilogue = EPILOGUE_GATED_ADD },
    { .m = 17, .n = 128, .k = 96, .epilogue = EPILOGUE_GATED_ADD, .y = PLACE_COLUMNS },
    { .m = 130, .n = 15, .k = 100, .epilogue = EPILOGUE_GATED_ADD },
    { .m = 64, .n = 130, .k = 8, .epilogue = EPILOGUE_GATED_ADD, .bias = true },
    { .m = 3, .n = 80, .k = 80, .epilogue = EPILOGUE_GATE },
    { .m = 65, .n = 48, .k = 256, .epilogue = EPILOGUE_GATE, .y = PLACE_COLUMNS },
    { .m = 130, .n = 17, .k = 10, .epilogue = EPILOGUE_GATE, .taps = 2 },
    { .m = 1, .n = 128, .k = 48, .epilogue = EPILOGUE_GATE, .bias = true },
    { .m = 1, .n = 128, .k = 256, .epilogue = EPILOGUE_SWIGLU },
    { .m = 16, .n = 17, .k = 33, .epilogue = EPILOGUE_SWIGLU, .x = PLACE_COLUMNS },
    { .m = 65, .n = 80, .k = 96, .epilogue = EPILOGUE_SWIGLU, .y = PLACE_COLUMNS },
    { .m = 300, .n = 48, .k = 24, .epilogue = EPILOGUE_SWIGLU },
    { .m = 17, .n = 130, .k = 700, .epilogue = EPILOGUE_SWIGLU },
    { .m = 65, .n = 80, .k = 96, .epilogue = EPILOGUE_SWIGLU, .rounds = true },
    { .m = 17, .n = 48, .k = 34, .epilogue = EPILOGUE_SWIGLU, .rounds = true },
    { .m = 130, .n = 34, .k = 256, .epilogue = EPILOGUE_SWIGLU, .rounds = true },
    { .m = 65, .n = 48, .k = 32, .taps = 7, .dilation = 3, .bias = true,
      .epilogue = EPILOGUE_SNAKE, .x = PLACE_DENSE },
    { .m = 17, .n = 15, .k = 10, .taps = 7, .dilation = 9, .epilogue = EPILOGUE_SNAKE,
      .x = PLACE_DENSE, .y = PLACE_COLUMNS },
    { .m = 130, .n = 96, .k = 96, .taps = 7, .bias = true, .epilogue = EPILOGUE_SNAKE,
      .rounds = true, .x = PLACE_DENSE },
    { .m = 64, .n = 128, .k = 80, .taps = 7, .dilation = 3, .bias = true,
      .epilogue = EPILOGUE_SNAKE, .rounds = true, .x = PLACE_DENSE },
    { .m = 33, .n = 18, .k = 24, .taps = 2, .bias = true, .epilogue = EPILOGUE_SNAKE,
      .rounds = true, .x = PLACE_DENSE },
};

static const struct source {
    const char *name;
    enum layout layout;
    enum dtype dtype;
    bool stays;
} sources[] = {
    { "rows of f32 that stay", LAYOUT_ROWS, DT_F32, true },
    { "rows of bf16", LAYOUT_ROWS, DT_BF16, false },
    { "rows of f16 that stay", LAYOUT_ROWS, DT_F16, true },
    { "rows of f32", LAYOUT_ROWS, DT_F32, false },
    { "rows of bf16 that stay", LAYOUT_ROWS, DT_BF16, true },
    { "rows of f16", LAYOUT_ROWS, DT_F16, false },
    { "panels of f32", LAYOUT_PANELS, DT_F32, true },
    { "panels of bf16", LAYOUT_PANELS, DT_BF16, true },
    { "panels of i8", LAYOUT_PANELS, DT_I8, true },
};

#define N_SOURCES (int)(sizeof sources / sizeof *sources)

struct product {
    struct subject s;
    struct shape shape;
    enum dtype dtype;   /* of x */
    struct matrix x, y, bias, gate;
    struct matrix rounded; /* x, if dtype is not float32 */
    struct matrix result;  /* y, if it is rounded */
    const struct weight *identity; /* which tells what result is */
    struct tensor view;    /* of x or rounded, as the product reads it */
    const struct weight *w[2];
    int cols; /* of a row of x */
    double *x_value, *x_slack, *w_value[2], *w_slack[2];
};

/* ---- numbers, rounded as a precision demands ---- */

static float rounded_number(float v, enum dtype dtype)
{
    if (dtype == DT_BF16)
        return bf16_to_f32(f32_to_bf16(v));
    return dtype == DT_F16 ? f16_to_f32(f32_to_f16(v)) : v;
}

/*
 * A row in eight bits.  slack: how far a device may be off.  Near the middle between two steps
 * float32 decides either way.  Returns what trial_rotate() does.
 */
static int round_row(double *value, double *slack, int k)
{
    int size = trial_rotate(value, k);
    double top = 0, near = size > 1 ? 2e-3 : 2e-4;

    for (int p = 0; p < k; p++)
        top = fmax(top, fabs(value[p]));
    for (int p = 0; p < k; p++) {
        double place = value[p] / top * 127, whole = rint(place);

        value[p] = whole * top / 127;
        slack[p] = fabs(value[p]) * (size > 1 ? 128 : 4) * FLT_EPSILON;
        if (fabs(fabs(place - whole) - 0.5) < near)
            slack[p] += top / 127;
    }
    return size;
}

/* Rows of k numbers in dtype; of weights of DT_I8 the rotation is undone by a factor. */
static void round_rows(double *value, double *slack, const float *from, ptrdiff_t ld, int rows,
                       int k, enum dtype dtype, bool weights)
{
    for (int i = 0; i < rows; i++, value += k, slack += k) {
        for (int p = 0; p < k; p++) {
            value[p] = (double)rounded_number(from[i * ld + p], dtype);
            slack[p] = 0;
        }
        int size = dtype == DT_I8 ? round_row(value, slack, k) : 1;

        for (int p = 0; weights && p < k; p++) {
            value[p] /= size;
            slack[p] /= size;
        }
    }
}

/* ---- weights ---- */

static void put_rows(void *to, const float *from, size_t count, enum dtype dtype)
{
    for (size_t i = 0; i < count; i++) {
        uint16_t h = dtype == DT_BF16 ? f32_to_bf16(from[i]) : f32_to_f16(from[i]);

        if (dtype == DT_F32)
            memcpy((char *)to + 4 * i, &from[i], 4);
        else
            memcpy((char *)to + 2 * i, &h, 2);
    }
}

static void put_panels(struct trial *t, char *to, const float *from, int n, int k,
                       enum dtype dtype)
{
    float *lines = trial_host(t, (size_t)k * PANEL_COLUMNS * sizeof *lines);

    for (int j = 0; j < n; j += PANEL_COLUMNS, to += panel_bytes((int)dtype_size(dtype), k)) {
        for (int p = 0; p < k; p++)
            for (int c = 0; c < PANEL_COLUMNS; c++)
                lines[p * PANEL_COLUMNS + c] = j + c < n ? from[(ptrdiff_t)(j + c) * k + p] : 0;
        if (dtype == DT_BF16)
            echo_panel_pack_bf16((uint16_t *)(void *)to, lines, k);
        else if (dtype == DT_I8)
            echo_panel_pack_i8((int8_t *)(void *)to, lines, k);
        else
            memcpy(to, lines, (size_t)k * PANEL_LINE);
    }
}

static void make_weight(struct trial *t, struct product *c, const struct source *from,
                        int which)
{
    const struct shape *s = &c->shape;
    int k = s->taps * s->k;
    size_t count = (size_t)s->n * (size_t)k, size = dtype_size(from->dtype);
    size_t bytes = from->layout == LAYOUT_PANELS ? panels_bytes((int)size, s->n, k)
                                                 : count * size;
    struct matrix rows = { .t = { .rows = 1, .cols = (int)count } };
    char *data = trial_host(t, bytes + 1);

    rows.numbers = trial_host(t, count * sizeof(float));
    trial_fill(t, &rows, 0.25, 1);
    if (from->layout == LAYOUT_PANELS)
        put_panels(t, data, rows.numbers, s->n, k, from->dtype);
    else
        put_rows(data += from->stays, rows.numbers, count, from->dtype); /* at any byte */
    c->w[which] = trial_load(t, &(struct weight_source){
                                    .data = data, .layout = from->layout,
                                    .dtype = from->dtype, .n = s->n, .k = k,
                                    .x_dtype = c->dtype, .stays = from->stays });
    if (!from->stays)
        memset(data, 0xff, bytes);
    for (size_t i = 0; i < count; i++)
        rows.numbers[i] = rounded_number(rows.numbers[i], from->dtype);
    c->w_value[which] = trial_host(t, count * sizeof(double));
    c->w_slack[which] = trial_host(t, count * sizeof(double));
    round_rows(c->w_value[which], c->w_slack[which], rows.numbers, k, s->n, k, c->dtype, true);
}

/* ---- what is wanted ---- */

struct sum {
    double value, bound;
};

static struct sum sum_of(const struct product *c, int i, int j, int which, double start)
{
    const struct shape *s = &c->shape;
    int k = s->taps * s->k;
    struct sum r = { start, fabs(start) };
    double slack = 0;

    for (int t = 0; t < s->taps; t++) {
        ptrdiff_t at = (ptrdiff_t)(i * s->step + t * s->dilation) * c->cols;
        ptrdiff_t to = (ptrdiff_t)j * k + t * s->k;
        const double *x = c->x_value + at, *xs = c->x_slack + at;
        const double *w = c->w_value[which] + to, *ws = c->w_slack[which] + to;

        for (int p = 0; p < s->k; p++) {
            r.value += x[p] * w[p];
            r.bound += fabs(x[p] * w[p]);
        }
        for (int p = 0; c->dtype == DT_I8 && p < s->k; p++)
            slack += fabs(x[p]) * ws[p] + xs[p] * (fabs(w[p]) + ws[p]);
    }
    r.bound = r.bound * (k + 4) * (double)FLT_EPSILON + slack;
    return r;
}

/* Sigmoid and silu are steep by at most 1/4 and 1.1, and are computed to a few eps.  start: y
 * before, or Snake's second row. */
static struct sum finished(enum epilogue epilogue, struct sum a, struct sum b, double gate,
                           double start)
{
    double sigmoid = 1 / (1 + exp(-a.value)), silu = a.value * sigmoid, eps = FLT_EPSILON;

    switch (epilogue) {
    case EPILOGUE_GATED_ADD:
        return (struct sum){ start + gate * a.value,
                             fabs(gate) * a.bound +
                                 2 * eps * (fabs(start) + fabs(gate * a.value)) };
    case EPILOGUE_GATE:
        return (struct sum){ start * sigmoid, fabs(start) * (a.bound / 4 + 16 * eps) };
    case EPILOGUE_SWIGLU:
        return (struct sum){ silu * b.value,
                             1.1 * a.bound * fabs(b.value) + (fabs(silu) + a.bound) * b.bound +
                                 16 * eps * (1 + fabs(a.value)) * fabs(b.value) };
    case EPILOGUE_SNAKE: /* its argument may be rounded once */
        return (struct sum){ a.value + pow(sin(M_PI * gate * a.value), 2) * start,
                             a.bound * (1 + M_PI * fabs(gate * start)) +
                                 eps * (8 + fabs(a.value) *
                                                (8 + M_PI * fabs(gate * start))) };
    case EPILOGUE_STORE:
    case EPILOGUE_ADD: break;
    }
    return a;
}

/* Is what y was before of no matter? */
static bool is_fresh(enum epilogue epilogue)
{
    return epilogue == EPILOGUE_STORE || epilogue == EPILOGUE_SWIGLU ||
           epilogue == EPILOGUE_SNAKE;
}

static void want(const struct subject *s, int i, double *value, double *bound)
{
    const struct product *c = (const struct product *)s;
    enum epilogue epilogue = c->shape.epilogue;

    for (int j = 0; j < c->shape.n; j++) {
        double before = epilogue == EPILOGUE_SNAKE ? (double)matrix_row(&c->gate, 1)[j]
                        : is_fresh(epilogue)       ? 0
                                                   : (double)matrix_row(&c->y, i)[j];
        double start = c->shape.bias ? (double)matrix_row(&c->bias, 0)[j] : 0;
        double gate = (double)matrix_row(&c->gate, 0)[j];

        if (epilogue == EPILOGUE_ADD)
            start += before;
        struct sum a = sum_of(c, i, j, 0, start);
        struct sum b = epilogue == EPILOGUE_SWIGLU ? sum_of(c, i, j, 1, 0) : a;
        struct sum r = finished(epilogue, a, b, gate, before);

        value[j] = r.value;
        bound[j] = r.bound + fabs(start) * FLT_EPSILON;
    }
}

static bool reads(const struct subject *s, int i, int r)
{
    const struct shape *p = &((const struct product *)s)->shape;
    int from = r - i * p->step;

    if (p->width > 1)
        return from >= 0 && from < p->width;
    return from >= 0 && from % p->dilation == 0 && from / p->dilation < p->taps;
}

/* ---- at work ---- */

static void multiply(const struct subject *s, int first, int rows)
{
    const struct product *c = (const struct product *)s;
    const struct shape *p = &c->shape;
    struct queue *q = s->trial->run.queue;
    struct op op = {
        .kind = OP_MATMUL,
        .y = tensor_rows(p->y == PLACE_DENSE ? tensor_reshape(c->y.t, p->n) : c->y.t, first,
                         rows),
        .x = tensor_rows(c->view, first, rows + (p->taps - 1) * p->dilation),
        .w = c->w[0],
        .w2 = c->w[1],
        .a = p->bias ? c->bias.t : no_tensor,
        .b = p->epilogue == EPILOGUE_SNAKE       ? c->gate.t
             : p->epilogue == EPILOGUE_GATED_ADD ? tensor_rows(c->gate.t, 0, 1)
                                                 : no_tensor,
        .taps = p->taps,
        .dilation = p->dilation,
        .epilogue = p->epilogue,
    };

    if (c->dtype != DT_F32)
        op_copy(q, c->rounded.t, c->x.t);
    if (p->rounds) {
        struct tensor y = op.y;

        op.y = tensor_rows(c->result.t, first, rows);
        op_matmul(q, &op);
        op_linear(q, y, op.y, c->identity, no_tensor);
    } else {
        op_matmul(q, &op);
    }
    memset(&op, 0xff, sizeof op); /* it is ours again */
}

static void make_x(struct trial *t, struct product *c)
{
    const struct shape *s = &c->shape;
    int rows = (s->m - 1) * s->step + s->width + (s->taps - 1) * s->dilation;
    enum place place = s->width > 1 ? PLACE_DENSE : s->x;
    size_t bytes;

    c->cols = s->k / s->width;
    bytes = (size_t)rows * (size_t)c->cols * sizeof(double);
    c->x = trial_matrix(t, place, rows, c->cols);
    trial_fill(t, &c->x, 0.25, 1);
    c->x_value = trial_host(t, bytes);
    c->x_slack = trial_host(t, bytes);
    round_rows(c->x_value, c->x_slack, matrix_row(&c->x, 0), c->x.ld, rows, c->cols, c->dtype,
               false);
    if (c->dtype != DT_F32)
        c->rounded = trial_rounded(t, place, rows, c->cols, c->dtype);
    c->view = c->dtype != DT_F32 ? c->rounded.t : c->x.t;
    if (s->width > 1)
        c->view = tensor_windows(c->view, s->width, s->step);
}

static void try_product(struct trial *t, const struct shape *shape, enum dtype dtype,
                        const struct source *from)
{
    struct product c = { .shape = *shape, .dtype = dtype };
    struct shape *s = &c.shape;
    int n = 0;

    trial_begin(t, "product %d x %d, k %d x %d, dilation %d, windows %d, epilogue %d%s, x %s, "
                   "%s",
                s->m, s->n, s->taps, s->k, s->dilation, s->width, s->epilogue,
                s->bias ? " and bias" : "", trial_dtype(dtype), from->name);
    make_x(t, &c);
    c.y = trial_matrix(t, s->y, s->m, s->n);
    c.s = (struct subject){ .trial = t, .y = &c.y, .x = &c.x, .run = multiply, .want = want,
                            .reads = reads, .step = s->m > 60 ? 7 : 1 };
    if (!is_fresh(s->epilogue))
        trial_fill(t, &c.y, 0, 2);
    if (s->rounds) {
        c.result = trial_rounded(t, PLACE_DENSE, s->m, s->n, dtype);
        c.identity = trial_identity(t, s->n, dtype);
        c.s.rounded_to = dtype;
    }
    c.bias = trial_matrix(t, PLACE_COLUMNS, 1, s->n);
    c.gate = trial_matrix(t, PLACE_COLUMNS, 2, s->n);
    trial_fill(t, &c.bias, 0.25, 1);
    trial_fill(t, &c.gate, 0.25, 1);
    c.s.inputs[n++] = &c.bias;
    c.s.inputs[n++] = &c.gate;
    c.s.rounded = dtype != DT_F32 ? &c.rounded : NULL;
    make_weight(t, &c, from, 0);
    if (s->epilogue == EPILOGUE_SWIGLU)
        make_weight(t, &c, from, 1);
    trial_judge(&c.s);
    trial_end(t);
}

/* Does the model ask for such rows?  Those of eight bits have neither taps nor windows.  None
 * but float32's are cut by columns, or odd where no gap follows. */
static bool is_possible(const struct shape *s, enum dtype dtype)
{
    bool dense = s->width > 1 || s->x == PLACE_DENSE || s->taps > 1;

    if (dtype == DT_F32)
        return true;
    if (dtype == DT_I8 && dense)
        return false;
    return s->x != PLACE_COLUMNS && s->k / s->width > 1 && !(dense && s->k / s->width % 2);
}

/* Panels are for the precision they were packed for, or a better one; see model/bind.c. */
static bool is_source(const struct source *from, const struct shape *s, enum dtype dtype)
{
    if (from->layout == LAYOUT_ROWS)
        return true;
    if (from->dtype == DT_F32)
        return dtype == DT_F32 || dtype == DT_F16;
    if (from->dtype == DT_BF16)
        return dtype != DT_I8 && s->k % 2 == 0;
    return dtype == DT_I8;
}

/* Each shape with three of its sources, so that every source meets many. */
static void try_shape(struct trial *t, int which, enum dtype dtype)
{
    struct shape s = shapes[which];
    const struct source *list[N_SOURCES];
    int n = 0;

    s.taps += !s.taps;
    s.dilation += !s.dilation;
    s.width += !s.width;
    s.step += !s.step;
    s.rounds = s.rounds && dtype != DT_F32;
    if (!is_possible(&s, dtype) || (s.rounds && dtype == DT_I8))
        return;
    for (int i = 0; i < N_SOURCES; i++)
        if (is_source(&sources[i], &s, dtype))
            list[n++] = &sources[i];
    for (int i = 0; i < 3; i++)
        try_product(t, &s, dtype, list[(which + i * n / 3) % n]);
}

void try_products(struct trial *t)
{
    for (enum dtype dtype = DT_F32; dtype < DTYPES; dtype++)
        for (int i = 0; i < (int)(sizeof shapes / sizeof *shapes); i++)
            if (t->device->traits.computes[dtype])
                try_shape(t, i, dtype);
}

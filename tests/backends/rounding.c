/* SPDX-License-Identifier: MIT */
/* rounding.c - rows of bfloat16 and float16: bits of their numbers, and copies of such rows. */
#include <math.h>

#include "base/bf16.h"
#include "trial.h"

static float rounded_number(float v, enum dtype dtype)
{
    return dtype == DT_F16 ? f16_to_f32(f32_to_f16(v)) : bf16_to_f32(f32_to_bf16(v));
}

/* Rounded rows are copied as they are: some of those between others. */
static void try_moving(struct trial *t, enum dtype dtype, enum place place, int cols)
{
    struct queue *q = t->run.queue;

    trial_begin(t, "copy of rows of %s, %d wide%s", trial_dtype(dtype), cols,
                place == PLACE_DENSE ? ", dense" : "");
    struct matrix x = trial_matrix(t, PLACE_COLUMNS, 9, cols);
    struct matrix y = trial_matrix(t, PLACE_ROWS, 9, cols);
    struct matrix from = trial_rounded(t, place, 9, cols, dtype);
    struct matrix to = trial_rounded(t, PLACE_DENSE, 9, cols, dtype);

    trial_fill(t, &x, 0.25, 8);
    trial_send(t, &x);
    trial_send(t, &y);
    trial_send(t, &from);
    trial_send(t, &to);
    op_copy(q, from.t, x.t);
    op_copy(q, to.t, from.t);
    op_copy(q, tensor_rows(to.t, 1, 4), tensor_rows(from.t, 5, 4));
    op_copy(q, tensor_rows(to.t, 7, 0), tensor_rows(from.t, 7, 0));
    op_linear(q, y.t, to.t, trial_identity(t, cols, dtype), no_tensor);
    const float *got = trial_fetch(t, &y, "output");
    bool good = true;

    for (int i = 0; i < 9; i++)
        for (int j = 0; j < cols; j++) {
            float v = matrix_row(&x, i >= 1 && i < 5 ? i + 4 : i)[j];

            good = good && got[(ptrdiff_t)i * y.ld + j] == rounded_number(v, dtype);
        }
    trial_check(t, good, "other numbers");
    trial_fetch(t, &from, "rows of another dtype");
    trial_fetch(t, &to, "copied rows");
    trial_end(t);
}

/* Halves between two numbers go to the even one; what is too large stays so. */
static void try_ties(struct trial *t, enum dtype dtype)
{
    enum { ROWS = 9, COLS = 16 };
    static const float inputs[ROWS] = { 1 + 0x1p-8f, 1 + 0x3p-8f, 1 + 0x1p-11f, 1 + 0x3p-11f,
                                        1e5f, -1e30f, INFINITY, -INFINITY, NAN };
    struct queue *q = t->run.queue;

    trial_begin(t, "rounding to %s", trial_dtype(dtype));
    struct matrix x = trial_matrix(t, PLACE_ROWS, ROWS, COLS);
    struct matrix y = trial_matrix(t, PLACE_ROWS, ROWS, COLS);
    struct matrix rounded = trial_rounded(t, PLACE_ROWS, ROWS, COLS, dtype);

    trial_fill(t, &x, 0.25, 1);
    for (int i = 0; i < ROWS; i++)
        matrix_row(&x, i)[i] = inputs[i];
    trial_send(t, &x);
    trial_send(t, &y);
    op_copy(q, rounded.t, x.t);
    op_linear(q, y.t, rounded.t, trial_identity(t, COLS, dtype), no_tensor);
    const float *got = trial_fetch(t, &y, "output");

    for (int i = 0; i < ROWS; i++) {
        float v = rounded_number(inputs[i], dtype), have = got[(ptrdiff_t)i * y.ld + i];
        bool most = dtype == DT_F16 && isinf(v) && have == copysignf(65504, v);

        trial_check(t, have == v || most || (isnan(v) && isnan(have)),
                    "%.9g becomes %.9g, not %.9g", (double)inputs[i], (double)have, (double)v);
    }
    trial_end(t);
}

void try_rounding(struct trial *t)
{
    static const enum dtype dtypes[] = { DT_BF16, DT_F16 };

    for (int i = 0; i < 2; i++) {
        if (!t->device->traits.computes[dtypes[i]])
            continue;
        try_ties(t, dtypes[i]);
        try_moving(t, dtypes[i], PLACE_DENSE, 10);
        try_moving(t, dtypes[i], PLACE_DENSE, 96);
        try_moving(t, dtypes[i], PLACE_ROWS, 16);
        try_moving(t, dtypes[i], PLACE_ROWS, 130);
    }
}

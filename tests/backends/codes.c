/* SPDX-License-Identifier: MIT */
/* codes.c - the nearest row of a table, and the row of an index. */
#include <math.h>
#include <string.h>

#include "trial.h"

struct codes {
    struct subject s;
    struct matrix x, table, y;
    bool gathers;
};

static void run_codes(const struct subject *s, int first, int rows)
{
    const struct codes *c = (const struct codes *)s;
    struct tensor y = tensor_rows(c->y.t, first, rows), x = tensor_rows(c->x.t, first, rows);

    if (c->gathers)
        op_gather(s->trial->run.queue, y, x, c->table.t);
    else
        op_nearest(s->trial->run.queue, y, x, c->table.t);
}

/* ---- gather ---- */

/* Indices that are none are judged apart: they give NaN. */
static void want_row(const struct subject *s, int i, double *value, double *bound)
{
    const struct codes *c = (const struct codes *)s;
    float index = *matrix_row(&c->x, i);
    bool good = index >= 0 && index < (float)c->table.t.rows;

    for (int j = 0; j < c->y.t.cols; j++) {
        value[j] = good ? (double)matrix_row(&c->table, (int)index)[j] : 0;
        bound[j] = good ? 0 : INFINITY;
    }
}

static void try_gather(struct trial *t, int entries, int cols, enum place place)
{
    static const float none[] = { -1, -1e9f, 1e9f, NAN, INFINITY, -INFINITY };
    enum { ROWS = 40, NONE = sizeof none / sizeof *none };
    struct codes c = { .gathers = true };

    trial_begin(t, "gather of %d rows of %d", entries, cols);
    c.x = trial_matrix(t, place, ROWS, 1);
    c.y = trial_matrix(t, place, ROWS, cols);
    c.table = trial_matrix(t, PLACE_COLUMNS, entries, cols);
    trial_fill(t, &c.table, 0, 1);
    for (int i = 0; i < ROWS; i++)
        *matrix_row(&c.x, i) = (float)(i == 1 ? entries - 1 : i * 37 % entries);
    c.s = (struct subject){ .trial = t, .y = &c.y, .x = &c.x, .inputs = { &c.table },
                            .run = run_codes, .want = want_row };
    trial_judge(&c.s);
    for (int i = 0; i < NONE; i++)
        *matrix_row(&c.x, 2 * i) = none[i];
    *matrix_row(&c.x, 2 * NONE) = (float)entries;
    trial_send(t, &c.x);
    trial_send(t, &c.y);
    run_codes(&c.s, 0, ROWS);
    const float *got = trial_fetch(t, &c.y, "output");
    bool good = true;

    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < cols; j++) {
            float index = *matrix_row(&c.x, i), v = got[(ptrdiff_t)i * c.y.ld + j];

            good = good && (index >= 0 && index < (float)entries
                                ? v == matrix_row(&c.table, (int)index)[j]
                                : isnan(v));
        }
    trial_check(t, good, "an index that is none does not give NaN, or hurts another row");
    trial_end(t);
}

/* ---- nearest ---- */

static double cosine(const struct codes *c, int i, int e)
{
    double sum = 0, squares = 0;

    for (int j = 0; j < c->x.t.cols; j++) {
        double x = (double)matrix_row(&c->x, i)[j];

        sum += x * (double)matrix_row(&c->table, e)[j];
        squares += x * x;
    }
    return sum / fmax(sqrt(squares), 1e-12);
}

/* Is `found` the nearest to row i, as far as float32 can tell, and the first of its equals? */
static bool is_nearest(const struct codes *c, int i, float found)
{
    int entries = c->table.t.rows, cols = c->x.t.cols, e = (int)found;
    double best = -INFINITY;

    for (int j = 0; j < cols; j++)
        if (!isfinite(matrix_row(&c->x, i)[j]))
            return found == -1;
    if (!(found >= 0 && found < (float)entries) || (float)e != found)
        return false;
    for (int other = 0; other < entries; other++) {
        best = fmax(best, cosine(c, i, other));
        if (other < e && !memcmp(matrix_row(&c->table, other), matrix_row(&c->table, e),
                                 (size_t)cols * sizeof(float)))
            return false;
    }
    return cosine(c, i, e) >= best - 1e-5;
}

/* Rows of length 1; some come again. */
static void fill_table(struct trial *t, const struct matrix *m)
{
    int rows = m->t.rows, cols = m->t.cols;

    trial_fill(t, m, 0, 1);
    for (int i = 0; i < rows; i++) {
        float *row = matrix_row(m, i);
        double squares = 0;

        for (int j = 0; j < cols; j++)
            squares += (double)row[j] * (double)row[j];
        for (int j = 0; j < cols; j++)
            row[j] = (float)((double)row[j] / sqrt(squares));
        if (i % 3 == 2)
            memcpy(row, matrix_row(m, i * 7 % (i - 1)), (size_t)cols * sizeof *row);
    }
}

/* float32 decides between neighbours; so numbers are judged here and bits by trial_judge(). */
static void want_index(const struct subject *s, int i, double *value, double *bound)
{
    (void)i;
    *value = 0;
    *bound = (double)((const struct codes *)s)->table.t.rows;
}

static void try_nearest(struct trial *t, int rows, int entries, int cols, enum place place)
{
    static const float bad[] = { NAN, INFINITY, -INFINITY };
    struct codes c = { 0 };

    trial_begin(t, "nearest to %d of %d rows of %d", rows, entries, cols);
    c.x = trial_matrix(t, place == PLACE_ROWS ? PLACE_COLUMNS : PLACE_ROWS, rows, cols);
    c.y = trial_matrix(t, place, rows, 1);
    c.table = trial_matrix(t, place, entries, cols);
    trial_fill(t, &c.x, 0, 8);
    fill_table(t, &c.table);
    for (int i = 3; i < rows; i += 4) { /* exactly in the direction of one that comes again */
        const float *row = matrix_row(&c.table, entries * i / rows / 3 * 3 + 2);

        for (int j = 0; j < cols; j++)
            matrix_row(&c.x, i)[j] = 2 * row[j];
    }
    c.s = (struct subject){ .trial = t, .y = &c.y, .inputs = { &c.x, &c.table },
                            .run = run_codes, .want = want_index };
    trial_judge(&c.s);
    memset(matrix_row(&c.x, 0), 0, (size_t)cols * sizeof(float)); /* equal to all: the first */
    for (int i = 0; rows > 8 && i < 3; i++)
        matrix_row(&c.x, 2 * i + 2)[i * (cols - 1) / 2] = bad[i];
    trial_send(t, &c.x);
    trial_send(t, &c.y);
    run_codes(&c.s, 0, rows);
    const float *got = trial_fetch(t, &c.y, "output");

    for (int i = 0; i < rows; i++) {
        float found = got[(ptrdiff_t)i * c.y.ld];

        trial_check(t, is_nearest(&c, i, found) && (i || found == 0), "[%d]: got %.9g", i,
                    (double)found);
    }
    trial_end(t);
}

void try_codes(struct trial *t)
{
    try_gather(t, 37, 8, PLACE_COLUMNS);
    try_gather(t, 1024, 130, PLACE_ROWS);
    try_gather(t, 1, 1, PLACE_DENSE);
    try_nearest(t, 1, 6, 3, PLACE_ROWS);
    try_nearest(t, 37, 1024, 8, PLACE_COLUMNS);
    try_nearest(t, 64, 1024, 3, PLACE_COLUMNS);
    try_nearest(t, 70, 129, 32, PLACE_ROWS);
    try_nearest(t, 12, 3000, 7, PLACE_COLUMNS);
}

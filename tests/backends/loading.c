/* SPDX-License-Identifier: MIT */
/* loading.c - weights of eight bits where halves are multiplied: rotated back, and scaled. */
#include <math.h>
#include <string.h>

#include "base/panels.h"
#include "trial.h"

#define COLUMNS 20 /* rows of the weight: more than a panel */

struct load_case {
    struct subject subject;
    const struct weight *w;
    struct matrix x; /* the identity in float32 */
    double *values; /* [COLUMNS][k], that the panels stand for */
    int k;
};

static const struct load_case *of(const struct subject *s)
{
    return (const struct load_case *)s;
}

static void run(const struct subject *s, int first, int rows)
{
    op_copy(s->trial->run.queue, s->rounded->t, of(s)->x.t);
    op_linear(s->trial->run.queue, tensor_rows(s->y->t, first, rows),
              tensor_rows(s->rounded->t, first, rows), of(s)->w, no_tensor);
}

static void want(const struct subject *s, int i, double *value, double *bound)
{
    for (int j = 0; j < COLUMNS; j++) {
        value[j] = of(s)->values[j * of(s)->k + i];
        bound[j] = fabs(value[j]) * trial_unit(DT_F16) * 1.01 + 1e-7;
    }
}

/* The order in which the rotation leaves the numbers of a block of 16 by 16. */
static void turn_blocks(double *values, int k)
{
    for (double *at = values; at < values + k; at += PANEL_BLOCK)
        for (int i = 0; i < 16; i++)
            for (int j = 0; j < i; j++) {
                double v = at[i * 16 + j];

                at[i * 16 + j] = at[j * 16 + i];
                at[j * 16 + i] = v;
            }
}

/* The numbers of a panel, times their scales and rotated back. */
static void unpack(const int8_t *panel, double *values, int k, int columns)
{
    const int8_t *scales = panel + panel_lines(1, k) * PANEL_LINE;

    for (int c = 0; c < columns; c++, values += k) {
        float scale;

        memcpy(&scale, scales + 4 * c, sizeof scale);
        for (int p = 0; p < k; p++)
            values[p] = panel[p / 4 * PANEL_LINE + 4 * c + p % 4] * (double)scale;
        if (trial_rotate(values, k) > 1)
            turn_blocks(values, k);
    }
}

static void try_k(struct trial *t, int k)
{
    struct load_case c = { .k = k };
    size_t bytes = panels_bytes(1, COLUMNS, k);
    int8_t *panels = trial_host(t, bytes);
    float *lines = trial_host(t, (size_t)k * PANEL_COLUMNS * sizeof *lines);

    c.values = trial_host(t, (size_t)k * COLUMNS * sizeof *c.values);
    for (int j = 0; j < COLUMNS; j += PANEL_COLUMNS) {
        int8_t *panel = panels + j / PANEL_COLUMNS * panel_bytes(1, k);
        int n = COLUMNS - j < PANEL_COLUMNS ? COLUMNS - j : PANEL_COLUMNS;

        for (int i = 0; i < k * PANEL_COLUMNS; i++)
            lines[i] = (float)((i * 7919 + j * 31) % 2003 - 1001) / 1001.0f;
        echo_panel_pack_i8(panel, lines, k);
        unpack(panel, c.values + (ptrdiff_t)j * k, k, n);
    }
    c.w = trial_load(t, &(struct weight_source){
                            .data = panels, .layout = LAYOUT_PANELS, .dtype = DT_I8,
                            .n = COLUMNS, .k = k, .x_dtype = DT_F16, .stays = true });
    c.x = trial_matrix(t, PLACE_DENSE, k, k);
    struct matrix half = trial_rounded(t, PLACE_ROWS, k, k, DT_F16);
    struct matrix y = trial_matrix(t, PLACE_ROWS, k, COLUMNS);

    for (int i = 0; i < k; i++)
        for (int p = 0; p < k; p++)
            matrix_row(&c.x, i)[p] = i == p;
    trial_send(t, &c.x);
    c.subject = (struct subject){ .trial = t, .y = &y, .inputs = { &c.x }, .rounded = &half,
                                  .step = 1, .run = run, .want = want };
    trial_judge(&c.subject);
}

void try_loading(struct trial *t)
{
    static const int sizes[] = { 5, 48, 250, 256, 512, 768, 1024 };

    if (!t->device->traits.computes[DT_F16])
        return;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        trial_begin(t, "%s: weights in eight bits, k %d", t->name, sizes[i]);
        try_k(t, sizes[i]);
        trial_end(t);
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * order.c - a long chain of ops, each of which needs the one before: recorded as a whole it
 * gives what it gives one by one.
 */
#include <math.h>
#include <string.h>

#include "trial.h"

#define STEPS 210
#define ROWS  40
#define COLS  64

/* The state, the sum of all states, and rows beside them that come and go. */
struct chain {
    struct matrix state, sum, other, active, gains;
    struct matrix rounded;
    const struct weight *w, *rounded_w; /* rounded_w: NULL if there is no other precision */
};

static void write_over(struct trial *t, struct tensor to, int step)
{
    float numbers[ROWS * COLS];

    for (int i = 0; i < to.rows * to.cols; i++)
        numbers[i] = (float)((i * 7 + step * 13) % 32) / 16 - 1;
    op_write(t->run.queue, to, numbers);
    memset(numbers, 0xff, sizeof numbers); /* it is ours again */
}

static void attend(struct trial *t, const struct chain *c)
{
    struct kv kv = { .k = c->state.t, .v = c->other.t, .seen_by = 1 };
    struct attention a = { &kv, 1, 1, SEE_CAUSAL, DT_F32 };

    op_attention(t->run.queue, c->active.t, c->state.t, 2, &a);
    memset(&kv, 0xff, sizeof kv);
    memset(&a, 0xff, sizeof a);
}

/* Products of rounded rows, which are made anew as soon as they are read. */
static void multiply(struct trial *t, const struct chain *c)
{
    struct queue *q = t->run.queue;

    if (!c->rounded_w) {
        op_linear_add(q, c->state.t, c->active.t, c->w, no_tensor);
        return;
    }
    op_copy(q, c->rounded.t, c->active.t);
    op_linear_add(q, c->state.t, c->rounded.t, c->rounded_w, no_tensor);
    op_zero(q, c->active.t);
    op_copy(q, c->rounded.t, c->active.t);
    op_linear_add(q, c->state.t, c->rounded.t, c->rounded_w, no_tensor);
}

static void step(struct trial *t, const struct chain *c, int i)
{
    struct queue *q = t->run.queue;
    struct tensor state = c->state.t, other = c->other.t, active = c->active.t;
    int row = i * 5 % (ROWS - 3);

    switch (i % 7) {
    case 0:
        op_copy(q, active, state);
        op_linear_add(q, state, active, c->w, no_tensor);
        break;
    case 1:
        op_add(q, state, other, no_tensor, 0.5f);
        write_over(t, other, i); /* that op reads what was there before */
        break;
    case 2:
        op_copy(q, tensor_rows(active, row, 3), tensor_rows(state, ROWS - 3 - row, 3));
        op_copy(q, tensor_rows(state, row, 3), tensor_rows(active, row, 3));
        break;
    case 3: multiply(t, c); break;
    case 4:
        op_tanh(q, state);
        op_scale(q, tensor_cols(state, 3, 50), 0.75f);
        break;
    case 5:
        attend(t, c);
        op_copy(q, state, active);
        break;
    case 6:
        write_over(t, tensor_rows(state, row, 1), i);
        op_rms_norm(q, active, state, tensor_rows(c->gains.t, i % ROWS, 1));
        op_copy(q, state, active);
        break;
    }
    op_add(q, c->sum.t, state, no_tensor, 1);
}

/* The sum, after so many steps without waiting; 0: never. */
static const float *run_chain(struct trial *t, const struct chain *c, int wait)
{
    const struct matrix *all[] = { &c->state, &c->sum, &c->other, &c->active };
    echo_error e = { 0 };

    for (int i = 0; i < 4; i++)
        trial_send(t, all[i]);
    for (int i = 0; i < STEPS; i++) {
        step(t, c, i);
        if (wait && i % wait == 0)
            trial_check(t, !t->run.queue->ops->sync(t->run.queue, &e), "%s", e.text);
    }
    return trial_fetch(t, &c->sum, "the sum");
}

/* The same bits, of numbers. */
static bool same_sum(const struct chain *c, const float *a, const float *b)
{
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLS; j++) {
            ptrdiff_t at = (ptrdiff_t)i * c->sum.ld + j;

            if (memcmp(&a[at], &b[at], sizeof *a) || !isfinite(a[at]))
                return false;
        }
    return true;
}

static void load(struct trial *t, struct chain *c, enum dtype dtype)
{
    float *numbers = trial_host(t, COLS * COLS * sizeof *numbers);
    struct weight_source from = { .data = numbers, .dtype = DT_F32, .n = COLS, .k = COLS,
                                  .stays = true };

    for (int i = 0; i < COLS * COLS; i++)
        numbers[i] = (float)(i * 11 % 17 - 8) / 64;
    c->w = trial_load(t, &from);
    from.x_dtype = dtype;
    if (dtype != DT_F32)
        c->rounded_w = trial_load(t, &from);
}

static void try_chain(struct trial *t, enum dtype dtype)
{
    struct chain c = { 0 };
    struct matrix *made[] = { &c.state, &c.sum, &c.other, &c.gains, &c.active };

    trial_begin(t, "a chain of %d steps, products of %s", STEPS, trial_dtype(dtype));
    for (int i = 0; i < 5; i++) {
        *made[i] = trial_matrix(t, i == 4 ? PLACE_COLUMNS : PLACE_ROWS, ROWS, COLS);
        trial_fill(t, made[i], 0.5, 1);
    }
    if (dtype != DT_F32)
        c.rounded = trial_rounded(t, PLACE_ROWS, ROWS, COLS, dtype);
    load(t, &c, dtype);
    trial_send(t, &c.gains);
    const float *late = run_chain(t, &c, 0);

    trial_check(t, same_sum(&c, late, run_chain(t, &c, 1)), "other bits with waiting");
    trial_check(t, same_sum(&c, late, run_chain(t, &c, 9)), "other bits with some waiting");
    trial_unchanged(t, &c.gains, "gains");
    trial_end(t);
}

void try_order(struct trial *t)
{
    for (enum dtype dtype = DT_F32; dtype < DTYPES; dtype++)
        if (t->device->traits.computes[dtype])
            try_chain(t, dtype);
}

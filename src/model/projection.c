/* SPDX-License-Identifier: MIT */
#include "model/projection.h"

struct tensor echo_as_activation(struct run *r, struct tensor x, const struct weight *w)
{
    if (w->x_dtype == DT_F32)
        return x;
    struct tensor t = scratch_for(r, x.rows, w);

    op_copy(r->queue, t, x);
    return t;
}

/* x down^T, for matmuls with `up` */
static struct tensor narrow(struct run *r, struct tensor x, const struct low_rank *low)
{
    struct tensor h = scratch(r, x.rows, low->down.n);

    op_linear(r->queue, h, x, &low->down, no_tensor);
    return echo_as_activation(r, h, &low->up);
}

static void add_low(struct run *r, struct tensor y, struct tensor x, const struct low_rank *low)
{
    size_t mark = arena_mark(&r->arena);

    if (low)
        op_linear_add(r->queue, y, narrow(r, x, low), &low->up, no_tensor);
    arena_reset(&r->arena, mark);
}

void echo_linear(struct run *r, struct tensor y, struct tensor x, const struct weight *w,
                 struct tensor bias)
{
    op_linear(r->queue, y, x, w, bias);
    add_low(r, y, x, w->low);
}

void echo_linear_add(struct run *r, struct tensor y, struct tensor x, const struct weight *w,
                     struct tensor bias)
{
    op_linear_add(r->queue, y, x, w, bias);
    add_low(r, y, x, w->low);
}

void echo_linear_gated_add(struct run *r, struct tensor y, struct tensor gate, struct tensor x,
                           const struct weight *w)
{
    size_t mark = arena_mark(&r->arena);

    op_linear_gated_add(r->queue, y, gate, x, w);
    if (w->low)
        op_linear_gated_add(r->queue, y, gate, narrow(r, x, w->low), &w->low->up);
    arena_reset(&r->arena, mark);
}

/* A sigmoid takes the whole sum. */
void echo_linear_gate(struct run *r, struct tensor y, struct tensor x, const struct weight *w)
{
    size_t mark = arena_mark(&r->arena);

    if (w->low) {
        struct tensor sum = scratch(r, y.rows, y.cols);

        echo_linear(r, sum, x, w, no_tensor);
        op_gate(r->queue, y, sum, false);
    } else {
        op_linear_gate(r->queue, y, x, w);
    }
    arena_reset(&r->arena, mark);
}

void echo_linear_swiglu(struct run *r, struct tensor y, struct tensor x,
                        const struct weight *w1, const struct weight *w3)
{
    size_t mark = arena_mark(&r->arena);

    if (w1->low || w3->low) {
        struct tensor sum = scratch(r, y.rows, y.cols);

        echo_linear(r, sum, x, w1, no_tensor);
        echo_linear(r, y, x, w3, no_tensor);
        op_gate(r->queue, y, sum, true);
    } else {
        op_swiglu(r->queue, y, x, w1, w3);
    }
    arena_reset(&r->arena, mark);
}

/* SPDX-License-Identifier: MIT */
/*
 * conv_blocks.c - the blocks at work.
 *
 * A convolution reads a window: the rows it remembers, then the new ones.
 * Strided and transposed ones read it as wider rows further apart
 * (tensor_windows()), so that both are ordinary matmuls.
 */
#include "model/conv_blocks.h"

/* ---- history ---- */

/* The next rows of the state: the same at every piece. */
static struct tensor state_rows(struct causal_state *s, int rows, int cols, enum dtype dtype)
{
    size_t bytes = (size_t)rows * (size_t)cols * dtype_size(dtype);

    return (struct tensor){ s->mem, arena_push(&s->arena, bytes), rows, cols, cols, dtype };
}

/* History, then the new rows: `fresh` is to be filled. */
struct window {
    struct tensor all, fresh, history;
};

static struct window open_window(struct run *r, struct causal_state *s, int history, int rows,
                                 int cols, enum dtype dtype)
{
    struct window w = { .all = scratch_dense(r, history + rows, cols, dtype) };

    w.fresh = tensor_rows(w.all, history, rows);
    if (history) {
        w.history = state_rows(s, history, cols, dtype);
        op_copy(r->queue, tensor_rows(w.all, 0, history), w.history);
    }
    return w;
}

/* Once it is filled: remember its end. */
static void keep_window(struct run *r, const struct window *w)
{
    if (has_tensor(w->history))
        op_copy(r->queue, w->history,
                tensor_rows(w->all, w->all.rows - w->history.rows, w->history.rows));
}

static void fill_window(struct run *r, const struct window *w, struct tensor x,
                        struct tensor alpha)
{
    if (has_tensor(alpha))
        op_snake(r->queue, w->fresh, x, alpha);
    else
        op_copy(r->queue, w->fresh, x);
    keep_window(r, w);
}

/* ---- convolutions ---- */

void echo_conv(struct run *r, struct causal_state *s, const struct conv *c, struct tensor y,
               struct tensor x, struct tensor alpha)
{
    size_t mark = arena_mark(&r->arena);
    struct window w = open_window(r, s, c->taps - c->stride, x.rows, x.cols, c->w.x_dtype);

    fill_window(r, &w, x, alpha);
    op_linear(r->queue, y, tensor_windows(w.all, c->taps, c->stride), &c->w, c->bias);
    arena_reset(&r->arena, mark);
}

void echo_conv_transposed(struct run *r, struct causal_state *s, const struct conv *c,
                          struct tensor y, struct tensor x, struct tensor alpha)
{
    size_t mark = arena_mark(&r->arena);
    struct window w = open_window(r, s, c->taps - 1, x.rows, x.cols, c->w.x_dtype);

    fill_window(r, &w, x, alpha);
    op_linear(r->queue, tensor_reshape(y, c->stride * c->out),
              tensor_windows(w.all, c->taps, 1), &c->w, c->bias);
    arena_reset(&r->arena, mark);
}

void echo_residual_unit(struct run *r, struct causal_state *s, const struct residual_unit *u,
                        struct tensor x)
{
    size_t mark = arena_mark(&r->arena);
    struct window w = open_window(r, s, (u->wide.taps - 1) * u->dilation, x.rows, x.cols,
                                  u->wide.w.x_dtype);
    struct tensor y = scratch_dense(r, x.rows, x.cols, u->narrow.w.x_dtype);

    fill_window(r, &w, x, u->alpha[0]);
    op_conv_snake(r->queue, y, w.all, &u->wide.w, u->wide.bias, u->alpha[1], u->wide.taps,
                  u->dilation);
    op_linear_add(r->queue, x, y, &u->narrow.w, u->narrow.bias);
    arena_reset(&r->arena, mark);
}

void echo_convnext(struct run *r, struct causal_state *s, const struct convnext *c,
                   struct tensor x)
{
    size_t mark = arena_mark(&r->arena);
    struct window w = open_window(r, s, c->depthwise.rows - 1, x.rows, x.cols, DT_F32);
    struct tensor h = scratch_for(r, x.rows, &c->up), y = scratch(r, x.rows, x.cols);
    struct tensor wide = scratch(r, x.rows, c->hidden), active = wide;

    if (c->down.x_dtype != DT_F32)
        active = scratch_for(r, x.rows, &c->down);
    fill_window(r, &w, x, no_tensor);
    op_depthwise(r->queue, y, w.all, c->depthwise, c->depthwise_bias);
    op_layer_norm(r->queue, h, y, c->norm_gamma, c->norm_bias);
    op_linear(r->queue, wide, h, &c->up, c->up_bias);
    op_gelu(r->queue, active, wide);
    op_linear(r->queue, y, active, &c->down, c->down_bias);
    op_add(r->queue, x, y, c->gamma, 1);
    arena_reset(&r->arena, mark);
}

/* ---- the windowed transformer ---- */

#define KEY_ALIGN 16 /* see cpu_attention.c: sums depend on a key's place modulo this */

/* First key kept when `position` rows are done: what the next may see, from a whole place. */
static int first_kept(const struct windowed_transformer *t, int position)
{
    return position < t->window ? 0 : (position - t->window + 1) / KEY_ALIGN * KEY_ALIGN;
}

/* Kept keys (or values) and new ones in one tensor, of which `fresh` is to be filled. */
static struct window open_keys(struct run *r, struct causal_state *s,
                               const struct windowed_transformer *t, int position, int rows)
{
    int kept = position - first_kept(t, position);
    struct window w = { .history = state_rows(s, t->window + KEY_ALIGN, t->dim, DT_F32),
                        .all = scratch(r, t->window + KEY_ALIGN + rows, t->dim) };

    w.all = tensor_rows(w.all, 0, kept + rows); /* scratch does not depend on the position */
    w.fresh = tensor_rows(w.all, kept, rows);
    if (kept)
        op_copy(r->queue, tensor_rows(w.all, 0, kept), tensor_rows(w.history, 0, kept));
    return w;
}

static void keep_keys(struct run *r, const struct windowed_transformer *t,
                      const struct window *w, int position)
{
    int end = position + w->fresh.rows, kept = end - first_kept(t, end);

    op_copy(r->queue, tensor_rows(w->history, 0, kept),
            tensor_rows(w->all, w->all.rows - kept, kept));
}

static void attend(struct run *r, struct causal_state *s, const struct windowed_transformer *t,
                   const struct codec_layer *l, struct tensor x, struct tensor rope,
                   int position)
{
    size_t mark = arena_mark(&r->arena);
    struct tensor h = scratch_for(r, x.rows, &l->q), q = scratch(r, x.rows, t->dim);
    struct tensor o = scratch(r, x.rows, t->dim);
    struct window k = open_keys(r, s, t, position, x.rows);
    struct window v = open_keys(r, s, t, position, x.rows);
    struct kv kv = { .k = k.all, .v = v.all, .seen_by = 1, .per_branch = true };

    op_rms_norm(r->queue, h, x, l->attention_norm);
    op_linear(r->queue, q, h, &l->q, no_tensor);
    op_linear(r->queue, k.fresh, h, &l->k, no_tensor);
    op_linear(r->queue, v.fresh, h, &l->v, no_tensor);
    op_head_norm_rope(r->queue, q, no_tensor, rope, t->heads, t->heads);
    op_head_norm_rope(r->queue, k.fresh, no_tensor, rope, t->heads, t->heads);
    keep_keys(r, t, &k, position);
    keep_keys(r, t, &v, position);
    op_attention(r->queue, o, q, t->heads,
                 &(struct attention){ &kv, 1, 1, t->window, DT_F32 });
    op_linear(r->queue, q, echo_as_activation(r, o, &l->out), &l->out, no_tensor);
    op_add(r->queue, x, q, l->attention_gamma, 1);
    arena_reset(&r->arena, mark);
}

static void feed_forward(struct run *r, const struct windowed_transformer *t,
                         const struct codec_layer *l, struct tensor x)
{
    size_t mark = arena_mark(&r->arena);
    struct tensor h = scratch_for(r, x.rows, &l->mlp.w1), y = scratch(r, x.rows, t->dim);

    op_rms_norm(r->queue, h, x, l->mlp_norm);
    op_linear(r->queue, y, echo_swiglu(r, &l->mlp, h), &l->mlp.w2, no_tensor);
    op_add(r->queue, x, y, l->mlp_gamma, 1);
    arena_reset(&r->arena, mark);
}

void echo_windowed_transformer(struct run *r, struct causal_state *s,
                               const struct windowed_transformer *t, struct tensor x)
{
    size_t mark = arena_mark(&r->arena);
    int position = s->frames * t->rows_per_frame;
    struct tensor rope = scratch(r, x.rows, 2 * (t->dim / t->heads));

    /* positions go on from piece to piece: rounded, the rotations are not quite relative */
    op_rope_table(r->queue, rope, position, 1, true);
    for (int i = 0; i < t->layers && !run_stopped(r); i++) {
        attend(r, s, t, &t->layer[i], x, rope, position);
        feed_forward(r, t, &t->layer[i], x);
    }
    struct tensor h = scratch(r, x.rows, t->dim);

    op_copy(r->queue, h, x);
    op_rms_norm(r->queue, x, h, t->norm);
    arena_reset(&r->arena, mark);
}

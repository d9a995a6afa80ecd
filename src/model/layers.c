/* SPDX-License-Identifier: MIT */
#include "model/layers.h"

void echo_bind_attention(struct binder *b, enum part part, struct attention_w *w,
                         const char *stem, int dim, int *heads)
{
    static const char *const names[] = { "wq", "wk", "wv", "gate", "wo" };
    struct weight *weights[] = { &w->q, &w->k, &w->v, &w->gate, &w->out };
    int count = echo_bind_dim(b, 0, "%sattention.q_norm.weight", stem);
    int head_dim = echo_bind_dim(b, 1, "%sattention.q_norm.weight", stem);

    if ((int64_t)count * head_dim != dim || head_dim % 2 || head_dim > 256)
        echo_bind_fail(b, "'%sattention.q_norm.weight': %d heads of %d do not make %d, or are "
                          "not even and at most 256",
                       stem, count, head_dim, dim);
    *heads = count;
    for (int i = 0; i < 5; i++)
        echo_bind_weight(b, part, weights[i], dim, dim, "%sattention.%s.weight", stem,
                         names[i]);
    w->precision = w->q.x_dtype == DT_I8 ? b->precisions.fine : w->q.x_dtype;
    w->q_gamma = echo_bind_vector(b, dim, "%sattention.q_norm.weight", stem);
    w->k_gamma = echo_bind_vector(b, dim, "%sattention.k_norm.weight", stem);
}

void echo_bind_mlp(struct binder *b, enum part part, struct mlp_w *w, const char *stem, int dim)
{
    w->hidden = echo_bind_dim(b, 0, "%sw1.weight", stem);
    echo_bind_weight(b, part, &w->w1, w->hidden, dim, "%sw1.weight", stem);
    echo_bind_weight(b, part, &w->w3, w->hidden, dim, "%sw3.weight", stem);
    echo_bind_weight(b, part, &w->w2, dim, w->hidden, "%sw2.weight", stem);
}

struct tensor echo_swiglu(struct run *r, const struct mlp_w *w, struct tensor h)
{
    /* the scale of a row of eight bits takes the whole row, and what is added float32 */
    bool whole = w->w2.x_dtype == DT_I8 || w->w1.low || w->w3.low;
    struct tensor a = whole ? scratch(r, h.rows, w->hidden) : scratch_for(r, h.rows, &w->w2);

    echo_linear_swiglu(r, a, h, &w->w1, &w->w3);
    return whole ? echo_as_activation(r, a, &w->w2) : a;
}

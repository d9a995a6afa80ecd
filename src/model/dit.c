/* SPDX-License-Identifier: MIT */
/*
 * dit.c - the diffusion transformer.
 *
 * Nothing here knows what a CPU or a GPU is.  Guidance branches are stacked:
 * x is [branches * frames][dim].
 */
#include "model/dit.h"

#include <math.h>
#include <stdio.h>

enum { SHIFT, SCALE, GATE, PARTS };

static const char *const part_names[PARTS] = { "shift", "scale", "gate" };
static const char *const context_names[CONTEXT_KINDS] = { "text", "speaker", "latent" };

/* ---- binding ---- */

static void bind_adaln(struct binder *b, struct adaln_w *w, const struct dit *d,
                       const char *stem)
{
    for (int p = 0; p < PARTS; p++) {
        echo_bind_weight(b, PART_ENDS, &w->down[p], d->rank, d->dim, "%s.%s_down.weight", stem,
                         part_names[p]);
        echo_bind_weight(b, PART_ENDS, &w->up[p], d->dim, d->rank, "%s.%s_up.weight", stem,
                         part_names[p]);
        w->up_bias[p] = echo_bind_vector(b, d->dim, "%s.%s_up.bias", stem, part_names[p]);
    }
}

static void bind_layer(struct binder *b, struct dit *d, int i)
{
    struct dit_layer *l = &d->layer[i];
    char stem[40], part[80];
    int heads;

    snprintf(stem, sizeof stem, "blocks.%d.", i);
    echo_bind_attention(b, PART_LAYERS, &l->attention, stem, d->dim, &heads);
    if (i && heads != d->heads)
        echo_bind_fail(b, "'%sattention.q_norm.weight' has %d heads, the others %d", stem,
                       heads, d->heads);
    d->heads = heads;
    for (int c = 0; c < CONTEXT_KINDS; c++) {
        if (c == CONTEXT_PREFIX && !d->has_prefix)
            continue;
        echo_bind_weight(b, PART_LAYERS, &l->context[c].k, d->dim, d->encoder[c].dim,
                         "%sattention.wk_%s.weight", stem, context_names[c]);
        echo_bind_weight(b, PART_LAYERS, &l->context[c].v, d->dim, d->encoder[c].dim,
                         "%sattention.wv_%s.weight", stem, context_names[c]);
    }
    snprintf(part, sizeof part, "%smlp.", stem);
    echo_bind_mlp(b, PART_LAYERS, &l->mlp, part, d->dim);
    snprintf(part, sizeof part, "%sattention_adaln", stem);
    bind_adaln(b, &l->adaln[0], d, part);
    snprintf(part, sizeof part, "%smlp_adaln", stem);
    bind_adaln(b, &l->adaln[1], d, part);
}

/* The blockwise part may be absent, but not half of it. */
static bool has_prefix(struct binder *b)
{
    bool norm = echo_bind_has(b, "latent_norm.weight");
    bool encoder = echo_bind_has(b, "latent_encoder.in_proj.weight");
    bool keys = echo_bind_has(b, "blocks.0.attention.wk_latent.weight");

    if (norm != encoder || norm != keys)
        echo_bind_fail(b, "of the blockwise part (latent_encoder, latent_norm, wk_latent, "
                          "wv_latent) some tensors are there and some missing");
    return norm && encoder && keys;
}

static void bind_ends(struct binder *b, struct dit *d)
{
    echo_bind_weight(b, PART_ENDS, &d->in_proj, d->dim, d->latent, "in_proj.weight");
    d->in_bias = echo_bind_vector(b, d->dim, "in_proj.bias");
    echo_bind_weight(b, PART_ENDS, &d->out_proj, d->latent, d->dim, "out_proj.weight");
    d->out_bias = echo_bind_vector(b, d->latent, "out_proj.bias");
    d->out_norm = echo_bind_vector(b, d->dim, "out_norm.weight");
    echo_bind_weight(b, PART_ENDS, &d->cond[0], d->dim, d->time_size, "cond_module.0.weight");
    echo_bind_weight(b, PART_ENDS, &d->cond[1], d->dim, d->dim, "cond_module.2.weight");
    echo_bind_weight(b, PART_ENDS, &d->cond[2], PARTS * d->dim, d->dim, "cond_module.4.weight");
}

static void bind_encoders(struct binder *b, struct dit *d)
{
    echo_bind_encoder(b, &d->encoder[CONTEXT_TEXT], "text_encoder", "text_norm.weight", 0);
    echo_bind_encoder(b, &d->encoder[CONTEXT_SPEAKER], "speaker_encoder", "speaker_norm.weight",
                      d->latent);
    if (d->has_prefix)
        echo_bind_encoder(b, &d->encoder[CONTEXT_PREFIX], "latent_encoder",
                          "latent_norm.weight", d->latent);
    if (d->has_prefix && d->encoder[CONTEXT_PREFIX].patch != d->encoder[CONTEXT_SPEAKER].patch)
        echo_bind_fail(b, "'latent_encoder.in_proj.weight' has patches of %d frames, the "
                          "speaker encoder of %d",
                       d->encoder[CONTEXT_PREFIX].patch,
                       d->encoder[CONTEXT_SPEAKER].patch);
}

void echo_bind_dit(struct binder *b, struct dit *d)
{
    d->latent = echo_bind_dim(b, 1, "in_proj.weight");
    d->dim = echo_bind_dim(b, 0, "in_proj.weight");
    d->layers = echo_bind_count(b, "blocks.");
    d->time_size = echo_bind_dim(b, 1, "cond_module.0.weight");
    d->rank = echo_bind_dim(b, 0, "blocks.0.attention_adaln.shift_down.weight");
    d->has_prefix = has_prefix(b);
    if (d->time_size % 2)
        echo_bind_fail(b, "'cond_module.0.weight' takes %d inputs, expected an even count",
                       d->time_size);

    bind_encoders(b, d);
    bind_ends(b, d);
    d->layer = echo_bind_memory(b, (size_t)d->layers, sizeof *d->layer);
    for (int i = 0; i < d->layers && d->layer; i++)
        bind_layer(b, d, i);
    d->head_dim = d->heads ? d->dim / d->heads : 0;
    d->rope_heads = (d->heads + 1) / 2;
}

/* ---- what does not change between steps ---- */

struct tensor echo_dit_hidden(struct run *r, const struct dit *d, enum context_kind kind,
                             int rows)
{
    return scratch_for(r, rows, &d->layer[0].context[kind].k);
}

void echo_dit_context(struct run *r, const struct dit *d, enum context_kind kind,
                      struct tensor hidden, struct kv *kv)
{
    struct tensor rope = no_tensor;

    for (int i = 0; i < d->layers; i++) {
        kv[i] = (struct kv){ .k = scratch(r, hidden.rows, d->dim),
                             .v = scratch(r, hidden.rows, d->dim) };
    }
    size_t mark = arena_mark(&r->arena);

    if (kind == CONTEXT_PREFIX) { /* patches stand where their first frames stood */
        rope = scratch(r, hidden.rows, 2 * d->head_dim);
        op_rope_table(r->queue, rope, 0, d->encoder[kind].patch, false);
    }
    for (int i = 0; i < d->layers && !run_stopped(r); i++) {
        const struct dit_layer *l = &d->layer[i];

        echo_linear(r, kv[i].k, hidden, &l->context[kind].k, no_tensor);
        echo_linear(r, kv[i].v, hidden, &l->context[kind].v, no_tensor);
        op_head_norm_rope(r->queue, kv[i].k, l->attention.k_gamma, rope, d->heads,
                          kind == CONTEXT_PREFIX ? d->rope_heads : 0);
    }
    arena_reset(&r->arena, mark);
}

/* ---- what a time decides ---- */

void echo_dit_embed_times(const struct dit *d, const float *t, int n, float *out)
{
    int half = d->time_size / 2;

    for (int j = 0; j < n; j++, out += d->time_size)
        for (int i = 0; i < half; i++) {
            float rate = 1000 * expf(-logf(10000) * (float)i / (float)half);

            out[i] = cosf(t[j] * rate);
            out[half + i] = sinf(t[j] * rate);
        }
}

int echo_dit_modulation_size(const struct dit *d)
{
    return d->layers * 2 * PARTS * d->dim;
}

static struct tensor part_of(const struct dit *d, struct tensor modulation, int layer, int half,
                             int part)
{
    return tensor_cols(modulation, ((layer * 2 + half) * PARTS + part) * d->dim, d->dim);
}

void echo_dit_modulation(struct run *r, const struct dit *d, struct tensor modulation,
                         struct tensor embedding)
{
    size_t mark = arena_mark(&r->arena);
    int n = embedding.rows;
    struct tensor a = scratch(r, n, d->dim), b = scratch(r, n, d->dim);
    struct tensor c = scratch(r, n, PARTS * d->dim), active = scratch(r, n, PARTS * d->dim);
    struct tensor low[PARTS]; /* one each: they need not wait for each other */

    for (int p = 0; p < PARTS; p++)
        low[p] = scratch(r, n, d->rank);
    echo_linear(r, a, embedding, &d->cond[0], no_tensor);
    op_silu(r->queue, b, a);
    echo_linear(r, a, b, &d->cond[1], no_tensor);
    op_silu(r->queue, b, a);
    echo_linear(r, c, b, &d->cond[2], no_tensor);
    op_silu(r->queue, active, c);
    for (int i = 0; i < d->layers * 2 && !run_stopped(r); i++) {
        const struct adaln_w *w = &d->layer[i / 2].adaln[i % 2];

        for (int p = 0; p < PARTS; p++)
            echo_linear(r, low[p], tensor_cols(active, p * d->dim, d->dim), &w->down[p],
                      no_tensor);
        for (int p = 0; p < PARTS; p++) {
            struct tensor out = part_of(d, modulation, i / 2, i % 2, p);

            op_copy(r->queue, out, tensor_cols(c, p * d->dim, d->dim));
            echo_linear_add(r, out, low[p], &w->up[p], w->up_bias[p]);
            if (p == GATE)
                op_tanh(r->queue, out);
        }
    }
    arena_reset(&r->arena, mark);
}

/* ---- one evaluation ---- */

struct pass {
    const struct dit *d;
    const struct dit_context *contexts;
    int n_contexts, branches;
    struct tensor rope;
};

/* x += gate * attention of h over itself and over what else its branch sees */
static void joint_attention(struct run *r, const struct pass *p, int layer, struct tensor x,
                            struct tensor gate, struct tensor h)
{
    const struct dit *d = p->d;
    const struct attention_w *w = &d->layer[layer].attention;
    struct tensor q = scratch(r, h.rows, d->dim), o = scratch(r, h.rows, d->dim);
    struct kv kv[1 + CONTEXT_KINDS] = { { .k = scratch(r, h.rows, d->dim),
                                          .v = scratch(r, h.rows, d->dim),
                                          .seen_by = ~0u,
                                          .per_branch = true } };

    for (int i = 0; i < p->n_contexts; i++) {
        const struct dit_context *c = &p->contexts[i];

        kv[1 + i] = c->kv[layer];
        kv[1 + i].seen_by = c->seen_by;
        kv[1 + i].scale = layer < c->scaled_layers ? c->scale : 0;
    }
    echo_linear(r, q, h, &w->q, no_tensor);
    echo_linear(r, kv[0].k, h, &w->k, no_tensor);
    echo_linear(r, kv[0].v, h, &w->v, no_tensor);
    op_head_norm_rope(r->queue, q, w->q_gamma, p->rope, d->heads, d->rope_heads);
    op_head_norm_rope(r->queue, kv[0].k, w->k_gamma, p->rope, d->heads, d->rope_heads);
    op_attention(r->queue, o, q, d->heads,
                 &(struct attention){ kv, 1 + p->n_contexts, p->branches, SEE_ALL,
                                      w->precision });
    echo_linear_gate(r, o, h, &w->gate);
    echo_linear_gated_add(r, x, gate, echo_as_activation(r, o, &w->out), &w->out);
}

/* x += gate * attention(adaln(x));  x += gate * mlp(adaln(x)) */
static void block(struct run *r, const struct pass *p, int layer, struct tensor x,
                  struct tensor modulation)
{
    const struct dit *d = p->d;
    const struct dit_layer *l = &d->layer[layer];

    for (int half = 0; half < 2; half++) {
        size_t mark = arena_mark(&r->arena);
        struct tensor gate = part_of(d, modulation, layer, half, GATE);
        struct tensor h = scratch_for(r, x.rows, half ? &l->mlp.w1 : &l->attention.q);

        op_adaln(r->queue, h, x, part_of(d, modulation, layer, half, SCALE),
                 part_of(d, modulation, layer, half, SHIFT));
        if (half == 0)
            joint_attention(r, p, layer, x, gate, h);
        else
            echo_linear_gated_add(r, x, gate, echo_swiglu(r, &l->mlp, h), &l->mlp.w2);
        arena_reset(&r->arena, mark);
    }
}

struct tensor echo_dit_rope(struct run *r, const struct dit *d, int frames, int start)
{
    struct tensor rope = scratch(r, frames, 2 * d->head_dim);

    op_rope_table(r->queue, rope, start, 1, false);
    return rope;
}

void echo_dit_forward(struct run *r, const struct dit *d, struct tensor v, struct tensor x,
                      struct tensor modulation, struct tensor rope,
                      const struct dit_context *contexts, int n_contexts, int branches)
{
    size_t mark = arena_mark(&r->arena);
    struct tensor h = scratch(r, branches * x.rows, d->dim);
    struct pass p = { d, contexts, n_contexts, branches, rope };

    echo_linear(r, tensor_rows(h, 0, x.rows), x, &d->in_proj, d->in_bias);
    for (int b = 1; b < branches; b++)
        op_copy(r->queue, tensor_rows(h, b * x.rows, x.rows), tensor_rows(h, 0, x.rows));
    for (int i = 0; i < d->layers && !run_stopped(r); i++)
        block(r, &p, i, h, modulation);
    struct tensor y = scratch(r, h.rows, d->dim);

    op_rms_norm(r->queue, y, h, d->out_norm);
    echo_linear(r, v, y, &d->out_proj, d->out_bias);
    arena_reset(&r->arena, mark);
}

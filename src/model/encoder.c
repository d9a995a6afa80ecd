/* SPDX-License-Identifier: MIT */
#include "model/encoder.h"

#include <stdio.h>
#include <string.h>

/* The reference divides what in_proj makes of a patch by this. */
#define PATCH_DIVISOR 6.0f

static void bind_input(struct binder *b, struct encoder *e, const char *stem, int latent)
{
    if (!latent) {
        e->dim = echo_bind_dim(b, 1, "%s.text_embedding.weight", stem);
        float *rows = echo_bind_floats(b, 256, e->dim, 0, "%s.text_embedding.weight", stem);

        e->embedding = echo_bind_memory(b, (size_t)e->dim * 256, sizeof *rows);
        if (rows && e->embedding)
            memcpy(e->embedding, rows, (size_t)e->dim * 256 * sizeof *rows);
        echo_free(rows);
        return;
    }
    int width = echo_bind_dim(b, 1, "%s.in_proj.weight", stem);

    if (width % latent)
        echo_bind_fail(b, "'%s.in_proj.weight' takes %d inputs, not whole frames of %d", stem,
                       width, latent);
    e->latent = latent;
    e->patch = width / latent;
    if (e->patch > ECHO_MAX_FRAMES)
        echo_bind_fail(b,
                       "'%s.in_proj.weight' has patches of %d frames, at most %d are possible",
                       stem, e->patch, ECHO_MAX_FRAMES);
    e->dim = echo_bind_dim(b, 0, "%s.in_proj.weight", stem);
    echo_bind_weight(b, PART_ENDS, &e->in_proj, e->dim, width, "%s.in_proj.weight", stem);
    e->in_bias = echo_bind_vector(b, e->dim, "%s.in_proj.bias", stem);
}

void echo_bind_encoder(struct binder *b, struct encoder *e, const char *stem, const char *norm,
                       int latent)
{
    char blocks[64], layer[80], mlp[90];

    bind_input(b, e, stem, latent);
    snprintf(blocks, sizeof blocks, "%s.blocks.", stem);
    e->layers = echo_bind_count(b, blocks);
    e->layer = echo_bind_memory(b, (size_t)e->layers, sizeof *e->layer);
    for (int i = 0; i < e->layers && e->layer; i++) {
        struct encoder_layer *l = &e->layer[i];
        int heads;

        snprintf(layer, sizeof layer, "%s%d.", blocks, i);
        echo_bind_attention(b, PART_ENCODERS, &l->attention, layer, e->dim, &heads);
        if (i && heads != e->heads)
            echo_bind_fail(b, "'%sattention.q_norm.weight' has %d heads, the others %d", layer,
                           heads, e->heads);
        e->heads = heads;
        snprintf(mlp, sizeof mlp, "%smlp.", layer);
        echo_bind_mlp(b, PART_ENCODERS, &l->mlp, mlp, e->dim);
        l->attention_norm = echo_bind_vector(b, e->dim, "%sattention_norm.weight", layer);
        l->mlp_norm = echo_bind_vector(b, e->dim, "%smlp_norm.weight", layer);
    }
    e->head_dim = e->heads ? e->dim / e->heads : 0;
    e->norm = echo_bind_vector(b, e->dim, "%s", norm);
}

/* x += wo(attention(h) * sigmoid(gate h)) */
static void self_attention(struct run *r, const struct encoder *e, const struct attention_w *w,
                           struct tensor x, struct tensor h, struct tensor rope, int window)
{
    size_t mark = arena_mark(&r->arena);
    struct tensor q = scratch(r, h.rows, e->dim), o = scratch(r, h.rows, e->dim);
    struct kv kv = { .k = scratch(r, h.rows, e->dim), .v = scratch(r, h.rows, e->dim),
                     .seen_by = 1, .per_branch = true };

    echo_linear(r, q, h, &w->q, no_tensor);
    echo_linear(r, kv.k, h, &w->k, no_tensor);
    echo_linear(r, kv.v, h, &w->v, no_tensor);
    op_head_norm_rope(r->queue, q, w->q_gamma, rope, e->heads, e->heads);
    op_head_norm_rope(r->queue, kv.k, w->k_gamma, rope, e->heads, e->heads);
    op_attention(r->queue, o, q, e->heads,
                 &(struct attention){ &kv, 1, 1, window, w->precision });
    echo_linear_gate(r, o, h, &w->gate);
    echo_linear_add(r, x, echo_as_activation(r, o, &w->out), &w->out, no_tensor);
    arena_reset(&r->arena, mark);
}

/* x becomes the hidden states, normalised, in `hidden`. */
static void blocks(struct run *r, const struct encoder *e, struct tensor hidden,
                   struct tensor x, int window)
{
    struct tensor rope = scratch(r, x.rows, 2 * e->head_dim);

    op_rope_table(r->queue, rope, 0, 1, false);
    for (int i = 0; i < e->layers && !run_stopped(r); i++) {
        const struct encoder_layer *l = &e->layer[i];
        size_t mark = arena_mark(&r->arena);
        struct tensor h = scratch_for(r, x.rows, &l->attention.q);

        op_rms_norm(r->queue, h, x, l->attention_norm);
        self_attention(r, e, &l->attention, x, h, rope, window);
        h = scratch_for(r, x.rows, &l->mlp.w1);
        op_rms_norm(r->queue, h, x, l->mlp_norm);
        echo_linear_add(r, x, echo_swiglu(r, &l->mlp, h), &l->mlp.w2, no_tensor);
        arena_reset(&r->arena, mark);
    }
    op_rms_norm(r->queue, hidden, x, e->norm);
}

void echo_encode_text(struct run *r, const struct encoder *e, struct tensor hidden,
                      const unsigned char *ids, float *host)
{
    size_t mark = arena_mark(&r->arena);
    struct tensor x = scratch(r, hidden.rows, e->dim);

    for (int i = 0; i < x.rows; i++)
        memcpy(host + (size_t)i * (size_t)e->dim,
               e->embedding + (size_t)ids[i] * (size_t)e->dim, (size_t)e->dim * sizeof *host);
    op_write(r->queue, x, host);
    blocks(r, e, hidden, x, SEE_ALL);
    arena_reset(&r->arena, mark);
}

void echo_encode_latents(struct run *r, const struct encoder *e, struct tensor hidden,
                         const float *latents)
{
    size_t mark = arena_mark(&r->arena);
    struct tensor x = scratch(r, hidden.rows, e->dim);
    struct tensor patches = scratch(r, hidden.rows, e->patch * e->latent);

    op_write(r->queue, patches, latents);
    echo_linear(r, x, patches, &e->in_proj, e->in_bias);
    op_scale(r->queue, x, 1 / PATCH_DIVISOR);
    blocks(r, e, hidden, x, SEE_CAUSAL);
    arena_reset(&r->arena, mark);
}

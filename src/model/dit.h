/* SPDX-License-Identifier: MIT */
/*
 * dit.h - the diffusion transformer: noisy latents, a time and what to say to a velocity.
 */
#ifndef ECHO_DIT_H
#define ECHO_DIT_H

#include "model/encoder.h"

/* Contexts that the frames attend to beside themselves. */
enum context_kind { CONTEXT_TEXT,
                    CONTEXT_SPEAKER,
                    CONTEXT_PREFIX,
                    CONTEXT_KINDS };

/* The low-rank correction of shift, scale and gate, in that order. */
struct adaln_w {
    struct weight down[3], up[3];
    struct tensor up_bias[3];
};

struct dit_layer {
    struct attention_w attention;
    struct {
        struct weight k, v;
    } context[CONTEXT_KINDS];
    struct mlp_w mlp;
    struct adaln_w adaln[2]; /* before attention, before the MLP */
};

struct dit {
    int layers, dim, heads, head_dim, latent, rank, time_size;
    int rope_heads;  /* that know positions: the first half, rounded up */
    bool has_prefix; /* the blockwise part is there */
    struct encoder encoder[CONTEXT_KINDS];
    struct weight in_proj, out_proj, cond[3];
    struct tensor in_bias, out_bias, out_norm;
    struct dit_layer *layer;
};

void echo_bind_dit(struct binder *b, struct dit *d);

/* Room for what an encoder makes of one context, `rows` tokens or patches. */
struct tensor echo_dit_hidden(struct run *r, const struct dit *d, enum context_kind kind,
                             int rows);

/* Keys and values of one context for every layer, pushed onto the arena to stay; nobody changes
 * them.  hidden: what the encoder made.  kv: [layers], filled. */
void echo_dit_context(struct run *r, const struct dit *d, enum context_kind kind,
                      struct tensor hidden, struct kv *kv);

/* A context as a pass sees it. */
struct dit_context {
    const struct kv *kv; /* [layers] */
    unsigned seen_by;    /* bit b: branch b sees it */
    float scale;         /* of its keys and values in the first scaled_layers layers; 0: none */
    int scaled_layers;
};

/* The sinusoids of times t, n of them, to out [n][time_size]. */
void echo_dit_embed_times(const struct dit *d, const float *t, int n, float *out);

/* Floats of one row of modulation: shift, scale and gate of both halves of all layers. */
int echo_dit_modulation_size(const struct dit *d);

/* Shift, scale and gate of all layers: embedding [n][time_size] to modulation [n][...].  It is
 * the same for every frame and every guidance branch. */
void echo_dit_modulation(struct run *r, const struct dit *d, struct tensor modulation,
                         struct tensor embedding);

/* The rotations of `frames` frames from position `start` on, pushed onto the arena. */
struct tensor echo_dit_rope(struct run *r, const struct dit *d, int frames, int start);

/*
 * One evaluation: x [frames][latent] at one time, seen by each branch with the contexts of
 * which seen_by has its bit; v [branches * frames][latent].  modulation: one row.
 * rope: of the frames, by echo_dit_rope().
 */
void echo_dit_forward(struct run *r, const struct dit *d, struct tensor v, struct tensor x,
                      struct tensor modulation, struct tensor rope,
                      const struct dit_context *contexts, int n_contexts, int branches);

#endif

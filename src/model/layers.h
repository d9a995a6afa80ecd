/* SPDX-License-Identifier: MIT */
/* layers.h - attention's weights and the MLP, which encoders, transformer and codec share. */
#ifndef ECHO_LAYERS_H
#define ECHO_LAYERS_H

#include "model/bind.h"
#include "model/projection.h"

struct attention_w {
    struct weight q, k, v, gate, out;
    struct tensor q_gamma, k_gamma; /* heads * head */
    enum dtype precision;         /* of scores and weighted values */
};

struct mlp_w {
    struct weight w1, w2, w3;
    int hidden;
};

/* stem "blocks.3.", of an MLP "blocks.3.mlp."; *heads is found. */
void echo_bind_attention(struct binder *b, enum part part, struct attention_w *w,
                         const char *stem, int dim, int *heads);
void echo_bind_mlp(struct binder *b, enum part part, struct mlp_w *w, const char *stem,
                   int dim);

/* silu(w1 h) * w3 h in scratch, for the matmul with w2 */
struct tensor echo_swiglu(struct run *r, const struct mlp_w *w, struct tensor h);

#endif

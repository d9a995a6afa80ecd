/* SPDX-License-Identifier: MIT */
/*
 * encoder.h - the three encoders: of text, of a voice, of what was said so far.
 *
 * They share their blocks; the text encoder sees in both directions, the two
 * over latents are causal, and read `patch` frames as one row.
 */
#ifndef ECHO_ENCODER_H
#define ECHO_ENCODER_H

#include "model/layers.h"

struct encoder_layer {
    struct attention_w attention;
    struct mlp_w mlp;
    struct tensor attention_norm, mlp_norm;
};

struct encoder {
    int layers, dim, heads, head_dim;
    int patch, latent;      /* of the latent encoders; 0 for text */
    float *embedding;       /* of text: [256][dim] */
    struct weight in_proj;  /* of latents */
    struct tensor in_bias, norm;
    struct encoder_layer *layer;
};

/* stem "text_encoder", norm "text_norm.weight"; latent 0: of text. */
void echo_bind_encoder(struct binder *b, struct encoder *e, const char *stem, const char *norm,
                       int latent);

/* hidden [n][dim] of n tokens, in any dtype; host: as many floats */
void echo_encode_text(struct run *r, const struct encoder *e, struct tensor hidden,
                      const unsigned char *ids, float *host);

/* hidden [rows][dim] of rows * patch frames of latents, host memory */
void echo_encode_latents(struct run *r, const struct encoder *e, struct tensor hidden,
                         const float *latents);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * conv_blocks.h - what the codec is built of, all causal, all able to go on.
 *
 * A signal is [time][channels].  It comes in pieces of any length; what a
 * block must remember to go on is a few rows of history, kept in its causal state.
 * Before the beginning there are zeros.
 */
#ifndef ECHO_CONV_BLOCKS_H
#define ECHO_CONV_BLOCKS_H

#include "model/layers.h"

/*
 * Rows of history between pieces.  Blocks take their rows in the order they
 * run, the same for every piece, so nobody needs names for them.
 */
struct causal_state {
    struct buffer *mem;
    struct arena arena; /* reset before each piece */
    int frames;         /* latent frames done before this piece */
};

/* A convolution over time; transposed ones give `stride` rows for each. */
struct conv {
    struct weight w; /* [out][taps][in], or [stride * out][taps][in] if transposed */
    struct tensor bias;
    int out, taps, stride;
};

struct residual_unit {
    struct conv wide, narrow; /* 7 taps, 1 tap */
    struct tensor alpha[2];
    int dilation;
};

struct convnext {
    struct tensor depthwise, depthwise_bias, norm_gamma, norm_bias, gamma;
    struct weight up, down;
    struct tensor up_bias, down_bias;
    int hidden;
};

struct codec_layer {
    struct weight q, k, v, out;
    struct mlp_w mlp;
    struct tensor attention_norm, mlp_norm, attention_gamma, mlp_gamma;
};

struct windowed_transformer {
    int layers, dim, heads, window, rows_per_frame;
    struct codec_layer *layer;
    struct tensor norm;
};

/* Kinds of convolution by how their weights are stored. */
enum conv_kind { CONV, CONV_TRANSPOSED };

/* The stride as the codec has it: from the number of taps. */
enum conv_stride { STRIDE_ONE, STRIDE_HALF, STRIDE_WHOLE };

/* stem "decoder.model.0": "stem.conv.parametrizations..." if there (weight norm, folded here),
 * else the plain "stem.conv.weight", as the resamplers have it. */
void echo_bind_conv(struct binder *b, enum part part, struct conv *c, enum conv_kind kind,
                    enum conv_stride stride, int in, const char *stem);
/* The taps of a kernel, before it is bound. */
int echo_bind_conv_taps(struct binder *b, const char *stem);
/* Both rows of op_snake(). */
struct tensor echo_bind_snake(struct binder *b, int channels, const char *name);
void echo_bind_residual(struct binder *b, enum part part, struct residual_unit *u, int channels,
                        int dilation, const char *stem);
void echo_bind_convnext(struct binder *b, enum part part, struct convnext *c, int channels,
                        const char *stem);
void echo_bind_transformer(struct binder *b, enum part part, struct windowed_transformer *t,
                           int dim, int window, int rows_per_frame, const char *stem);

/*
 * y = convolution of f(x), f being Snake if alpha is given.  x.rows is a multiple of the
 * stride; y has x.rows / stride rows, or x.rows * stride if transposed.  Rows without gaps.
 */
void echo_conv(struct run *r, struct causal_state *s, const struct conv *c, struct tensor y,
               struct tensor x, struct tensor alpha);
void echo_conv_transposed(struct run *r, struct causal_state *s, const struct conv *c,
                          struct tensor y, struct tensor x, struct tensor alpha);
/* in place */
void echo_residual_unit(struct run *r, struct causal_state *s, const struct residual_unit *u,
                        struct tensor x);
void echo_convnext(struct run *r, struct causal_state *s, const struct convnext *c,
                   struct tensor x);
void echo_windowed_transformer(struct run *r, struct causal_state *s,
                               const struct windowed_transformer *t, struct tensor x);

#endif

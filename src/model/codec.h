/* SPDX-License-Identifier: MIT */
/*
 * codec.h - the S1-DAC: sound to latents and back, piece by piece.
 *
 * Both ways go through two stages that want pieces of different length: the
 * coarse one (transformers, a few rows a frame, weights much larger than what
 * they work on) long ones, the fine one (convolutions near the sample rate)
 * short ones that stay in cache.  Each stage has its causal state; pieces are whole
 * frames; the result does not depend on how the pieces are cut.
 */
#ifndef ECHO_CODEC_H
#define ECHO_CODEC_H

#include "model/conv_blocks.h"
#include "model/quantizer.h"

#define CODEC_COARSE_FRAMES 64 /* at most in a coarse piece; a multiple of the fine one */

/* At most in a fine piece.  On a CPU it stays in cache; a GPU needs thousands of rows. */
static inline int codec_fine_frames(const struct device *device)
{
    return device->traits.records ? CODEC_COARSE_FRAMES : 8;
}

struct encoder_block {
    struct residual_unit unit[3];
    struct tensor alpha;
    struct conv down;
    bool has_transformer;
    struct windowed_transformer transformer;
};

struct decoder_block {
    struct tensor alpha;
    struct conv up;
    struct residual_unit unit[3];
};

struct resampler {
    struct conv conv;
    struct convnext next;
};

struct codec {
    int dim;           /* of the quantized latent */
    int latent;        /* of what the PCA makes of it */
    int frame_samples; /* of one latent frame */
    int coarse_rows;   /* between the stages, a frame */
    int encoder_width, decoder_width; /* channels there */

    struct conv encoder_in, encoder_out;
    struct encoder_block *encoder_block;
    struct tensor encoder_alpha;
    struct resampler *down, *up;
    struct windowed_transformer pre, post;
    struct quantizer quantizer;
    struct conv decoder_in, decoder_out;
    struct decoder_block *decoder_block;
    struct tensor decoder_alpha;
    int encoder_blocks, decoder_blocks, resamplers;

    struct weight pca_encode, pca_decode;
    struct tensor pca_encode_bias, pca_decode_bias;
};

void echo_bind_codec(struct binder *b, struct codec *c);
/* From the file of the PCA; after echo_bind_codec(). */
void echo_bind_pca(struct binder *b, struct codec *c);

/* audio [frames * frame_samples][1] to h [frames * coarse_rows][encoder_width] */
void echo_codec_encode_fine(struct run *r, struct causal_state *s, const struct codec *c,
                            struct tensor h, struct tensor audio);
/* ... to latents [frames][latent]; codes [frames][books].  h is used up. */
void echo_codec_encode_coarse(struct run *r, struct causal_state *s, const struct codec *c,
                              struct tensor latent, struct tensor codes, struct tensor h);

/* latents [frames][latent] to h [frames * coarse_rows][decoder_width] */
void echo_codec_decode_coarse(struct run *r, struct causal_state *s, const struct codec *c,
                              struct tensor h, struct tensor latent);
/* ... to audio [frames * frame_samples][1].  h is used up. */
void echo_codec_decode_fine(struct run *r, struct causal_state *s, const struct codec *c,
                            struct tensor audio, struct tensor h);

#endif

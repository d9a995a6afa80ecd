/* SPDX-License-Identifier: MIT */
#include "model/codec.h"

#include <math.h>
#include <stdio.h>

#define ENCODER_WINDOW   512 /* rows that the encoder's transformer sees */
#define QUANTIZER_WINDOW 128
#define MAX_FRAME        65536 /* samples */

static const int dilations[3] = { 1, 3, 9 };

/* ---- binding ---- */

/* Blocks stem1. to stemN., those that have a ".block.ALPHA.alpha". */
static int count_blocks(struct binder *b, const char *stem, int alpha)
{
    int n = 0;

    while (n < 16 && echo_bind_has(b, "%s%d.block.%d.alpha", stem, n + 1, alpha))
        n++;
    if (!n)
        echo_bind_fail(b, "tensor '%s1.block.%d.alpha' is missing", stem, alpha);
    return n;
}

static int bind_encoder_block(struct binder *b, struct codec *c, int i, int channels,
                              int *samples)
{
    struct encoder_block *e = &c->encoder_block[i];
    char stem[80];

    for (int u = 0; u < 3; u++) {
        snprintf(stem, sizeof stem, "encoder.block.%d.block.%d", i + 1, u);
        echo_bind_residual(b, PART_CODEC_CONV, &e->unit[u], channels, dilations[u], stem);
    }
    snprintf(stem, sizeof stem, "encoder.block.%d.block.3.alpha", i + 1);
    e->alpha = echo_bind_snake(b, channels, stem);
    snprintf(stem, sizeof stem, "encoder.block.%d.block.4", i + 1);
    echo_bind_conv(b, PART_CODEC_CONV, &e->down, CONV, STRIDE_HALF, channels, stem);
    if (e->down.stride > MAX_FRAME / *samples) {
        echo_bind_fail(b, "the encoder's strides make frames of over %d samples", MAX_FRAME);
        *samples = e->down.stride = 1;
    }
    *samples *= e->down.stride;
    snprintf(stem, sizeof stem, "encoder.block.%d.block.5", i + 1);
    e->has_transformer = echo_bind_has(b, "%s.norm.weight", stem);
    if (e->has_transformer)
        echo_bind_transformer(b, PART_CODEC_CONV, &e->transformer, e->down.out, ENCODER_WINDOW,
                              c->frame_samples / *samples, stem);
    return e->down.out;
}

static void bind_encoder(struct binder *b, struct codec *c)
{
    char stem[80];
    int samples = 1;

    echo_bind_conv(b, PART_CODEC_CONV, &c->encoder_in, CONV, STRIDE_ONE, 1, "encoder.block.0");
    int channels = c->encoder_in.out;

    for (int i = 0; i < c->encoder_blocks && c->encoder_block; i++)
        channels = bind_encoder_block(b, c, i, channels, &samples);
    c->encoder_width = channels;
    snprintf(stem, sizeof stem, "encoder.block.%d.alpha", c->encoder_blocks + 1);
    c->encoder_alpha = echo_bind_snake(b, channels, stem);
    snprintf(stem, sizeof stem, "encoder.block.%d", c->encoder_blocks + 2);
    echo_bind_conv(b, PART_CODEC_CONV, &c->encoder_out, CONV, STRIDE_ONE, channels, stem);
    if (!b->status && c->encoder_out.out != c->dim)
        echo_bind_fail(b, "'%s.conv' gives %d channels, the quantizer wants %d", stem,
                       c->encoder_out.out, c->dim);
}

static void bind_decoder(struct binder *b, struct codec *c)
{
    char stem[80];
    int samples = c->coarse_rows;

    echo_bind_conv(b, PART_CODEC_COARSE, &c->decoder_in, CONV, STRIDE_ONE, c->dim,
                   "decoder.model.0");
    int channels = c->decoder_width = c->decoder_in.out;

    for (int i = 0; i < c->decoder_blocks && c->decoder_block; i++) {
        struct decoder_block *d = &c->decoder_block[i];

        snprintf(stem, sizeof stem, "decoder.model.%d.block.0.alpha", i + 1);
        d->alpha = echo_bind_snake(b, channels, stem);
        snprintf(stem, sizeof stem, "decoder.model.%d.block.1", i + 1);
        echo_bind_conv(b, PART_CODEC_CONV, &d->up, CONV_TRANSPOSED, STRIDE_HALF, channels,
                       stem);
        channels = d->up.out;
        samples = d->up.stride > MAX_FRAME / samples ? MAX_FRAME : samples * d->up.stride;
        for (int u = 0; u < 3; u++) {
            snprintf(stem, sizeof stem, "decoder.model.%d.block.%d", i + 1, u + 2);
            echo_bind_residual(b, PART_CODEC_CONV, &d->unit[u], channels, dilations[u], stem);
        }
    }
    if (!b->status && samples != c->frame_samples)
        echo_bind_fail(b, "the decoder makes frames of %d samples, the encoder reads %d",
                       samples, c->frame_samples);
    snprintf(stem, sizeof stem, "decoder.model.%d.alpha", c->decoder_blocks + 1);
    c->decoder_alpha = echo_bind_snake(b, channels, stem);
    snprintf(stem, sizeof stem, "decoder.model.%d", c->decoder_blocks + 2);
    echo_bind_conv(b, PART_CODEC_LAST, &c->decoder_out, CONV, STRIDE_ONE, channels, stem);
    if (!b->status && c->decoder_out.out != 1)
        echo_bind_fail(b, "'%s.conv' gives %d channels, expected one", stem,
                       c->decoder_out.out);
}

static void bind_resampler(struct binder *b, struct resampler *s, enum conv_kind kind, int dim,
                           const char *stem)
{
    char name[100];

    snprintf(name, sizeof name, "%s.0", stem);
    echo_bind_conv(b, PART_CODEC_COARSE, &s->conv, kind, STRIDE_WHOLE, dim, name);
    if (!b->status && s->conv.out != dim)
        echo_bind_fail(b, "'%s.conv' gives %d channels, expected %d", name, s->conv.out, dim);
    snprintf(name, sizeof name, "%s.1", stem);
    echo_bind_convnext(b, PART_CODEC_COARSE, &s->next, dim, name);
}

static void bind_resamplers(struct binder *b, struct codec *c)
{
    char stem[80];
    int64_t down = 1, up = 1;

    c->coarse_rows = 1;
    for (int i = 0; i < c->resamplers && c->down && c->up; i++) {
        snprintf(stem, sizeof stem, "quantizer.downsample.%d", i);
        bind_resampler(b, &c->down[i], CONV, c->dim, stem);
        snprintf(stem, sizeof stem, "quantizer.upsample.%d", i);
        bind_resampler(b, &c->up[i], CONV_TRANSPOSED, c->dim, stem);
        down *= c->down[i].conv.stride;
        up *= c->up[i].conv.stride;
        if (down > MAX_FRAME || up != down) {
            echo_bind_fail(b, "quantizer.downsample and quantizer.upsample do not match");
            return;
        }
        c->coarse_rows = (int)down;
    }
}

/* The samples of a frame, from the kernels of the encoder's strided convolutions. */
static int count_frame_samples(struct binder *b, const struct codec *c)
{
    int64_t samples = c->coarse_rows;
    char stem[80];

    for (int i = 1; i <= c->encoder_blocks && samples <= MAX_FRAME; i++) {
        snprintf(stem, sizeof stem, "encoder.block.%d.block.4", i);
        samples *= echo_bind_conv_taps(b, stem) / 2;
    }
    if (samples >= 1 && samples <= MAX_FRAME)
        return (int)samples;
    echo_bind_fail(b, "the encoder's strides make frames of %lld samples", (long long)samples);
    return 1;
}

void echo_bind_codec(struct binder *b, struct codec *c)
{
    c->dim = echo_bind_dim(b, 1, "quantizer.semantic_quantizer.quantizers.0.in_proj."
                                 "parametrizations.weight.original1");
    c->encoder_blocks = count_blocks(b, "encoder.block.", 3);
    c->decoder_blocks = count_blocks(b, "decoder.model.", 0);
    c->resamplers = echo_bind_count(b, "quantizer.downsample.");
    c->encoder_block = echo_bind_memory(b, (size_t)c->encoder_blocks, sizeof *c->encoder_block);
    c->decoder_block = echo_bind_memory(b, (size_t)c->decoder_blocks, sizeof *c->decoder_block);
    c->down = echo_bind_memory(b, (size_t)c->resamplers, sizeof *c->down);
    c->up = echo_bind_memory(b, (size_t)c->resamplers, sizeof *c->up);
    bind_resamplers(b, c);
    echo_bind_transformer(b, PART_CODEC_COARSE, &c->pre, c->dim, QUANTIZER_WINDOW, 1,
                          "quantizer.pre_module");
    echo_bind_quantizer(b, &c->quantizer, c->dim);
    echo_bind_transformer(b, PART_CODEC_COARSE, &c->post, c->dim, QUANTIZER_WINDOW, 1,
                          "quantizer.post_module");
    c->frame_samples = count_frame_samples(b, c);
    bind_encoder(b, c);
    bind_decoder(b, c);
}

/* Encode: (z - mean) C' scale; decode: (x / scale) C + mean; both as y = x W' + bias. */
void echo_bind_pca(struct binder *b, struct codec *c)
{
    c->latent = echo_bind_dim(b, 0, "pca_components");
    float *rows = echo_bind_floats(b, c->latent, c->dim, 0, "pca_components");
    float *mean = echo_bind_floats(b, c->dim, 0, 0, "pca_mean");
    float *scale = echo_bind_floats(b, 1, 0, 0, "latent_scale");
    float *turned = echo_bind_workspace(b, (size_t)c->latent * (size_t)c->dim);
    float *bias = echo_bind_workspace(b, (size_t)c->latent);

    if (scale && !isfinite(1 / *scale))
        echo_bind_fail(b, "latent_scale is %g, nothing to divide by", (double)*scale);
    for (int i = 0; i < c->latent && turned && bias && !b->status; i++) {
        double at_mean = 0;

        for (int j = 0; j < c->dim; j++) {
            float *p = &rows[(size_t)i * (size_t)c->dim + (size_t)j];

            turned[(size_t)j * (size_t)c->latent + (size_t)i] = *p / *scale;
            *p *= *scale;
            at_mean += (double)*p * mean[j];
        }
        bias[i] = (float)-at_mean;
    }
    echo_bind_made_weight(b, PART_CODEC_COARSE, &c->pca_encode, rows, c->latent, c->dim);
    echo_bind_made_weight(b, PART_CODEC_COARSE, &c->pca_decode, turned, c->dim, c->latent);
    c->pca_encode_bias = echo_bind_made(b, bias, 1, c->latent);
    c->pca_decode_bias = echo_bind_made(b, mean, 1, c->dim);
    echo_free(rows);
    echo_free(mean);
    echo_free(scale);
    echo_free(turned);
    echo_free(bias);
}

/* ---- encoding ---- */

void echo_codec_encode_fine(struct run *r, struct causal_state *s, const struct codec *c,
                            struct tensor h, struct tensor audio)
{
    size_t mark = arena_mark(&r->arena);
    struct tensor x = scratch_dense(r, audio.rows, c->encoder_in.out, DT_F32);

    arena_reset(&s->arena, 0);
    echo_conv(r, s, &c->encoder_in, x, audio, no_tensor);
    for (int i = 0; i < c->encoder_blocks && !run_stopped(r); i++) {
        const struct encoder_block *e = &c->encoder_block[i];
        bool last = i == c->encoder_blocks - 1;
        struct tensor y = h;

        if (!last)
            y = scratch_dense(r, x.rows / e->down.stride, e->down.out, DT_F32);

        for (int u = 0; u < 3; u++)
            echo_residual_unit(r, s, &e->unit[u], x);
        echo_conv(r, s, &e->down, y, x, e->alpha);
        if (e->has_transformer && !last)
            echo_windowed_transformer(r, s, &e->transformer, y);
        x = y;
    }
    s->frames += audio.rows / c->frame_samples;
    arena_reset(&r->arena, mark);
}

void echo_codec_encode_coarse(struct run *r, struct causal_state *s, const struct codec *c,
                              struct tensor latent, struct tensor codes, struct tensor h)
{
    const struct encoder_block *last = &c->encoder_block[c->encoder_blocks - 1];
    size_t mark = arena_mark(&r->arena);
    struct tensor x = scratch_dense(r, h.rows, c->dim, DT_F32);
    struct tensor sum = scratch_dense(r, latent.rows, c->dim, DT_F32);

    arena_reset(&s->arena, 0);
    if (last->has_transformer)
        echo_windowed_transformer(r, s, &last->transformer, h);
    echo_conv(r, s, &c->encoder_out, x, h, c->encoder_alpha);
    for (int i = 0; i < c->resamplers; i++) {
        struct tensor y = scratch_dense(r, x.rows / c->down[i].conv.stride, c->dim, DT_F32);

        echo_conv(r, s, &c->down[i].conv, y, x, no_tensor);
        echo_convnext(r, s, &c->down[i].next, y);
        x = y;
    }
    echo_windowed_transformer(r, s, &c->pre, x);
    echo_quantize(r, &c->quantizer, sum, codes, x);
    op_linear(r->queue, latent, sum, &c->pca_encode, c->pca_encode_bias);
    s->frames += latent.rows;
    arena_reset(&r->arena, mark);
}

/* ---- decoding ---- */

void echo_codec_decode_coarse(struct run *r, struct causal_state *s, const struct codec *c,
                              struct tensor h, struct tensor latent)
{
    size_t mark = arena_mark(&r->arena);
    struct tensor x = scratch_dense(r, latent.rows, c->dim, DT_F32);

    arena_reset(&s->arena, 0);
    op_linear(r->queue, x, latent, &c->pca_decode, c->pca_decode_bias);
    echo_windowed_transformer(r, s, &c->post, x);
    for (int i = 0; i < c->resamplers; i++) {
        struct tensor y = scratch_dense(r, x.rows * c->up[i].conv.stride, c->dim, DT_F32);

        echo_conv_transposed(r, s, &c->up[i].conv, y, x, no_tensor);
        echo_convnext(r, s, &c->up[i].next, y);
        x = y;
    }
    echo_conv(r, s, &c->decoder_in, h, x, no_tensor);
    s->frames += latent.rows;
    arena_reset(&r->arena, mark);
}

void echo_codec_decode_fine(struct run *r, struct causal_state *s, const struct codec *c,
                            struct tensor audio, struct tensor h)
{
    size_t mark = arena_mark(&r->arena);
    struct tensor x = h;

    arena_reset(&s->arena, 0);
    for (int i = 0; i < c->decoder_blocks && !run_stopped(r); i++) {
        const struct decoder_block *d = &c->decoder_block[i];
        struct tensor y = scratch_dense(r, x.rows * d->up.stride, d->up.out, DT_F32);

        echo_conv_transposed(r, s, &d->up, y, x, d->alpha);
        for (int u = 0; u < 3; u++)
            echo_residual_unit(r, s, &d->unit[u], y);
        x = y;
    }
    if (!run_stopped(r)) { /* else x has the shape of a block before the last */
        echo_conv(r, s, &c->decoder_out, audio, x, c->decoder_alpha);
        op_tanh(r->queue, tensor_reshape(audio, c->frame_samples));
    }
    s->frames += audio.rows / c->frame_samples;
    arena_reset(&r->arena, mark);
}

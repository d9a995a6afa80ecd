/* SPDX-License-Identifier: MIT */
/*
 * names.c - the names and shapes of the three files, from the sizes of a model.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "synth/names.h"

#define SHAPE(...)  ((const int64_t[]){ __VA_ARGS__, 0 })
#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

#define VOCABULARY     256 /* bytes */
#define CODEC_HEAD     64
#define RESAMPLERS     2
#define RESAMPLER_STEP 2
#define CONVNEXT_WIDER 4
#define UNITS          3 /* residual units of a block, dilations 1, 3, 9 */

void echo_list_add_like(struct array_list *list, const struct array *like)
{
    struct array a = *like;

    if (list->n == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 64;
        struct array *grown = realloc(list->arrays, capacity * sizeof *grown);

        if (!grown) {
            list->failed = true;
            return;
        }
        list->arrays = grown;
        list->capacity = capacity;
    }
    a.data = NULL;
    if (!(a.name = strdup(like->name))) {
        list->failed = true;
        return;
    }
    list->arrays[list->n++] = a;
}

void echo_list_add(struct array_list *list, enum array_type type, const int64_t *shape,
                   const char *name, ...)
{
    char text[512];
    struct array a = { .name = text, .type = type };
    va_list ap;

    for (; shape[a.dims]; a.dims++)
        a.shape[a.dims] = shape[a.dims];
    va_start(ap, name);
    vsnprintf(text, sizeof text, name, ap);
    va_end(ap);
    echo_list_add_like(list, &a);
}

const struct array *echo_list_find(const struct array_list *list, const char *name)
{
    for (size_t i = 0; i < list->n; i++)
        if (!strcmp(list->arrays[i].name, name))
            return &list->arrays[i];
    return NULL;
}

size_t echo_list_bytes(const struct array_list *list)
{
    size_t sum = 0;

    for (size_t i = 0; i < list->n; i++) {
        size_t bytes = echo_array_type_size(list->arrays[i].type);

        for (int d = 0; d < list->arrays[i].dims; d++)
            bytes *= (size_t)list->arrays[i].shape[d];
        sum += bytes;
    }
    return sum;
}

void echo_list_free(struct array_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free((char *)(uintptr_t)list->arrays[i].name);
    free(list->arrays);
    *list = (struct array_list){ 0 };
}

/* ---- the transformer and its encoders, all BF16 ---- */

#define BF16(shape, ...) echo_list_add(l, ARRAY_BF16, shape, __VA_ARGS__)

static void add_attention(struct array_list *l, const char *block, int size, int heads,
                          int head)
{
    static const char *const in[] = { "wq", "wk", "wv", "gate" };

    for (int i = 0; i < COUNT(in); i++)
        BF16(SHAPE(heads * head, size), "%s.attention.%s.weight", block, in[i]);
    BF16(SHAPE(size, heads * head), "%s.attention.wo.weight", block);
    BF16(SHAPE(heads, head), "%s.attention.q_norm.weight", block);
    BF16(SHAPE(heads, head), "%s.attention.k_norm.weight", block);
}

static void add_mlp(struct array_list *l, const char *block, int size, int hidden)
{
    BF16(SHAPE(hidden, size), "%s.mlp.w1.weight", block);
    BF16(SHAPE(size, hidden), "%s.mlp.w2.weight", block);
    BF16(SHAPE(hidden, size), "%s.mlp.w3.weight", block);
}

/* inputs: numbers of a patch, 0 for text */
static void add_encoder(struct array_list *l, const char *name, const struct encoder_sizes *z,
                        int inputs)
{
    char block[64];

    if (inputs) {
        BF16(SHAPE(z->size, inputs), "%s_encoder.in_proj.weight", name);
        BF16(SHAPE(z->size), "%s_encoder.in_proj.bias", name);
    } else {
        BF16(SHAPE(VOCABULARY, z->size), "%s_encoder.text_embedding.weight", name);
    }
    for (int i = 0; i < z->layers; i++) {
        snprintf(block, sizeof block, "%s_encoder.blocks.%d", name, i);
        add_attention(l, block, z->size, z->heads, z->size / z->heads);
        add_mlp(l, block, z->size, z->hidden);
        BF16(SHAPE(z->size), "%s.attention_norm.weight", block);
        BF16(SHAPE(z->size), "%s.mlp_norm.weight", block);
    }
    BF16(SHAPE(z->size), "%s_norm.weight", name);
}

static void add_adaln(struct array_list *l, const char *block, const char *half, int size,
                      int rank)
{
    static const char *const parts[] = { "shift", "scale", "gate" };

    for (int i = 0; i < COUNT(parts); i++) {
        BF16(SHAPE(rank, size), "%s.%s_adaln.%s_down.weight", block, half, parts[i]);
        BF16(SHAPE(size, rank), "%s.%s_adaln.%s_up.weight", block, half, parts[i]);
        BF16(SHAPE(size), "%s.%s_adaln.%s_up.bias", block, half, parts[i]);
    }
}

static void add_block(struct array_list *l, const struct echo_sizes *z, int i)
{
    const struct {
        const char *name;
        int size;
    } seen[] = { { "text", z->text.size }, { "speaker", z->speaker.size },
                 { "latent", z->past.size } };
    int width = z->heads * z->head;
    char block[64];

    snprintf(block, sizeof block, "blocks.%d", i);
    add_attention(l, block, z->size, z->heads, z->head);
    for (int k = 0; k < COUNT(seen); k++) {
        BF16(SHAPE(width, seen[k].size), "%s.attention.wk_%s.weight", block, seen[k].name);
        BF16(SHAPE(width, seen[k].size), "%s.attention.wv_%s.weight", block, seen[k].name);
    }
    add_mlp(l, block, z->size, z->hidden);
    add_adaln(l, block, "attention", z->size, z->rank);
    add_adaln(l, block, "mlp", z->size, z->rank);
}

void echo_list_echo(struct array_list *l, const struct echo_sizes *z)
{
    add_encoder(l, "text", &z->text, 0);
    add_encoder(l, "speaker", &z->speaker, z->patch * z->latent);
    add_encoder(l, "latent", &z->past, z->patch * z->latent);
    BF16(SHAPE(z->size, z->time), "cond_module.0.weight");
    BF16(SHAPE(z->size, z->size), "cond_module.2.weight");
    BF16(SHAPE(3 * z->size, z->size), "cond_module.4.weight");
    BF16(SHAPE(z->size, z->latent), "in_proj.weight");
    BF16(SHAPE(z->size), "in_proj.bias");
    for (int i = 0; i < z->layers; i++)
        add_block(l, z, i);
    BF16(SHAPE(z->size), "out_norm.weight");
    BF16(SHAPE(z->latent, z->size), "out_proj.weight");
    BF16(SHAPE(z->latent), "out_proj.bias");
}

/* ---- the codec, F32 but for the buffers that nobody reads ---- */

#define F32(shape, ...) echo_list_add(l, ARRAY_F32, shape, __VA_ARGS__)

/* With weight norm; `first` is dim 0, inputs if it is transposed. */
static void add_conv(struct array_list *l, const char *name, int first, int second, int k,
                     int outputs)
{
    F32(SHAPE(outputs), "%s.bias", name);
    F32(SHAPE(first, 1, 1), "%s.parametrizations.weight.original0", name);
    F32(SHAPE(first, second, k), "%s.parametrizations.weight.original1", name);
}

static void add_units(struct array_list *l, const char *block, int first, int channels)
{
    char name[96];

    for (int i = first; i < first + UNITS; i++) {
        F32(SHAPE(1, channels, 1), "%s.block.%d.block.0.alpha", block, i);
        snprintf(name, sizeof name, "%s.block.%d.block.1.conv", block, i);
        add_conv(l, name, channels, channels, 7, channels);
        F32(SHAPE(1, channels, 1), "%s.block.%d.block.2.alpha", block, i);
        snprintf(name, sizeof name, "%s.block.%d.block.3.conv", block, i);
        add_conv(l, name, channels, channels, 1, channels);
    }
}

static void add_transformer(struct array_list *l, const char *name, int layers, int size,
                            int hidden, int positions)
{
    if (positions) {
        echo_list_add(l, ARRAY_BF16, SHAPE(positions, CODEC_HEAD / 2, 2), "%s.freqs_cis", name);
        echo_list_add(l, ARRAY_BOOL, SHAPE(positions, positions), "%s.causal_mask", name);
    }
    for (int i = 0; i < layers; i++) {
        F32(SHAPE(3 * size, size), "%s.layers.%d.attention.wqkv.weight", name, i);
        F32(SHAPE(size, size), "%s.layers.%d.attention.wo.weight", name, i);
        F32(SHAPE(hidden, size), "%s.layers.%d.feed_forward.w1.weight", name, i);
        F32(SHAPE(hidden, size), "%s.layers.%d.feed_forward.w3.weight", name, i);
        F32(SHAPE(size, hidden), "%s.layers.%d.feed_forward.w2.weight", name, i);
        F32(SHAPE(size), "%s.layers.%d.ffn_norm.weight", name, i);
        F32(SHAPE(size), "%s.layers.%d.attention_norm.weight", name, i);
        F32(SHAPE(size), "%s.layers.%d.attention_layer_scale.gamma", name, i);
        F32(SHAPE(size), "%s.layers.%d.ffn_layer_scale.gamma", name, i);
    }
    F32(SHAPE(size), "%s.norm.weight", name);
}

static void add_encoder_blocks(struct array_list *l, const struct dac_sizes *z)
{
    int channels = z->encoder_width, n = COUNT(z->strides);
    char block[64], name[96];

    add_conv(l, "encoder.block.0.conv", channels, 1, 7, channels);
    for (int i = 0; i < n; i++, channels *= 2) {
        snprintf(block, sizeof block, "encoder.block.%d", i + 1);
        add_units(l, block, 0, channels);
        F32(SHAPE(1, channels, 1), "%s.block.3.alpha", block);
        snprintf(name, sizeof name, "%s.block.4.conv", block);
        add_conv(l, name, 2 * channels, channels, 2 * z->strides[i], 2 * channels);
    }
    snprintf(name, sizeof name, "encoder.block.%d.block.5", n);
    add_transformer(l, name, z->encoder_layers, channels, z->encoder_hidden,
                    z->encoder_positions);
    F32(SHAPE(1, channels, 1), "encoder.block.%d.alpha", n + 1);
    snprintf(name, sizeof name, "encoder.block.%d.conv", n + 2);
    add_conv(l, name, z->latent, channels, 3, z->latent);
}

static void add_books(struct array_list *l, const char *group, int books, int entries,
                      const struct dac_sizes *z)
{
    char name[96];

    for (int i = 0; i < books; i++) {
        snprintf(name, sizeof name, "quantizer.%s.quantizers.%d.in_proj", group, i);
        add_conv(l, name, z->code_dim, z->latent, 1, z->code_dim);
        snprintf(name, sizeof name, "quantizer.%s.quantizers.%d.out_proj", group, i);
        add_conv(l, name, z->latent, z->code_dim, 1, z->latent);
        F32(SHAPE(entries, z->code_dim), "quantizer.%s.quantizers.%d.codebook.weight", group,
            i);
    }
}

static void add_resamplers(struct array_list *l, const char *name, int size)
{
    for (int i = 0; i < RESAMPLERS; i++) {
        char next[96];

        F32(SHAPE(size, size, RESAMPLER_STEP), "quantizer.%s.%d.0.conv.weight", name, i);
        F32(SHAPE(size), "quantizer.%s.%d.0.conv.bias", name, i);
        snprintf(next, sizeof next, "quantizer.%s.%d.1", name, i);
        F32(SHAPE(size), "%s.gamma", next);
        F32(SHAPE(size, 1, 7), "%s.dwconv.conv.weight", next);
        F32(SHAPE(size), "%s.dwconv.conv.bias", next);
        F32(SHAPE(size), "%s.norm.weight", next);
        F32(SHAPE(size), "%s.norm.bias", next);
        F32(SHAPE(CONVNEXT_WIDER * size, size), "%s.pwconv1.weight", next);
        F32(SHAPE(CONVNEXT_WIDER * size), "%s.pwconv1.bias", next);
        F32(SHAPE(size, CONVNEXT_WIDER * size), "%s.pwconv2.weight", next);
        F32(SHAPE(size), "%s.pwconv2.bias", next);
    }
}

static void add_decoder_blocks(struct array_list *l, const struct dac_sizes *z)
{
    int channels = z->decoder_width, n = COUNT(z->strides);
    char block[64], name[96];

    add_conv(l, "decoder.model.0.conv", channels, z->latent, 7, channels);
    for (int i = 0; i < n; i++, channels /= 2) {
        snprintf(block, sizeof block, "decoder.model.%d", i + 1);
        F32(SHAPE(1, channels, 1), "%s.block.0.alpha", block);
        snprintf(name, sizeof name, "%s.block.1.conv", block);
        add_conv(l, name, channels, channels / 2, 2 * z->strides[n - 1 - i], channels / 2);
        add_units(l, block, 2, channels / 2);
    }
    F32(SHAPE(1, channels, 1), "decoder.model.%d.alpha", n + 1);
    snprintf(name, sizeof name, "decoder.model.%d.conv", n + 2);
    add_conv(l, name, 1, channels, 7, 1);
}

void echo_list_dac(struct array_list *l, const struct dac_sizes *z)
{
    add_encoder_blocks(l, z);
    add_books(l, "semantic_quantizer", 1, z->semantic_entries, z);
    add_books(l, "quantizer", z->residual_books, z->residual_entries, z);
    add_resamplers(l, "downsample", z->latent);
    add_resamplers(l, "upsample", z->latent);
    add_transformer(l, "quantizer.pre_module", z->layers, z->latent, z->hidden, z->positions);
    add_transformer(l, "quantizer.post_module", z->layers, z->latent, z->hidden, z->positions);
    add_decoder_blocks(l, z);
}

void echo_list_pca(struct array_list *l, int latent, int codec)
{
    F32(SHAPE(latent, codec), "pca_components");
    F32(SHAPE(codec), "pca_mean");
    F32(SHAPE(1), "latent_scale");
}

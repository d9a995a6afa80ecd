/* SPDX-License-Identifier: MIT */
/*
 * conv_weights.c - binding the codec's blocks: weight norm is folded, kernels are laid out
 * as the matrices that conv_blocks.c multiplies by.
 */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "model/conv_blocks.h"

#define MOST_NUMBERS (1 << 24) /* of a row or a column of a layer's matrix */

/* A kernel as stored: [d0][d1][taps], where dim 0 is the output channel or, transposed, the
 * input channel.  The norm of weight norm leaves dim 0 in both cases. */
struct kernel {
    float *v, *g; /* g is NULL without weight norm */
    int d0, d1, taps;
};

/* The name of the kernel as stored. */
static void kernel_name(const struct binder *b, char *name, size_t size, const char *stem)
{
    const char *normed = "conv.parametrizations.weight.original1";

    if (echo_bind_has(b, "%s.%s", stem, normed))
        snprintf(name, size, "%s.%s", stem, normed);
    else
        snprintf(name, size, "%s.conv.weight", stem);
}

/* The sizes of a kernel: d0, d1, taps.  In a packed file there is only what is made of it. */
static bool read_sizes(struct binder *b, struct kernel *k, const char *stem)
{
    char name[160];
    int sizes[3];

    snprintf(name, sizeof name, "%s.conv.matrix", stem);
    if (echo_bind_made_sizes(b, sizes, name)) {
        *k = (struct kernel){ .d0 = sizes[0], .d1 = sizes[1], .taps = sizes[2] };
        return true;
    }
    kernel_name(b, name, sizeof name, stem);
    *k = (struct kernel){ .d0 = echo_bind_dim(b, 0, "%s", name),
                          .d1 = echo_bind_dim(b, 1, "%s", name),
                          .taps = echo_bind_dim(b, 2, "%s", name) };
    return false;
}

int echo_bind_conv_taps(struct binder *b, const char *stem)
{
    struct kernel k;

    read_sizes(b, &k, stem);
    return k.taps;
}

static void read_kernel(struct binder *b, struct kernel *k, const char *stem)
{
    char name[160];

    kernel_name(b, name, sizeof name, stem);
    b->unobserved = true; /* what is made of it will be told */
    k->v = echo_bind_floats(b, k->d0, k->d1, k->taps, "%s", name);
    if (name[strlen(name) - 1] == '1')
        k->g = echo_bind_floats(b, k->d0, 1, 1,
                                "%s.conv.parametrizations.weight.original0", stem);
    b->unobserved = false;
    if (!b->status && k->g)
        echo_bind_fold(b, k->v, k->g, k->d0, k->d1 * k->taps, stem);
}

/* to [out][taps][in] */
static void lay_out(float *to, const struct kernel *k)
{
    for (int o = 0; o < k->d0; o++)
        for (int t = 0; t < k->taps; t++)
            for (int i = 0; i < k->d1; i++)
                *to++ = k->v[((size_t)o * (size_t)k->d1 + (size_t)i) * (size_t)k->taps +
                             (size_t)t];
}

/* To [stride * out][taps of a row][in]: row j * out + o makes sample j of each stride, from the
 * oldest row that reaches it to the newest. */
static void lay_out_transposed(float *to, const struct kernel *k, int stride)
{
    int reach = k->taps / stride;

    for (int j = 0; j < stride; j++)
        for (int o = 0; o < k->d1; o++)
            for (int t = 0; t < reach; t++)
                for (int i = 0; i < k->d0; i++)
                    *to++ = k->v[((size_t)i * (size_t)k->d1 + (size_t)o) * (size_t)k->taps +
                                 (size_t)(j + (reach - 1 - t) * stride)];
}

static struct tensor bind_bias(struct binder *b, int out, int times, const char *stem)
{
    float *bias = echo_bind_floats(b, out, 0, 0, "%s.conv.bias", stem);
    float *tiled = echo_bind_workspace(b, (size_t)out * (size_t)times);
    struct tensor t = no_tensor;

    if (tiled) {
        for (int i = 0; i < out * times; i++)
            tiled[i] = bias[i % out];
        t = echo_bind_made(b, tiled, 1, out * times);
    }
    echo_free(bias);
    echo_free(tiled);
    return t;
}

/* The matrix of c->w from a kernel of the file. */
static void make_matrix(struct binder *b, enum part part, struct conv *c, struct kernel *k,
                        bool transposed, int n, int in, const char *stem)
{
    const int sizes[3] = { k->d0, k->d1, k->taps };
    char name[160];

    read_kernel(b, k, stem);
    float *matrix = echo_bind_workspace(b, (size_t)n * (size_t)in);

    if (matrix && transposed)
        lay_out_transposed(matrix, k, c->stride);
    else if (matrix)
        lay_out(matrix, k);
    if (matrix)
        echo_bind_made_weight(b, part, &c->w, matrix, n, in);
    snprintf(name, sizeof name, "%s.conv.matrix", stem);
    echo_bind_tell_made(b, &c->w, sizes, name);
    echo_free(matrix);
    echo_free(k->v);
    echo_free(k->g);
}

void echo_bind_conv(struct binder *b, enum part part, struct conv *c, enum conv_kind kind,
                    enum conv_stride stride, int in, const char *stem)
{
    struct kernel k;
    bool transposed = kind == CONV_TRANSPOSED, made = read_sizes(b, &k, stem);

    if (in % 2) /* pairs of bfloat16 must not reach from one row of the signal into the next */
        part = PART_ODD_INPUTS;
    *c = (struct conv){ .out = transposed ? k.d1 : k.d0, .taps = k.taps, .stride = 1 };
    if (stride != STRIDE_ONE)
        c->stride = stride == STRIDE_HALF ? k.taps / 2 : k.taps;
    if (!b->status && (transposed ? k.d0 : k.d1) != in)
        echo_bind_fail(b, "'%s.conv' takes %d channels, but is given %d", stem,
                       transposed ? k.d0 : k.d1, in);
    if (k.d0 > MOST_NUMBERS / k.taps || k.d1 > MOST_NUMBERS / k.taps)
        echo_bind_fail(b, "'%s.conv' is impossibly large: %d x %d x %d", stem, k.d0, k.d1,
                       k.taps);
    if (c->stride < 1 || k.taps % c->stride)
        echo_bind_fail(b, "'%s.conv' has %d taps, expected an even count", stem, k.taps);
    if (b->status)
        c->taps = c->stride = 1;
    if (transposed)
        c->taps /= c->stride;
    int n = transposed ? c->stride * c->out : c->out;

    if (made)
        echo_bind_weight(b, part, &c->w, n, c->taps * in, "%s.conv.matrix", stem);
    else if (!b->status)
        make_matrix(b, part, c, &k, transposed, n, c->taps * in, stem);
    c->bias = bind_bias(b, c->out, transposed ? c->stride : 1, stem);
}

struct tensor echo_bind_snake(struct binder *b, int channels, const char *name)
{
    float *alpha = echo_bind_floats(b, 1, channels, 1, "%s", name);
    float *rows = echo_bind_workspace(b, (size_t)channels * 2);
    struct tensor t = no_tensor;

    if (rows) {
        for (int i = 0; i < channels; i++) {
            rows[i] = (float)(alpha[i] / 3.14159265358979323846);
            rows[channels + i] = 1 / (alpha[i] + 1e-9f);
        }
        t = echo_bind_made(b, rows, 2, channels);
    }
    echo_free(alpha);
    echo_free(rows);
    return t;
}

void echo_bind_residual(struct binder *b, enum part part, struct residual_unit *u, int channels,
                        int dilation, const char *stem)
{
    char name[160];

    u->dilation = dilation;
    for (int i = 0; i < 2; i++) {
        struct conv *c = i ? &u->narrow : &u->wide;

        snprintf(name, sizeof name, "%s.block.%d.alpha", stem, 2 * i);
        u->alpha[i] = echo_bind_snake(b, channels, name);
        snprintf(name, sizeof name, "%s.block.%d", stem, 2 * i + 1);
        echo_bind_conv(b, part, c, CONV, STRIDE_ONE, channels, name);
        if (!b->status && c->out != channels)
            echo_bind_fail(b, "'%s.conv' gives %d channels, expected %d", name, c->out,
                           channels);
    }
    if (!b->status && u->narrow.taps != 1)
        echo_bind_fail(b, "'%s.conv' has %d taps, expected 1", name, u->narrow.taps);
}

/* [channels][1][taps] to [taps][channels] */
static struct tensor bind_depthwise(struct binder *b, int channels, const char *stem)
{
    int taps = echo_bind_dim(b, 2, "%s.dwconv.conv.weight", stem);
    float *w = echo_bind_floats(b, channels, 1, taps, "%s.dwconv.conv.weight", stem);
    struct tensor t = no_tensor;

    if (taps > MOST_NUMBERS / channels)
        echo_bind_fail(b, "'%s.dwconv.conv' is impossibly large: %d x %d", stem, channels,
                       taps);
    float *turned = echo_bind_workspace(b, (size_t)channels * (size_t)taps);

    if (turned) {
        for (int c = 0; c < channels; c++)
            for (int i = 0; i < taps; i++)
                turned[i * channels + c] = w[c * taps + i];
        t = echo_bind_made(b, turned, taps, channels);
    }
    echo_free(w);
    echo_free(turned);
    return t;
}

void echo_bind_convnext(struct binder *b, enum part part, struct convnext *c, int channels,
                        const char *stem)
{
    c->hidden = echo_bind_dim(b, 0, "%s.pwconv1.weight", stem);
    c->depthwise = bind_depthwise(b, channels, stem);
    c->depthwise_bias = echo_bind_vector(b, channels, "%s.dwconv.conv.bias", stem);
    c->norm_gamma = echo_bind_vector(b, channels, "%s.norm.weight", stem);
    c->norm_bias = echo_bind_vector(b, channels, "%s.norm.bias", stem);
    c->gamma = echo_bind_vector(b, channels, "%s.gamma", stem);
    echo_bind_weight(b, part, &c->up, c->hidden, channels, "%s.pwconv1.weight", stem);
    c->up_bias = echo_bind_vector(b, c->hidden, "%s.pwconv1.bias", stem);
    echo_bind_weight(b, part, &c->down, channels, c->hidden, "%s.pwconv2.weight", stem);
    c->down_bias = echo_bind_vector(b, channels, "%s.pwconv2.bias", stem);
}

#define CODEC_HEAD 64

void echo_bind_transformer(struct binder *b, enum part part, struct windowed_transformer *t,
                           int dim, int window, int rows_per_frame, const char *stem)
{
    char name[160];

    *t = (struct windowed_transformer){ .dim = dim, .heads = dim / CODEC_HEAD, .window = window,
                                        .rows_per_frame = rows_per_frame };
    if (!b->status && (dim % CODEC_HEAD || !t->heads))
        echo_bind_fail(b, "'%s' is %d wide, no whole heads of %d", stem, dim, CODEC_HEAD);
    snprintf(name, sizeof name, "%s.layers.", stem);
    t->layers = echo_bind_count(b, name);
    t->norm = echo_bind_vector(b, dim, "%s.norm.weight", stem);
    t->layer = echo_bind_memory(b, (size_t)t->layers, sizeof *t->layer);
    for (int i = 0; i < t->layers && t->layer; i++) {
        struct codec_layer *l = &t->layer[i];
        struct weight *qkv[] = { &l->q, &l->k, &l->v };

        snprintf(name, sizeof name, "%s.layers.%d", stem, i);
        for (int j = 0; j < 3; j++)
            echo_bind_rows(b, part, qkv[j], j * dim, dim, 3 * dim, dim,
                           "%s.attention.wqkv.weight", name);
        echo_bind_weight(b, part, &l->out, dim, dim, "%s.attention.wo.weight", name);
        snprintf(name, sizeof name, "%s.layers.%d.feed_forward.", stem, i);
        echo_bind_mlp(b, part, &l->mlp, name, dim);
        snprintf(name, sizeof name, "%s.layers.%d", stem, i);
        l->attention_norm = echo_bind_vector(b, dim, "%s.attention_norm.weight", name);
        l->mlp_norm = echo_bind_vector(b, dim, "%s.ffn_norm.weight", name);
        l->attention_gamma = echo_bind_vector(b, dim, "%s.attention_layer_scale.gamma", name);
        l->mlp_gamma = echo_bind_vector(b, dim, "%s.ffn_layer_scale.gamma", name);
    }
}

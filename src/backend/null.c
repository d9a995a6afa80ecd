/* SPDX-License-Identifier: MIT */
/*
 * null.c - the backend that computes nothing.
 *
 * Run the model on it to learn how much scratch a shape needs, and to have
 * every shape checked, before any memory is taken.
 */
#include <stdlib.h>

#include "backend/backend.h"

static void null_close(struct backend *b)
{
    free(b);
}

static bool null_alloc(struct backend *b, struct buffer *m, size_t bytes)
{
    (void)b;
    *m = (struct buffer){ .bytes = bytes };
    return true;
}

static void null_free(struct backend *b, struct buffer *m)
{
    (void)b;
    *m = (struct buffer){ 0 };
}

static bool null_load(struct backend *b, struct weight *w, const void *src, enum dtype dtype,
                      int n, int k, enum dtype operand, bool stays)
{
    (void)b, (void)src, (void)stays;
    *w = (struct weight){ .n = n, .k = k, .dtype = dtype, .operand = operand };
    return true;
}

static bool null_load_panels(struct backend *b, struct weight *w, const void *panels,
                             enum dtype dtype, int n, int k, enum dtype operand)
{
    return null_load(b, w, panels, dtype, n, k, operand, true);
}

static bool null_sync(struct backend *b)
{
    (void)b;
    return true;
}

static double null_peak(struct backend *b, enum dtype precision, double seconds)
{
    (void)b, (void)precision, (void)seconds;
    return 0;
}

static void null_write(struct backend *b, struct tensor dst, const float *src)
{
    (void)b, (void)dst, (void)src;
}

static void null_read(struct backend *b, float *dst, struct tensor src)
{
    (void)b, (void)dst, (void)src;
}

static void null_rope_table(struct backend *b, struct tensor rope, int position, int step,
                            bool round)
{
    (void)b, (void)rope, (void)position, (void)step, (void)round;
}

static void null_product(struct backend *b, const struct product *p)
{
    (void)b, (void)p;
}

static void null_attention(struct backend *b, struct tensor y, struct tensor q,
                           const struct kv *kv, int n_kv, int heads, int branches, int window,
                           enum dtype precision)
{
    (void)b, (void)y, (void)q, (void)kv, (void)n_kv, (void)heads, (void)branches;
    (void)window, (void)precision;
}

static void null_1(struct backend *b, struct tensor x)
{
    (void)b, (void)x;
}

static void null_1f(struct backend *b, struct tensor x, float factor)
{
    (void)b, (void)x, (void)factor;
}

static void null_2(struct backend *b, struct tensor y, struct tensor x)
{
    (void)b, (void)y, (void)x;
}

static void null_3(struct backend *b, struct tensor y, struct tensor x, struct tensor z)
{
    (void)b, (void)y, (void)x, (void)z;
}

static void null_3f(struct backend *b, struct tensor y, struct tensor x, struct tensor z,
                    float factor)
{
    (void)b, (void)y, (void)x, (void)z, (void)factor;
}

static void null_4(struct backend *b, struct tensor y, struct tensor x, struct tensor z,
                   struct tensor w)
{
    (void)b, (void)y, (void)x, (void)z, (void)w;
}

static void null_heads(struct backend *b, struct tensor x, struct tensor gain,
                       struct tensor rope, int heads, int rope_heads)
{
    (void)b, (void)x, (void)gain, (void)rope, (void)heads, (void)rope_heads;
}

static const struct backend_ops null_ops = {
    .close = null_close,
    .alloc = null_alloc,
    .free = null_free,
    .load = null_load,
    .load_panels = null_load_panels,
    .sync = null_sync,
    .peak = null_peak,
    .write = null_write,
    .read = null_read,
    .copy = null_2,
    .zero = null_1,
    .rope_table = null_rope_table,
    .product = null_product,
    .depthwise = null_4,
    .attention = null_attention,
    .rms_norm = null_3,
    .layer_norm = null_4,
    .adaln = null_4,
    .head_norm_rope = null_heads,
    .add = null_3f,
    .scale = null_1f,
    .silu = null_2,
    .gelu = null_2,
    .tanh = null_1,
    .snake = null_3,
};

struct backend *echo_null_backend(void)
{
    struct backend *b = calloc(1, sizeof *b);

    if (b)
        b->ops = &null_ops;
    return b;
}

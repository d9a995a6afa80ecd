/* SPDX-License-Identifier: MIT */
/*
 * fuzz_bind.c - a model whose header lies: shapes, types and names that fit the file but not
 * each other.  Binding must refuse it with a line, or make a model whose shapes hold together
 * in a dry run.
 *
 * The input is a list of changes to the tensors of a good model; what they leave is as a parser
 * would let it through: every array lies inside its file.  Each change has 9 bytes; how many
 * are left over says what the model is: the original files, or one packed, and for which
 * precision it is opened.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "model/codec.h"
#include "model/dit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct safetensors *open_part(const char *name)
{
    struct safetensors *f = NULL;
    char path[1000];
    echo_error e;

    snprintf(path, sizeof path, "%s/odd/%s.safetensors", ECHO_TEST_DATA, name);
    if (echo_safetensors_open(&f, path, &e)) {
        fprintf(stderr, "%s\n", e.text);
        abort();
    }
    return f;
}

/* The same model packed, and gone from the disk again. */
static struct safetensors *open_packed(const char *precision, const char *codec)
{
    echo_model_opts o = { .precision = precision, .codec_precision = codec, .threads = 1 };
    char folder[] = "/tmp/echotts-fuzz-XXXXXX", path[60];
    struct safetensors *f = NULL;
    echo_error e = { 0 };

    ECHO_ASSERT(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/m.echo", folder);
    if (echo_model_pack(ECHO_TEST_DATA "/odd", path, &o, &e) ||
        echo_safetensors_open(&f, path, &e)) {
        fprintf(stderr, "%s\n", e.text);
        abort();
    }
    unlink(path);
    rmdir(folder);
    return f;
}

/* By what is left of an input: the model, and the precisions it is opened for. */
static const struct kind {
    const char *packed, *codec; /* NULL: the original files */
    enum dtype precision, codec_precision;
} kinds[9] = {
    { NULL, NULL, DT_F32, DT_F32 },     { NULL, NULL, DT_BF16, DT_BF16 },
    { NULL, NULL, DT_I8, DT_F32 },      { "bf16", "f32", DT_BF16, DT_F32 },
    { "bf16", "f32", DT_F32, DT_F32 },  { "bf16", "bf16", DT_BF16, DT_BF16 },
    { "int8", "bf16", DT_I8, DT_BF16 }, { "int8", "bf16", DT_I8, DT_F32 },
    { "int8", "f32", DT_BF16, DT_F32 }, /* a lie */
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct array *)a)->name, ((const struct array *)b)->name);
}

/* A number for a dimension: small ones, powers of two and the ends of what is allowed. */
static int64_t dimension(uint8_t byte)
{
    static const int64_t special[] = { 0, 65535, 65536, 65537, 1 << 24, INT32_MAX, INT64_MAX };

    return byte < 200   ? byte
           : byte < 249 ? (int64_t)1 << (byte - 200) % 20
                        : special[byte - 249];
}

/* One change, of 8 bytes. */
static void change(struct safetensors *f, const uint8_t *c)
{
    struct array *a = &f->arrays[(c[0] | c[1] << 8) % f->n];
    size_t capacity = f->map.bytes;
    static int32_t sizes[3]; /* of a kernel, in place of those of the file */

    if (a->type == ARRAY_I32 && a->count == 3 && c[2] % 4 == 1) {
        for (int i = 0; i < 3; i++)
            sizes[i] = (int32_t)dimension(c[4 + i]);
        a->data = sizes;
        return;
    }
    switch (c[2] % 4) {
    case 0: /* another shape */
        a->dims = 1 + c[3] % 3;
        for (int i = 0; i < a->dims; i++)
            a->shape[i] = dimension(c[4 + i]);
        break;
    case 1: /* one dimension */
        if (a->dims)
            a->shape[c[3] % a->dims] = dimension(c[4]);
        break;
    case 2: /* gone */
        a->name = "";
        break;
    case 3: /* another type */
        a->type = c[3] % (ARRAY_OTHER + 1);
        break;
    }
    size_t width = echo_array_type_size(a->type), count = 1;
    bool panels = echo_array_is_panels(a);

    for (int i = 0; i < a->dims; i++)
        count = a->shape[i] && count > capacity / (size_t)a->shape[i] ? capacity + 1
                                                                  : count * (size_t)a->shape[i];
    if (panels &&
        (a->dims != 2 || !count || count > capacity || echo_array_bytes(a) > capacity))
        count = capacity + 1;
    if (count > capacity / (width ? width : 8)) { /* a parser would not let it through */
        a->name = "";
        return;
    }
    a->count = count;
    a->bytes = panels ? echo_array_bytes(a) : count * width;
    a->data = f->map.data; /* anywhere with room enough */
}

static void run_dry(struct queue *null, const struct dit *d, const struct codec *c)
{
    struct buffer mem = { 0 };
    struct run r = { .queue = null, .mem = &mem, .arena = { .cap = SIZE_MAX } };
    struct causal_state s = { .mem = &mem, .arena = { .cap = SIZE_MAX } }, t = s, u = s, v = s;
    struct kv *kv = calloc((size_t)d->layers, sizeof *kv);
    struct dit_context contexts[] = { { .kv = kv, .seen_by = ~0u } };
    static const unsigned char ids[5];
    struct tensor state = echo_dit_hidden(&r, d, CONTEXT_TEXT, 5);
    float *host = malloc(5 * (size_t)d->encoder[CONTEXT_TEXT].dim * sizeof *host);

    echo_encode_text(&r, &d->encoder[CONTEXT_TEXT], state, ids, host);
    free(host);
    echo_dit_context(&r, d, CONTEXT_TEXT, state, kv);
    echo_dit_forward(&r, d, scratch(&r, 6, d->latent), scratch(&r, 3, d->latent),
                     scratch(&r, 1, echo_dit_modulation_size(d)), echo_dit_rope(&r, d, 3, 0),
                     contexts, 1, 2);
    struct tensor audio = scratch_dense(&r, 2 * c->frame_samples, 1, DT_F32);
    struct tensor h = scratch_dense(&r, 2 * c->coarse_rows, c->encoder_width, DT_F32);
    struct tensor g = scratch_dense(&r, 2 * c->coarse_rows, c->decoder_width, DT_F32);
    struct tensor latent = scratch(&r, 2, c->latent);

    echo_codec_encode_fine(&r, &s, c, h, audio);
    echo_codec_encode_coarse(&r, &t, c, latent, scratch(&r, 2, c->quantizer.books), h);
    echo_codec_decode_coarse(&r, &u, c, g, latent);
    echo_codec_decode_fine(&r, &v, c, audio, g);
    free(kv);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct safetensors *all[9][3];
    static const char *const names[3] = { "echo", "dac", "pca" };
    const struct kind *kind = &kinds[size % 9];
    struct safetensors **good = all[size % 9];
    struct device *null = echo_null_device();
    struct queue *queue = echo_null_queue(null);
    struct owner owner = { 0 };
    struct safetensors bad[3];
    struct dit d = { 0 };
    struct codec c = { 0 };
    echo_error e = { 0 };

    for (int i = 0; i < 3; i++) {
        if (!good[i] && kind->packed)
            good[i] = i ? good[0] : open_packed(kind->packed, kind->codec);
        else if (!good[i])
            good[i] = open_part(names[i]);
        bad[i] = *good[i];
        bad[i].arrays = malloc(bad[i].n * sizeof *bad[i].arrays);
        memcpy(bad[i].arrays, good[i]->arrays, bad[i].n * sizeof *bad[i].arrays);
    }
    for (size_t i = 0; i + 9 <= size; i += 9)
        change(&bad[data[i] % 3], data + i + 1);
    struct binder b[3];
    echo_status status = ECHO_OK;

    for (int i = 0; i < 3 && !status; i++) {
        qsort(bad[i].arrays, bad[i].n, sizeof *bad[i].arrays, by_name);
        b[i] = (struct binder){ .owner = &owner, .device = null, .queue = queue,
                                .file = &bad[i], .err = &e,
                                .precisions = { kind->precision, DT_F32,
                                                kind->codec_precision } };
        if (i == 0)
            echo_bind_dit(&b[i], &d);
        else if (i == 1)
            echo_bind_codec(&b[i], &c);
        else
            echo_bind_pca(&b[i], &c);
        status = b[i].status;
        ECHO_ASSERT(!status == !e.text[0]);
    }
    if (!status)
        run_dry(queue, &d, &c);
    echo_owner_clear(&owner);
    queue->ops->close(queue);
    null->ops->close(null);
    for (int i = 0; i < 3; i++)
        free(bad[i].arrays);
    return 0;
}

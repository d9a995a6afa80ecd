/* SPDX-License-Identifier: MIT */
/* codec.c - the codec stage by stage and whole, in pieces of several sizes. */
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "engine/voice.h"
#include "golden.h"

/* ---- stage by stage ---- */

static void check_decoder_stages(struct golden *g)
{
    const struct codec *c = &g->model->codec;
    struct run r = golden_run(g);
    struct causal_state s = golden_state(g, 0);
    size_t n = 0;
    float *latent = golden_floats(g, "dac_decode.some.latent", &n);
    int frames = (int)n / c->latent;
    struct tensor in = scratch(&r, frames, c->latent);
    struct tensor x = scratch_dense(&r, frames, c->dim, DT_F32);
    char name[60];

    op_write(r.queue, in, latent);
    op_linear(r.queue, x, in, &c->pca_decode, c->pca_decode_bias);
    golden_close_turned(g, "dac_stages.zq", x, ENCODER_BOUND);
    echo_windowed_transformer(&r, &s, &c->post, x);
    golden_close_turned(g, "dac_stages.post_module", x, ENCODER_BOUND);
    for (int i = 0; i < c->resamplers; i++) {
        struct tensor y = scratch_dense(&r, x.rows * c->up[i].conv.stride, c->dim, DT_F32);

        echo_conv_transposed(&r, &s, &c->up[i].conv, y, x, no_tensor);
        echo_convnext(&r, &s, &c->up[i].next, y);
        x = y;
    }
    golden_close_turned(g, "dac_stages.upsample", x, ENCODER_BOUND);
    struct tensor h = scratch_dense(&r, x.rows, c->decoder_width, DT_F32);

    echo_conv(&r, &s, &c->decoder_in, h, x, no_tensor);
    golden_close_turned(g, "dac_stages.decoder_0", h, ENCODER_BOUND);
    for (int i = 0; i < 2; i++) {
        const struct decoder_block *d = &c->decoder_block[i];
        struct tensor y = scratch_dense(&r, h.rows * d->up.stride, d->up.out, DT_F32);

        echo_conv_transposed(&r, &s, &d->up, y, h, d->alpha);
        for (int u = 0; u < 3; u++)
            echo_residual_unit(&r, &s, &d->unit[u], y);
        h = y;
        snprintf(name, sizeof name, "dac_stages.decoder_%d", i + 1);
        golden_close_turned(g, name, h, ENCODER_BOUND);
    }
    free(latent);
}

static void check_encoder_stages(struct golden *g)
{
    const struct codec *c = &g->model->codec;
    struct run r = golden_run(g);
    struct causal_state s = golden_state(g, 0);
    size_t n = 0;
    float *audio = golden_floats(g, "dac_encode.short.audio", &n);
    int frames = (int)((n + (size_t)c->frame_samples - 1) / (size_t)c->frame_samples);
    float *padded = calloc((size_t)frames * (size_t)c->frame_samples, sizeof *padded);
    struct tensor in = scratch_dense(&r, frames * c->frame_samples, 1, DT_F32);
    struct tensor x = scratch_dense(&r, in.rows, c->encoder_in.out, DT_F32);

    memcpy(padded, audio, n * sizeof *padded);
    op_write(r.queue, in, padded);
    echo_conv(&r, &s, &c->encoder_in, x, in, no_tensor);
    golden_close_turned(g, "dac_stages.encoder_0", x, ENCODER_BOUND);
    for (int i = 0; i < c->encoder_blocks; i++) {
        const struct encoder_block *e = &c->encoder_block[i];
        struct tensor y = scratch_dense(&r, x.rows / e->down.stride, e->down.out, DT_F32);

        for (int u = 0; u < 3; u++)
            echo_residual_unit(&r, &s, &e->unit[u], x);
        echo_conv(&r, &s, &e->down, y, x, e->alpha);
        if (e->has_transformer)
            echo_windowed_transformer(&r, &s, &e->transformer, y);
        x = y;
        if (i == 0)
            golden_close_turned(g, "dac_stages.encoder_1", x, ENCODER_BOUND);
    }
    golden_close_turned(g, "dac_stages.encoder_4", x, ENCODER_BOUND);
    struct tensor y = scratch_dense(&r, x.rows, c->dim, DT_F32);

    echo_conv(&r, &s, &c->encoder_out, y, x, c->encoder_alpha);
    golden_close_turned(g, "dac_stages.encoder_6", y, ENCODER_BOUND);
    for (int i = 0; i < c->resamplers; i++) {
        x = y;
        y = scratch_dense(&r, x.rows / c->down[i].conv.stride, c->dim, DT_F32);
        echo_conv(&r, &s, &c->down[i].conv, y, x, no_tensor);
        echo_convnext(&r, &s, &c->down[i].next, y);
    }
    golden_close_turned(g, "dac_stages.downsample", y, ENCODER_BOUND);
    echo_windowed_transformer(&r, &s, &c->pre, y);
    golden_close_turned(g, "dac_stages.pre_module", y, ENCODER_BOUND);
    free(audio);
    free(padded);
}

/* ---- encoding ---- */

static void check_codes(const struct golden *g, const char *name, const echo_voice *v)
{
    const struct array *want = golden_array(g, name);
    int books = 0, different = 0;
    const int32_t *codes = echo_voice_codes(v, &books);

    if (!CHECK_SAY(want && codes, "%s", name) ||
        !CHECK_SAY(want->shape[1] == books && want->shape[2] == v->frames, "%s: %d x %d codes",
                   name, books, v->frames))
        return;
    for (size_t i = 0; i < want->count; i++)
        different += codes[i] != ((const int32_t *)want->data)[i];
    /* none differs on the machines tried; a tie within 1e-5 would be no fault, but a change */
    CHECK_SAY(different <= g->bound.codes * (double)want->count,
              "%s (%s): %d of %zu codes differ", name, g->isa, different, want->count);
}

static void check_encoding(struct golden *g, const char *which, const float *pcm, size_t n)
{
    echo_encode_opts o = { .all_frames = true, .codes = true };
    echo_voice *v = NULL;
    echo_error e = { 0 };
    char name[80];

    if (!CHECK_SAY(!echo_voice_encode(&v, g->session, pcm, n, ECHO_SAMPLE_RATE, &o, &e), "%s",
                   e.text))
        return;
    snprintf(name, sizeof name, "dac_encode.%s.codes", which);
    check_codes(g, name, v);
    snprintf(name, sizeof name, "dac_encode.%s.latent", which);
    golden_close(g, name, v->latent, (size_t)(v->frames * v->size), g->bound.latent);
    echo_voice_close(&v);
}

static void check_voice(struct golden *g, const char *file, const char *name)
{
    char path[1000];
    echo_voice *v = NULL;
    echo_error e = { 0 };

    bool again = !g->cap && !strcmp(name, "speaker_latent.latent"); /* check_clip() has it */

    if (again || !golden_array(g, name))
        return;
    const char *clip = json_string_value(json_object_get(g->json, "clip"));

    snprintf(path, sizeof path, "%s/%s", g->folder, clip ? clip : file);
    if (CHECK_SAY(!echo_voice_open(&v, g->session, path, NULL, &e), "%s", e.text))
        golden_close(g, name, v->latent, (size_t)(v->frames * v->size), g->bound.latent);
    echo_voice_close(&v);
}

static void check_given_audio(struct golden *g, const char *which)
{
    char name[80];
    size_t n = 0;

    snprintf(name, sizeof name, "dac_encode.%s.audio", which);
    float *pcm = golden_array(g, name) ? golden_floats(g, name, &n) : NULL;

    if (pcm)
        check_encoding(g, which, pcm, n);
    free(pcm);
}

static void check_clip(struct golden *g)
{
    const char *clip = json_string_value(json_object_get(g->json, "clip"));
    char path[1000];
    float *pcm = NULL;
    size_t n;
    echo_error e = { 0 };

    snprintf(path, sizeof path, "%s/%s", g->folder, clip ? clip : "voice.wav");
    if (CHECK_SAY(!echo_audio_read(&pcm, &n, path, 0, &e), "%s", e.text))
        check_encoding(g, "voice", pcm, n);
    echo_audio_free(&pcm);
}

/* ---- decoding ---- */

struct sound {
    float *pcm;
    size_t n;
};

static bool collect(void *user, const float *pcm, size_t n)
{
    struct sound *s = user;

    s->pcm = realloc(s->pcm, (s->n + n) * sizeof *pcm);
    memcpy(s->pcm + s->n, pcm, n * sizeof *pcm);
    s->n += n;
    return true;
}

static void check_decoding(struct golden *g, const char *which)
{
    struct sound sound = { 0 };
    echo_sink sink = { .user = &sound, .audio = collect };
    char name[80];
    echo_voice *v = NULL;
    echo_error e = { 0 };
    size_t n = 0;

    snprintf(name, sizeof name, "dac_decode.%s.latent", which);
    float *latent = golden_array(g, name) ? golden_floats(g, name, &n) : NULL;

    if (!latent)
        return;
    int size = g->model->dit.latent;

    CHECK(!echo_voice_from_latent(&v, latent, (int)n / size, size, NULL));
    if (CHECK_SAY(!echo_decode(g->session, v, &sink, &e), "%s", e.text)) {
        snprintf(name, sizeof name, "dac_decode.%s.audio", which);
        golden_audio(g, name, sound.pcm, sound.n);
    }
    echo_voice_close(&v);
    free(sound.pcm);
    free(latent);
}

/* ---- the same bits however it is cut ---- */

/* Decode in coarse pieces of `coarse` frames and fine ones of `fine`. */
static void decode_cut(struct golden *g, const float *latent, int frames, int coarse, int fine,
                       float *out)
{
    const struct codec *c = &g->model->codec;
    struct causal_state first = golden_state(g, 0), second = golden_state(g, 1);

    for (int i = 0; i < frames; i += coarse) {
        struct run r = golden_run(g);
        int n = frames - i < coarse ? frames - i : coarse;
        struct tensor x = scratch(&r, n, c->latent);
        struct tensor h = scratch_dense(&r, n * c->coarse_rows, c->decoder_width, DT_F32);

        op_write(r.queue, x, latent + (size_t)i * (size_t)c->latent);
        echo_codec_decode_coarse(&r, &first, c, h, x);
        for (int j = 0; j < n; j += fine) {
            int m = n - j < fine ? n - j : fine;
            size_t mark = arena_mark(&r.arena);
            struct tensor audio = scratch_dense(&r, m * c->frame_samples, 1, DT_F32);

            echo_codec_decode_fine(&r, &second, c, audio,
                                   tensor_rows(h, j * c->coarse_rows, m * c->coarse_rows));
            op_read(r.queue, out + (size_t)(i + j) * (size_t)c->frame_samples, audio);
            arena_reset(&r.arena, mark);
        }
    }
}

static void check_cuts(struct golden *g)
{
    static const struct {
        int coarse, fine;
    } cuts[] = { { 1, 1 }, { 3, 2 }, { 64, 8 }, { 37, 37 }, { 128, 5 }, { 1000, 16 } };
    const struct codec *c = &g->model->codec;
    size_t n = 0;
    float *latent = golden_array(g, "dac_decode.long.latent")
                        ? golden_floats(g, "dac_decode.long.latent", &n) : NULL;

    if (!latent)
        return;
    int frames = (int)n / c->latent;
    size_t bytes = (size_t)frames * (size_t)c->frame_samples * sizeof(float);
    float *whole = malloc(bytes), *cut = malloc(bytes);

    decode_cut(g, latent, frames, frames, 16, whole);
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        if ((!g->cap || !strcmp(g->cap, "c")) && i > 1)
            break; /* plain kernels, and GPUs that are none, take their time */
        decode_cut(g, latent, frames, cuts[i].coarse, cuts[i].fine, cut);
        CHECK_SAY(!memcmp(whole, cut, bytes), "decoding cut into %d and %d frames differs (%s)",
                  cuts[i].coarse, cuts[i].fine, g->isa);
    }
    free(whole);
    free(cut);
    free(latent);
}

/* Scratch that a coarse piece takes, measured at some position. */
static size_t coarse_scratch(struct golden *g, bool encode, int position)
{
    const struct codec *c = &g->model->codec;
    struct run r = { .queue = g->session->decoding.null, .mem = &g->memory,
                     .arena = { .cap = SIZE_MAX } };
    struct causal_state s = { .mem = &g->state[0], .arena = { .cap = SIZE_MAX },
                              .frames = position };
    struct tensor latent = scratch(&r, 64, c->latent);
    struct tensor h = scratch_dense(&r, 64 * c->coarse_rows,
                                    encode ? c->encoder_width : c->decoder_width, DT_F32);

    if (encode)
        echo_codec_encode_coarse(&r, &s, c, latent, scratch(&r, 64, c->quantizer.books), h);
    else
        echo_codec_decode_coarse(&r, &s, c, h, latent);
    return r.arena.peak;
}

/* Scratch measured at the beginning must do everywhere. */
static void check_scratch(struct golden *g)
{
    static const int positions[] = { 1, 64, 100, 576, 5000 };

    for (int encode = 0; encode < 2; encode++)
        for (int i = 0; i < 5; i++)
            CHECK(coarse_scratch(g, encode, positions[i]) == coarse_scratch(g, encode, 0));
}

void golden_coding(struct golden *g)
{
    check_given_audio(g, "short");
    check_clip(g);
    check_decoding(g, "one");
    check_decoding(g, "some");
}

void golden_codec(struct golden *g)
{
    check_scratch(g);
    if (golden_array(g, "dac_stages.zq")) {
        check_decoder_stages(g);
        check_encoder_stages(g);
    }
    golden_coding(g);
    check_given_audio(g, "long");
    check_voice(g, "voice.wav", "speaker_latent.latent");
    check_voice(g, "voice-long.wav", "speaker_latent_long.latent");
    check_decoding(g, "long");
    check_cuts(g);
}

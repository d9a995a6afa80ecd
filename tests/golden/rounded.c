/* SPDX-License-Identifier: MIT */
/*
 * rounded.c - bf16, int8 and f16: as far from the reference as their roundings explain, and the
 * same bits on any number of threads.
 */
#include <stdlib.h>
#include <string.h>

#include "golden.h"

/*
 * Nothing but roundings may be between the reference and these, so what was measured is what a
 * right implementation gives, and the bounds are 1.5 to 2 times that: of all levels and both
 * models, beside it.  The encoded latents are far off because a code that falls on the other
 * side of a tie is another vector.
 */
static const struct rounded {
    const char *device, *precision, *codec;
    struct bounds bound;
} kinds[] = {
    { "cpu", "bf16", "bf16", { .context = 1.3e-2,   /* 7.5e-3 */
                        .forward = 3.5e-3,   /* 1.8e-3 */
                        .run = 1.5e-2,       /* 8.7e-3 */
                        .long_run = 2e-2,    /* 1.1e-2 */
                        .latent = 0.45,      /* 0.28 */
                        .codes = 0.15,       /* 0.086 */
                        .audio_db = 33 } },  /* 36.8 */
    /* the context: 1.2e-2 with encoders in bfloat16 */
    { "cpu", "int8", "f32", { .context = 2e-2,      /* 9.9e-3 */
                       .forward = 2.5e-2,    /* 1.4e-2 */
                       .run = 9e-2,          /* 5.4e-2 */
                       .long_run = 0.11,     /* 6.1e-2 */
                       .latent = ENCODER_BOUND,
                       .codes = 0,
                       .audio_db = AUDIO_DB } },
    { "vulkan", "f16", "f16", { .context = 1.5e-3,
                                .forward = 1.5e-3,
                                .run = 2e-3,         /* 1.0e-3 */
                                .long_run = 2.5e-3,  /* 1.3e-3 */
                                .latent = 0.3,       /* 0.17 */
                                .codes = 0.04,       /* 0.019 */
                                .audio_db = 53 } },  /* 57.4 */
};

static bool append(void *user, const float *pcm, size_t n)
{
    float **end = user;

    memcpy(*end, pcm, n * sizeof *pcm);
    *end += n;
    return true;
}

/* A voice, then words in blocks, as sound: 8 frames, for free(). */
static float *speech(struct golden *g, const struct rounded *kind, int threads)
{
    echo_model_opts o = { .device = kind->device, .isa = g->cap, .threads = threads,
                          .precision = kind->precision, .codec_precision = kind->codec };
    float *pcm = calloc(8 * 2048, sizeof *pcm), *end = pcm;
    echo_sink sink = { .user = &end, .audio = append };
    echo_error e = { 0 };

    if (golden_open(g, &o)) {
        echo_params p = echo_params_default(g->model);

        p.num_steps = 2;
        p.block_sizes = (echo_list){ 2, { 5, 3 } };
        p.trim = false;
        CHECK_SAY(!echo_generate(g->session, "Some words.", g->voice, &p, &sink, &e), "%s",
                  e.text);
    }
    golden_close_model(g);
    return pcm;
}

static void check_threads(struct golden *g, const struct rounded *kind)
{
    float *one = speech(g, kind, 1), *three = speech(g, kind, 3);
    double size = 0;

    for (int i = 0; i < 8 * 2048; i++)
        size += (double)one[i] * one[i];
    CHECK_SAY(size > 0, "%s (%s): silence", kind->precision, g->isa);
    CHECK_SAY(!memcmp(one, three, 8 * 2048 * sizeof *one),
              "%s (%s): 1 and 3 threads give other samples", kind->precision, g->isa);
    free(one);
    free(three);
}

void golden_rounded(struct golden *g)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        echo_model_opts o = { .device = g->device, .isa = g->cap,
                              .precision = kinds[i].precision,
                              .codec_precision = kinds[i].codec };

        if (strcmp(g->device, kinds[i].device))
            continue;
        g->bound = kinds[i].bound;
        if (golden_open(g, &o)) {
            CHECK(!strcmp(echo_model_describe(g->model).precision, kinds[i].precision));
            CHECK(!strcmp(echo_model_describe(g->model).codec_precision, kinds[i].codec));
            golden_layers(g);
            golden_sampler(g);
            golden_coding(g);
        }
        golden_close_model(g);
        check_threads(g, &kinds[i]);
    }
}

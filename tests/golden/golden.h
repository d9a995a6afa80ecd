/* SPDX-License-Identifier: MIT */
/*
 * golden.h - the reference's own numbers, and a model to hold against them.
 */
#ifndef ECHO_GOLDEN_H
#define ECHO_GOLDEN_H

#include <jansson.h>

#include "engine/session.h"
#include "unit.h"

struct golden {
    const char *folder, *isa;
    echo_model *model;
    echo_session *session;
    echo_voice *voice; /* the latents of speaker_latent */
    struct safetensors *want;
    json_t *json;
    struct buffer memory; /* for runs of single layers */
    struct buffer kept;
};

/* Where the bounds come from: float32 against float32, only the order of sums differs;
 * a right implementation was seen to stay 100 times below. */
#define ENCODER_BOUND 1e-4 /* relative L2 */
#define LONG_BOUND    1e-3 /* after many steps */
#define AUDIO_DB      70.0

/* An array's numbers, for free(); NULL (and a failed check) if it is missing. */
float *golden_floats(const struct golden *g, const char *name, size_t *n);
const struct array *golden_array(const struct golden *g, const char *name);

/* Compare n numbers with an array; CHECKs the relative error. */
void golden_close(const struct golden *g, const char *name, const float *got, size_t n,
                  double bound);
/* The same for a tensor [time][channels] against one stored [channels][time]. */
void golden_close_turned(const struct golden *g, const char *name, struct tensor got,
                         double bound);
void golden_close_tensor(const struct golden *g, const char *name, struct tensor got,
                         double bound);
void golden_audio(const struct golden *g, const char *name, const float *got, size_t n);

/* A run over memory of its own, and a stream at its beginning. */
struct run golden_run(struct golden *g);
struct stream golden_stream(struct golden *g);

/* A case's seed and options, under the reference's names; blocks: room for 64. */
echo_params golden_params(const struct golden *g, const json_t *one, int *blocks);

void golden_layers(struct golden *g);   /* encoders, one evaluation, embeddings */
void golden_sampler(struct golden *g);  /* sample.*, blockwise.* */
void golden_codec(struct golden *g);    /* dac_*.*, speaker_latent* */
void golden_pipeline(struct golden *g); /* pipeline.*, flattening.* */

#endif

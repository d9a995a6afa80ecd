/* SPDX-License-Identifier: MIT */
/*
 * golden.h - the reference's own numbers, and a model to hold against them.
 */
#ifndef ECHO_GOLDEN_H
#define ECHO_GOLDEN_H

#include <jansson.h>

#include "engine/session.h"
#include "unit.h"

/* How far from the reference a right implementation may be. */
struct bounds {
    double context;       /* encoders, and keys and values made of them: relative L2 */
    double forward;       /* one evaluation */
    double run, long_run; /* latents after some steps; of a whole pass */
    double latent;        /* of encoded audio */
    double codes;         /* share of them that may differ */
    double audio_db;      /* of decoded latents */
};

struct golden {
    const char *folder, *device, *cap; /* cap: the instruction set, NULL on a GPU */
    const char *isa;                   /* either, for messages */
    struct bounds bound;
    echo_model *model;
    echo_session *session;
    echo_voice *voice; /* the latents of speaker_latent */
    struct safetensors *want;
    json_t *json;
    struct buffer memory; /* for runs of single layers */
    struct buffer state[2]; /* of both stages of the codec */
};

/* Where the bounds come from: float32 against float32, only the order of sums differs;
 * a right implementation was seen to stay 100 times below. */
#define ENCODER_BOUND 1e-4 /* relative L2 */
#define LONG_BOUND    1e-3 /* after many steps */
#define AUDIO_DB      70.0
#define F32_BOUNDS                                                                  \
    {                                                                               \
        ENCODER_BOUND, ENCODER_BOUND, ENCODER_BOUND, LONG_BOUND, ENCODER_BOUND, 0,  \
            AUDIO_DB                                                                \
    }

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

/* Open the folder's model, a session and the voice; false is a failed check. */
bool golden_open(struct golden *g, const echo_model_opts *opts);
void golden_close_model(struct golden *g);

/* A run over memory of its own, and a causal state at its beginning. */
struct run golden_run(struct golden *g);
struct causal_state golden_state(struct golden *g, int i);

/* A case's seed and options, under the reference's names. */
echo_params golden_params(const struct golden *g, const json_t *one);

void golden_layers(struct golden *g);   /* encoders, one evaluation, embeddings */
void golden_sampler(struct golden *g);  /* sample.*, blockwise.* */
void golden_codec(struct golden *g);    /* dac_*.*, speaker_latent* */
void golden_coding(struct golden *g);   /* of them, whole recordings and latents alone */
void golden_pipeline(struct golden *g); /* pipeline.*, flattening.* */
void golden_rounded(struct golden *g);  /* the same in bf16 and int8, with wider bounds */

#endif

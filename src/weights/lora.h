/* SPDX-License-Identifier: MIT */
/*
 * lora.h - low-rank adapters: what is added to weights of a model while they are read.
 *
 * An adapter has pairs of matrices, A (rank x k) and B (n x rank).  A weight W (n x k) becomes
 * W + scale * (B A), computed in float32: the sum over the rank in its order, times the scale,
 * added to the weight.  Several adapters are added one after the other.
 */
#ifndef ECHO_LORA_H
#define ECHO_LORA_H

#include "base/pool.h"
#include "weights/safetensors.h"

#define LORA_MOST      16   /* adapters at a time */
#define LORA_MOST_RANK 4096 /* more is no low rank, and no adapter */
#define LORA_MOST_SCALE 8

/* An addition to one weight. */
struct lora_pair {
    const struct array *target; /* of the model */
    const struct array *a, *b;  /* A, B */
    const struct array *alpha;  /* a number in the file; NULL: there is none */
    float factor;               /* of B A */
    bool bound;                 /* the model has taken it */
};

struct lora {
    struct safetensors *file;
    struct lora_pair *pairs;
    size_t n;
    float scale; /* the user's; 0: checked, but not added */
    int rank_least, rank_most;
    bool peft;          /* its keys are PEFT's, else those of kohya's trainers */
    bool without_alpha; /* nothing says alpha: it is taken to be the rank */
};

/* adapter_config.json, where there is one. */
struct lora_config {
    struct json_t *root; /* NULL: there is no such file */
    const char *path;
};

struct loras {
    struct lora list[LORA_MOST];
    int n;
};

/* Read adapters for a model whose names are settled.  ECHO_ERR_FILE: one line, with the file,
 * the key, and what was expected.  Close them in any case. */
echo_status echo_loras_open(struct loras *l, const echo_lora *wanted, int n,
                            const struct safetensors *model, echo_error *err);
void echo_loras_close(struct loras *l);

/* The weight is bound: is anything to be added to it?  l may be NULL. */
bool echo_loras_touch(struct loras *l, const struct array *target);

/* Add to `rows` rows of it, from row `first` on.  False without memory. */
bool echo_loras_add(const struct loras *l, struct pool *pool, const struct array *target,
                    float *values, size_t first, size_t rows);

/* The same for `rows` rows as two matrices: what is added is up down, of all adapters together.
 * down [rank][k]; up [rows][rank], which has the factors.  Both must be zeros before; rank is
 * echo_loras_rank() or more. */
int echo_loras_rank(const struct loras *l, const struct array *target);
void echo_loras_split(const struct loras *l, const struct array *target, float *down, float *up,
                      size_t rank, size_t first, size_t rows);

/* After binding: an adapter of a tensor that is no matmul's weight would have done nothing. */
echo_status echo_loras_all_bound(const struct loras *l, echo_error *err);

/* Of all that is added; 0: nothing is. */
uint64_t echo_loras_identity(const struct loras *l);

/* ---- its parts ---- */

/* A key of an adapter, taken apart. */
enum lora_part { LORA_A, LORA_B, LORA_ALPHA };

struct lora_key {
    enum lora_part part;
    bool peft;
    char module[ARRAY_MAX_NAME + 1]; /* what is in front of the part, as it is written */
};

/* ECHO_ERR_FILE says what the key is, if it is of no LoRA. */
echo_status echo_lora_key(struct lora_key *out, const struct safetensors *f, const char *name,
                          echo_error *err);
/* The weight of the model that a module means. */
echo_status echo_lora_target(const struct array **out, const struct lora_key *key,
                             const struct safetensors *f, const char *name,
                             const struct safetensors *model, echo_error *err);

/* path as the user gave it: the adapter's file, or its folder; *file is for free(). */
echo_status echo_lora_locate(char **file, const char *path, echo_error *err);
/* adapter_config.json beside the file, checked. */
echo_status echo_lora_config_open(struct lora_config *c, const char *file, echo_error *err);
void echo_lora_config_close(struct lora_config *c);
/* alpha / rank or alpha / sqrt(rank) of a module of this rank. */
echo_status echo_lora_config_scale(double *out, const struct lora_config *c, const char *module,
                                   int rank, echo_error *err);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * names.h - which arrays a model of given sizes has.
 */
#ifndef ECHO_SYNTH_NAMES_H
#define ECHO_SYNTH_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "weights/safetensors.h"

/* Arrays without data; names are owned. */
struct array_list {
    struct array *arrays;
    size_t n, capacity;
    bool failed; /* there was no memory for one of them */
};

struct encoder_sizes {
    int layers, size, heads, hidden;
};

struct echo_sizes {
    int latent, patch, time, layers, size, heads, head, hidden, rank;
    struct encoder_sizes text, speaker, past; /* past: the latent encoder */
};

struct dac_sizes {
    int strides[4];
    int encoder_width, encoder_layers, encoder_hidden, encoder_positions;
    int latent, layers, hidden, positions; /* of the quantizer's two transformers */
    int code_dim, semantic_entries, residual_entries, residual_books;
    int decoder_width;
};

/* Append an array; shape ends with a 0 and has no other. */
__attribute__((format(printf, 4, 5))) void echo_list_add(struct array_list *list,
                                                         enum array_type type,
                                                         const int64_t *shape,
                                                         const char *name, ...);
/* Append one of the same name, type and shape. */
void echo_list_add_like(struct array_list *list, const struct array *like);
void echo_list_echo(struct array_list *list, const struct echo_sizes *sizes);
void echo_list_dac(struct array_list *list, const struct dac_sizes *sizes);
void echo_list_pca(struct array_list *list, int latent, int codec);
/* NULL if there is none. */
const struct array *echo_list_find(const struct array_list *list, const char *name);
size_t echo_list_bytes(const struct array_list *list);
void echo_list_free(struct array_list *list);

#endif

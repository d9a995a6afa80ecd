/* SPDX-License-Identifier: MIT */
/* quantizer.h - a residual vector quantizer: ten codebooks, each for what the others left. */
#ifndef ECHO_QUANTIZER_H
#define ECHO_QUANTIZER_H

#include "model/bind.h"

#define QUANTIZER_MAX_ROWS 64 /* at a time */
#define QUANTIZER_MAX_DIM  64 /* of a code */

struct codebook {
    struct weight in, out;
    struct tensor in_bias, out_bias;
    float *rows, *unit; /* [entries][dim], as stored and of length 1 */
    int entries, dim;
};

/* The first book is the semantic one. */
struct quantizer {
    int books, dim;
    struct codebook *book;
};

void echo_bind_quantizer(struct binder *b, struct quantizer *q, int dim);

/* z [n][dim] to the sum of its codebook entries in `sum`; z is used up.  codes: book i's code
 * of row j at codes[i * stride + j], or NULL. */
void echo_quantize(struct run *r, const struct quantizer *q, struct tensor sum, struct tensor z,
                   int32_t *codes, size_t stride);

#endif

/* SPDX-License-Identifier: MIT */
/* quantizer.h - a residual vector quantizer: codebooks, each for what the others left. */
#ifndef ECHO_QUANTIZER_H
#define ECHO_QUANTIZER_H

#include "model/bind.h"

struct codebook {
    struct weight in, out;
    struct tensor in_bias, out_bias;
    struct tensor rows, unit; /* [entries][dim], as stored and of length 1 */
};

/* The first book is the semantic one. */
struct quantizer {
    int books, dim;
    struct codebook *book;
};

void echo_bind_quantizer(struct binder *b, struct quantizer *q, int dim);

/* z [n][dim] to the sum of its codebook entries in `sum`; z is used up.  codes: [n][books], -1
 * where z is not finite. */
void echo_quantize(struct run *r, const struct quantizer *q, struct tensor sum,
                   struct tensor codes, struct tensor z);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * projection.h - the matmuls of op_linear(), ... with weights that something may be added to.
 *
 * A LoRA over a packed weight W (n x k) is kept beside it, as two thin ones: down (rank x k)
 * and up (n x rank).  y = x W^T becomes x W^T + (x down^T) up^T.  So the packed bytes stay in
 * place, and nothing is rounded to eight bits a second time.
 */
#ifndef ECHO_PROJECTION_H
#define ECHO_PROJECTION_H

#include "backend/ops.h"

struct low_rank {
    struct weight down, up;
};

/* As the ops of these names, with what is added. */
void echo_linear(struct run *r, struct tensor y, struct tensor x, const struct weight *w,
                 struct tensor bias);
void echo_linear_add(struct run *r, struct tensor y, struct tensor x, const struct weight *w,
                     struct tensor bias);
void echo_linear_gated_add(struct run *r, struct tensor y, struct tensor gate, struct tensor x,
                           const struct weight *w);
void echo_linear_gate(struct run *r, struct tensor y, struct tensor x, const struct weight *w);

/* y = silu(x w1^T) * (x w3^T); y is of float32 where something is added to one of them. */
void echo_linear_swiglu(struct run *r, struct tensor y, struct tensor x,
                        const struct weight *w1, const struct weight *w3);

/* x as matmuls with w want it: x itself, or a copy in scratch. */
struct tensor echo_as_activation(struct run *r, struct tensor x, const struct weight *w);

#endif

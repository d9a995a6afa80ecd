/* SPDX-License-Identifier: MIT */
/* precision.h - which part of a model computes its matmuls in which precision. */
#ifndef ECHO_MODEL_PRECISION_H
#define ECHO_MODEL_PRECISION_H

#include "backend/tensor.h"

/* The choices for a model. */
struct precisions {
    enum dtype layers; /* of the diffusion transformer */
    enum dtype fine;   /* a float precision: where eight bits would be too coarse */
    enum dtype codec;
};

enum part {
    PART_LAYERS,       /* the transformer's layers, keys and values of their contexts */
    PART_ENCODERS,     /* of text, speaker and latents */
    PART_ENDS,         /* what comes before and after the layers, and what times decide */
    PART_CODEC_CONV,   /* the codec's convolutions, and its encoder's transformer */
    PART_CODEC_COARSE, /* what the codec does once a frame, and the PCA */
    PART_CODEC_LAST,   /* the convolution that makes samples */
    PART_ODD_INPUTS,   /* rows that bfloat16 cannot pair */
};

/* The precision of matmuls with a part's weights. */
enum dtype echo_precision_of(const struct precisions *p, enum part part);

/* Can panels of a dtype be used for matmuls in a precision? */
bool echo_panels_serve(enum dtype panels, enum dtype precision);

#endif

/* SPDX-License-Identifier: MIT */
#include "model/precision.h"

enum dtype echo_precision_of(const struct precisions *p, enum part part)
{
    switch (part) {
    case PART_LAYERS:
        return p->layers;

    /* The encoders run once an utterance, and their errors reach every layer: eight bits would
     * save little time and add half as much error as all of the transformer's. */
    case PART_ENCODERS:
        return p->layers == DT_I8 ? p->fine : p->layers;

    /* Near the sample rate: most of the codec's work. */
    case PART_CODEC_CONV:
        return p->codec;

    /* Codes are chosen by the last bits, and this is a twentieth of the work. */
    case PART_CODEC_COARSE:

    /* One channel of 96: no work, and nothing repairs it. */
    case PART_CODEC_LAST:

    /* Little work. */
    case PART_ENDS:

    case PART_ODD_INPUTS:
        break;
    }
    return DT_F32;
}

bool echo_panels_serve(enum dtype panels, enum dtype precision)
{
    if (panels == precision)
        return true;
    return precision == DT_F16 || (panels == DT_BF16 && precision == DT_F32);
}

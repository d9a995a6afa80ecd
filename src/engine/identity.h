/* SPDX-License-Identifier: MIT */
/* identity.h - whether two models hear alike. */
#ifndef ECHO_ENGINE_IDENTITY_H
#define ECHO_ENGINE_IDENTITY_H

#include "engine/model.h"

/*
 * Of what latents mean: the PCA, which is made for one codec.  It is the same for a codec whose
 * weights are stored in another type, and for a packed model.  Never 0.
 */
uint64_t echo_identity_latents(const echo_model *m);

/* How files of latents note it: 16 digits, or "" for 0. */
#define CODEC_NOTE    "codec"
#define IDENTITY_TEXT 17
void echo_identity_text(char out[IDENTITY_TEXT], uint64_t identity);

/* ECHO_ERR_FILE if latents with this note are of another codec.  NULL or "": not known. */
echo_status echo_identity_check(const echo_model *m, const char *note, const char *path,
                                echo_error *err);

/*
 * Of what the encoder computes, to the last bit: weights, precision, kernels, this version.
 * Reading all weights would cost a second or more, so a sample stands for them: 64 bytes at
 * each of four places of every tensor, all names, types and shapes, and the files' sizes and
 * times, which change where a byte does.
 */
uint64_t echo_identity_encoder(const echo_model *m);

#endif

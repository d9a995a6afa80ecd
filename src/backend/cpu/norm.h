/* SPDX-License-Identifier: MIT */
/* norm.h - norms, a row at a time, with what always follows them. */
#ifndef ECHO_NORM_H
#define ECHO_NORM_H

#include "backend/backend.h"

#define DECL_NORM_RMS(name) \
    void name(float *restrict y, const float *restrict x, const float *restrict gamma, int n)
#define DECL_NORM_ADALN(name)                                                     \
    void name(float *restrict y, const float *restrict x, const float *restrict scale, \
              const float *restrict shift, int n)
#define DECL_NORM_LAYER(name)                                                          \
    void name(float *restrict y, const float *restrict x, const float *restrict gamma, \
              const float *restrict bias, int n)
/* gamma may be NULL: no norm.  rope: [2][head_dim], see op_head_norm_rope(). */
#define DECL_NORM_HEADS(name)                                                             \
    void name(float *restrict x, const float *restrict gamma, const float *restrict rope, \
              int heads, int rope_heads, int head_dim)

struct norm_fns {
    DECL_NORM_RMS((*rms));
    DECL_NORM_ADALN((*adaln));
    DECL_NORM_LAYER((*layer));
    DECL_NORM_HEADS((*heads));
};

void echo_norm_init(struct norm_fns *f, unsigned cpu);

void echo_norm_init_avx2(struct norm_fns *f);
void echo_norm_init_avx512(struct norm_fns *f);
void echo_norm_init_neon(struct norm_fns *f);

#endif

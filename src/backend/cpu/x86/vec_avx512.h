/* SPDX-License-Identifier: MIT */
/* vec_avx512.h - the vector layer of *_body.h in AVX-512: 16 lanes. */
#ifndef ECHO_VEC_H
#define ECHO_VEC_H

#ifndef __AVX512F__
#error "build this file with -mavx512f -mavx512bw -mavx512dq -mavx512vl"
#endif

#include <immintrin.h>

#define VEC 16

typedef __m512 vf;

static inline __mmask16 lanes(int live)
{
    return (__mmask16)((1u << live) - 1);
}

/* lanes that do not exist are read as 0 and not written */
static inline vf v_get(const float *p, int live)
{
    return _mm512_maskz_loadu_ps(lanes(live), p);
}

static inline void v_put(float *p, vf v, int live)
{
    _mm512_mask_storeu_ps(p, lanes(live), v);
}

static inline vf v_only(vf v, int live)
{
    return _mm512_maskz_mov_ps(lanes(live), v);
}

static inline vf v_zero(void)
{
    return _mm512_setzero_ps();
}

static inline vf v_set(float x)
{
    return _mm512_set1_ps(x);
}

static inline vf v_count(void)
{
    return _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

static inline vf v_add(vf a, vf b)
{
    return _mm512_add_ps(a, b);
}

static inline vf v_sub(vf a, vf b)
{
    return _mm512_sub_ps(a, b);
}

static inline vf v_mul(vf a, vf b)
{
    return _mm512_mul_ps(a, b);
}

static inline vf v_div(vf a, vf b)
{
    return _mm512_div_ps(a, b);
}

static inline vf v_fma(vf a, vf b, vf c)
{
    return _mm512_fmadd_ps(a, b, c);
}

/* if a number is no number, b is returned, here and in v_min() */
static inline vf v_max(vf a, vf b)
{
    return _mm512_max_ps(a, b);
}

static inline vf v_min(vf a, vf b)
{
    return _mm512_min_ps(a, b);
}

static inline vf v_round(vf a)
{
    return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

/* 2^n for whole n from -126 to 127 */
static inline vf v_exp2(vf n)
{
    return _mm512_scalef_ps(_mm512_set1_ps(1), n);
}

static inline vf v_abs(vf a)
{
    return _mm512_abs_ps(a);
}

static inline vf v_copysign(vf size, vf sign)
{
    vf bit = _mm512_set1_ps(-0.0f);

    return _mm512_or_ps(_mm512_andnot_ps(bit, size), _mm512_and_ps(bit, sign));
}

static inline vf v_if_less(vf a, vf b, vf yes, vf no)
{
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), no, yes);
}

static inline vf v_swap_pairs(vf a)
{
    return _mm512_permute_ps(a, 0xb1);
}

static inline float v_sum(vf a)
{
    return _mm512_reduce_add_ps(a);
}

static inline float v_top(vf a)
{
    return _mm512_reduce_max_ps(a);
}

#endif

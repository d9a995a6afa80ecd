/* SPDX-License-Identifier: MIT */
/* vec_avx512.h - the vector layer of *_body.h in AVX-512: 16 lanes. */
#ifndef ECHO_VEC_H
#define ECHO_VEC_H

#ifndef __AVX512F__
#error "build this file with -mavx512f -mavx512bw -mavx512dq -mavx512vl"
#endif

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#define VEC 16

typedef __m512 vf;

static inline __mmask16 lanes(int live)
{
    return (__mmask16)((1u << live) - 1);
}

/* lanes that do not exist are read as 0 and not written */
/* By a mask: tiles use these, since gcc spills their sums around a branch. */
static inline vf v_get_masked(const float *p, int live)
{
    return _mm512_maskz_loadu_ps(lanes(live), p);
}

static inline void v_put_masked(float *p, vf v, int live)
{
    _mm512_mask_storeu_ps(p, lanes(live), v);
}

/* Whole vectors without a mask: a load must wait until a masked store before it has reached the
 * cache, and half of the time of some row kernels went there. */
static inline vf v_get(const float *p, int live)
{
    return live >= VEC ? _mm512_loadu_ps(p) : v_get_masked(p, live);
}

static inline void v_put(float *p, vf v, int live)
{
    if (live >= VEC)
        _mm512_storeu_ps(p, v);
    else
        v_put_masked(p, v, live);
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

/* ---- bits: of whole numbers, of quantised rows ---- */

typedef __m512i vb;

static inline vb vb_load(const void *p)
{
    return _mm512_loadu_si512(p);
}

/* the same four bytes in all lanes */
static inline vb vb_set(const void *p)
{
    int x;

    memcpy(&x, p, sizeof x);
    return _mm512_set1_epi32(x);
}

static inline vf vb_float(vb a)
{
    return _mm512_castsi512_ps(a);
}

/* whole numbers as floats */
static inline vf vb_count(vb a)
{
    return _mm512_cvtepi32_ps(a);
}

/* of pairs of bfloat16: the first as a float, and the second */
static inline vf vb_low(vb a)
{
    return _mm512_castsi512_ps(_mm512_slli_epi32(a, 16));
}

static inline vf vb_high(vb a)
{
    return _mm512_castsi512_ps(_mm512_and_si512(a, _mm512_set1_epi32((int)0xffff0000)));
}

/* rounded to nearest even; what is no number stays none */
static inline void v_put_bf16(uint16_t *p, vf v, int live)
{
    __m512i u = _mm512_castps_si512(v), one = _mm512_set1_epi32(1);
    __m512i odd = _mm512_and_si512(_mm512_srli_epi32(u, 16), one);
    __m512i near = _mm512_add_epi32(u, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));

    near = _mm512_mask_or_epi32(near, _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q), u,
                                _mm512_set1_epi32(0x400000));
    __m256i halves = _mm512_cvtepi32_epi16(_mm512_srli_epi32(near, 16));

    if (live >= VEC)
        _mm256_storeu_si256((void *)p, halves);
    else
        _mm256_mask_storeu_epi16(p, lanes(live), halves);
}

/* rounded to nearest even, their bits flipped as in `flip` */
static inline void v_put_i8(int8_t *p, vf v, int flip, int live)
{
    __m128i bytes = _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(v));

    bytes = _mm_xor_si128(bytes, _mm_set1_epi8((char)flip));
    if (live >= VEC)
        _mm_storeu_si128((void *)p, bytes);
    else
        _mm_mask_storeu_epi8(p, lanes(live), bytes);
}

#endif

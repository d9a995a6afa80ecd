/* SPDX-License-Identifier: MIT */
/* vec_avx2.h - the vector layer of *_body.h in AVX2 and FMA: 8 lanes. */
#ifndef ECHO_VEC_H
#define ECHO_VEC_H

#ifndef __AVX2__
#error "build this file with -mavx2 -mfma -mf16c"
#endif

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#define VEC 8

typedef __m256 vf;

static inline __m256i lanes(int live)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(live),
                              _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

/* lanes that do not exist are read as 0 and not written */
static inline vf v_get(const float *p, int live)
{
    return live == VEC ? _mm256_loadu_ps(p) : _mm256_maskload_ps(p, lanes(live));
}

static inline void v_put(float *p, vf v, int live)
{
    if (live == VEC)
        _mm256_storeu_ps(p, v);
    else
        _mm256_maskstore_ps(p, lanes(live), v);
}

/* of sets whose few lanes cost no branch; see vec_avx512.h */
#define v_get_masked v_get
#define v_put_masked v_put

static inline vf v_only(vf v, int live)
{
    return _mm256_and_ps(v, _mm256_castsi256_ps(lanes(live)));
}

static inline vf v_zero(void)
{
    return _mm256_setzero_ps();
}

static inline vf v_set(float x)
{
    return _mm256_set1_ps(x);
}

static inline vf v_count(void)
{
    return _mm256_setr_ps(0, 1, 2, 3, 4, 5, 6, 7);
}

static inline vf v_add(vf a, vf b)
{
    return _mm256_add_ps(a, b);
}

static inline vf v_sub(vf a, vf b)
{
    return _mm256_sub_ps(a, b);
}

static inline vf v_mul(vf a, vf b)
{
    return _mm256_mul_ps(a, b);
}

static inline vf v_div(vf a, vf b)
{
    return _mm256_div_ps(a, b);
}

static inline vf v_fma(vf a, vf b, vf c)
{
    return _mm256_fmadd_ps(a, b, c);
}

/* if a number is no number, b is returned, here and in v_min() */
static inline vf v_max(vf a, vf b)
{
    return _mm256_max_ps(a, b);
}

static inline vf v_min(vf a, vf b)
{
    return _mm256_min_ps(a, b);
}

static inline vf v_round(vf a)
{
    return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

/* 2^n for whole n from -126 to 127 */
static inline vf v_exp2(vf n)
{
    __m256i e = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));

    return _mm256_castsi256_ps(_mm256_slli_epi32(e, 23));
}

static inline vf v_abs(vf a)
{
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a);
}

static inline vf v_copysign(vf size, vf sign)
{
    vf bit = _mm256_set1_ps(-0.0f);

    return _mm256_or_ps(_mm256_andnot_ps(bit, size), _mm256_and_ps(bit, sign));
}

static inline vf v_if_less(vf a, vf b, vf yes, vf no)
{
    return _mm256_blendv_ps(no, yes, _mm256_cmp_ps(a, b, _CMP_LT_OQ));
}

static inline vf v_swap_pairs(vf a)
{
    return _mm256_permute_ps(a, 0xb1);
}

static inline float v_sum(vf a)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));

    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

static inline float v_top(vf a)
{
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));

    s = _mm_max_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

/* ---- bits: of whole numbers, of quantised rows ---- */

typedef __m256i vb;

static inline vb vb_load(const void *p)
{
    return _mm256_loadu_si256(p);
}

/* the same four bytes in all lanes */
static inline vb vb_set(const void *p)
{
    int x;

    memcpy(&x, p, sizeof x);
    return _mm256_set1_epi32(x);
}

static inline vf vb_float(vb a)
{
    return _mm256_castsi256_ps(a);
}

/* whole numbers as floats */
static inline vf vb_count(vb a)
{
    return _mm256_cvtepi32_ps(a);
}

/* of pairs of bfloat16: the first as a float, and the second */
static inline vf vb_low(vb a)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(a, 16));
}

static inline vf vb_high(vb a)
{
    return _mm256_castsi256_ps(_mm256_and_si256(a, _mm256_set1_epi32((int)0xffff0000)));
}

/* rounded to nearest even; what is no number stays none */
static inline void v_put_bf16(uint16_t *p, vf v, int live)
{
    __m256i u = _mm256_castps_si256(v), one = _mm256_set1_epi32(1);
    __m256i odd = _mm256_and_si256(_mm256_srli_epi32(u, 16), one);
    __m256i near = _mm256_add_epi32(u, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
    __m256i none = _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q));

    near = _mm256_blendv_epi8(near, _mm256_or_si256(u, _mm256_set1_epi32(0x400000)), none);
    near = _mm256_srli_epi32(near, 16);
    near = _mm256_permute4x64_epi64(_mm256_packus_epi32(near, near), 0x08);
    if (live == VEC) {
        _mm_storeu_si128((void *)p, _mm256_castsi256_si128(near));
    } else {
        uint16_t all[VEC];

        _mm_storeu_si128((void *)all, _mm256_castsi256_si128(near));
        memcpy(p, all, (size_t)live * sizeof *all);
    }
}

/* rounded to nearest even, their bits flipped as in `flip` */
static inline void v_put_i8(int8_t *p, vf v, int flip, int live)
{
    __m256i words = _mm256_cvtps_epi32(v);
    __m128i half = _mm_packs_epi32(_mm256_castsi256_si128(words),
                                   _mm256_extracti128_si256(words, 1));
    __m128i bytes = _mm_xor_si128(_mm_packs_epi16(half, half), _mm_set1_epi8((char)flip));
    int8_t all[16];

    if (live == VEC) {
        _mm_storel_epi64((void *)p, bytes);
        return;
    }
    _mm_storeu_si128((void *)all, bytes);
    memcpy(p, all, (size_t)live);
}

#endif

/* SPDX-License-Identifier: MIT */
/* vec_neon.h - the vector layer of *_body.h in NEON of 64-bit ARM: 4 lanes. */
#ifndef ECHO_VEC_H
#define ECHO_VEC_H

#ifndef __aarch64__
#error "this file is for 64-bit ARM"
#endif

#include <arm_neon.h>
#include <stdint.h>
#include <string.h>

#define VEC       4
#define VEC_MASKS 0

typedef float32x4_t vf;

/* lanes that do not exist are read as 0 and not written */
static inline vf v_get(const float *p, int live)
{
    vf v = vdupq_n_f32(0);

    if (live == VEC)
        return vld1q_f32(p);
    if (live > 0)
        v = vld1q_lane_f32(p, v, 0);
    if (live > 1)
        v = vld1q_lane_f32(p + 1, v, 1);
    return live > 2 ? vld1q_lane_f32(p + 2, v, 2) : v;
}

static inline void v_put(float *p, vf v, int live)
{
    if (live == VEC) {
        vst1q_f32(p, v);
        return;
    }
    if (live > 0)
        vst1q_lane_f32(p, v, 0);
    if (live > 1)
        vst1q_lane_f32(p + 1, v, 1);
    if (live > 2)
        vst1q_lane_f32(p + 2, v, 2);
}

static inline vf v_zero(void)
{
    return vdupq_n_f32(0);
}

static inline vf v_set(float x)
{
    return vdupq_n_f32(x);
}

static inline vf v_count(void)
{
    static const float count[VEC] = { 0, 1, 2, 3 };

    return vld1q_f32(count);
}

/* of sets whose few lanes cost no branch; see vec_avx512.h */
#define v_get_masked v_get
#define v_put_masked v_put

static inline vf v_only(vf v, int live)
{
    uint32x4_t in = vcltq_f32(v_count(), v_set((float)live));

    return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(v), in));
}

static inline vf v_add(vf a, vf b)
{
    return vaddq_f32(a, b);
}

static inline vf v_sub(vf a, vf b)
{
    return vsubq_f32(a, b);
}

static inline vf v_mul(vf a, vf b)
{
    return vmulq_f32(a, b);
}

static inline vf v_div(vf a, vf b)
{
    return vdivq_f32(a, b);
}

static inline vf v_fma(vf a, vf b, vf c)
{
    return vfmaq_f32(c, a, b);
}

/* if a number is no number, b is returned, here and in v_min(): not what ARM's own do */
static inline vf v_max(vf a, vf b)
{
    return vbslq_f32(vcgtq_f32(a, b), a, b);
}

static inline vf v_min(vf a, vf b)
{
    return vbslq_f32(vcltq_f32(a, b), a, b);
}

static inline vf v_round(vf a)
{
    return vrndnq_f32(a);
}

/* 2^n for whole n from -126 to 127 */
static inline vf v_exp2(vf n)
{
    int32x4_t e = vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127));

    return vreinterpretq_f32_s32(vshlq_n_s32(e, 23));
}

static inline vf v_abs(vf a)
{
    return vabsq_f32(a);
}

static inline vf v_copysign(vf size, vf sign)
{
    return vbslq_f32(vdupq_n_u32(0x80000000), sign, size);
}

static inline vf v_if_less(vf a, vf b, vf yes, vf no)
{
    return vbslq_f32(vcltq_f32(a, b), yes, no);
}

static inline vf v_swap_pairs(vf a)
{
    return vrev64q_f32(a);
}

static inline float v_sum(vf a)
{
    return vaddvq_f32(a);
}

static inline float v_top(vf a)
{
    return vmaxvq_f32(a);
}

/* ---- bits: of whole numbers, of quantised rows ---- */

typedef int32x4_t vb;

/* as bytes: of a line in a file no alignment is known */
static inline vb vb_load(const void *p)
{
    return vreinterpretq_s32_u8(vld1q_u8(p));
}

/* the same four bytes in all lanes */
static inline vb vb_set(const void *p)
{
    int32_t x;

    memcpy(&x, p, sizeof x);
    return vdupq_n_s32(x);
}

static inline vf vb_float(vb a)
{
    return vreinterpretq_f32_s32(a);
}

/* whole numbers as floats */
static inline vf vb_count(vb a)
{
    return vcvtq_f32_s32(a);
}

/* of pairs of bfloat16: the first as a float, and the second */
static inline vf vb_low(vb a)
{
    return vreinterpretq_f32_s32(vshlq_n_s32(a, 16));
}

static inline vf vb_high(vb a)
{
    return vreinterpretq_f32_s32(vandq_s32(a, vdupq_n_s32((int)0xffff0000)));
}

/* rounded to nearest even; what is no number stays none */
static inline void v_put_bf16(uint16_t *p, vf v, int live)
{
    uint32x4_t u = vreinterpretq_u32_f32(v);
    uint32x4_t odd = vandq_u32(vshrq_n_u32(u, 16), vdupq_n_u32(1));
    uint32x4_t near = vaddq_u32(u, vaddq_u32(odd, vdupq_n_u32(0x7fff)));
    uint32x4_t none = vorrq_u32(u, vdupq_n_u32(0x400000));
    uint16x4_t half = vshrn_n_u32(vbslq_u32(vceqq_f32(v, v), near, none), 16);

    if (live == VEC)
        memcpy(p, &half, sizeof half);
    else
        memcpy(p, &half, (size_t)live * sizeof *p);
}

/* rounded to nearest even, their bits flipped as in `flip` */
static inline void v_put_i8(int8_t *p, vf v, int flip, int live)
{
    int16x4_t half = vqmovn_s32(vcvtnq_s32_f32(v));
    int8x8_t bytes = vqmovn_s16(vcombine_s16(half, half));

    bytes = veor_s8(bytes, vdup_n_s8((int8_t)flip));
    if (live == VEC)
        memcpy(p, &bytes, VEC);
    else
        memcpy(p, &bytes, (size_t)live);
}

#endif

/* SPDX-License-Identifier: MIT */
/* common.glsl - how every shader reaches memory: by addresses, given in the push constants. */
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_shader_16bit_storage : require
#extension GL_EXT_control_flow_attributes : require

layout(buffer_reference, std430, buffer_reference_align = 2) buffer Half { float16_t d[]; };
layout(buffer_reference, std430, buffer_reference_align = 2) buffer Bits16 { uint16_t d[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Float { float d[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) buffer Float4 { vec4 d[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) buffer Bits128 { uvec4 d[]; };

/* struct vk_push of vulkan.h; lengths and distances are in numbers. */
layout(push_constant, std430) uniform Push {
    Float y, x, w, w2, a, b;
    uint rows, cols, depth, taps;
    uint ld_y, ld_x, ld_w, tap;
    uint ld_a, ld_b, heads, rope_heads;
    uint rope_rows, queries, segments, has;
    float factor;
    int window;
    uint epilogue;
    uint rows_first; /* neighbours in a row of workgroups are those of the next rows */
} p;

#define HAS_A 1u
#define HAS_B 2u
#define TO_HALF 8u /* y is of halves */
#define ALIGNED 4u /* rows of y, a and b begin at multiples of 16 bytes */

#define HALF_MAX 65504.0

/* A float32 that is stored as a half does not become infinite; a NaN stays one. */
float in_range_of_half(float x)
{
    return x > HALF_MAX ? HALF_MAX : x < -HALF_MAX ? -HALF_MAX : x;
}

/* No function: halves are only stored, and not all devices compute with them. */
#define to_half(x) float16_t(in_range_of_half(x))

/* Where exp(-x) is infinite it is 0; a NaN stays one. */
float sigmoid(float x)
{
    return 1.0 / (1.0 + exp(-x));
}

/* x + sin^2(pi turns x) * inverse.  sin^2 has period pi: one rounding reduces the argument.  A
 * driver's own sine may be off by 2^-11. */
float snake(float x, float turns, float inverse)
{
    float u = x * turns, r = u - roundEven(u), s = r * r, q = 0.0775603876;

    q = fma(q, s, -0.5982421041);
    q = fma(q, s, 2.5500698090);
    q = fma(q, s, -5.1677098274);
    q = fma(q, s, 3.1415927410);
    q *= r;
    return fma(q * q, inverse, x);
}

float silu(float x)
{
    return x * sigmoid(x);
}

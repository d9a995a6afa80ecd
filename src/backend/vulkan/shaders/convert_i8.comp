#version 460
/* SPDX-License-Identifier: MIT */
/*
 * convert_i8.comp - panels of eight-bit weights (base/panels.h) into rows of floats.
 *
 * A workgroup a row.  Where the row was rotated, it is rotated back: the transform's square is
 * `taps`, the numbers that were transformed together, and the packer has divided by them.
 */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

#define F32 0 /* enum dtype */

layout(local_size_x = 256) in; /* PANEL_BLOCK */
layout(constant_id = 0) const uint TO = 3;

layout(buffer_reference, std430, buffer_reference_align = 4) buffer Bits32 { uint d[]; };

shared float block[256];

uint lines()
{
    return (p.depth + 3) / 4;
}

/* Number k of row n, without its scale. */
float number(uint n, uint k)
{
    uint word = Bits32(p.x).d[(n / 16 * (lines() + 2) + k / 4) * 16 + n % 16];

    return float(bitfieldExtract(int(word), int(k % 4) * 8, 8));
}

/* Place t of block b, once the transform across blocks is undone. */
float across(uint n, uint b, uint t)
{
    uint blocks = p.taps / 256, first = b / blocks * blocks;
    float sum = 0;

    for (uint i = 0; i < blocks; i++) {
        float v = number(n, (first + i) * 256 + t);

        sum += (bitCount((b - first) & i) & 1) == 0 ? v : -v;
    }
    return sum;
}

void store(uint at, float v)
{
    if (TO == F32)
        p.y.d[at] = v;
    else
        Half(p.y).d[at] = to_half(v);
}

void main()
{
    const uint n = gl_WorkGroupID.x, t = gl_LocalInvocationIndex;
    const float scale = p.x.d[(n / 16 * (lines() + 2) + lines()) * 16 + n % 16];

    for (uint k0 = 0; k0 < p.ld_y; k0 += 256) {
        uint k = k0 + t, place = t;

        barrier();
        block[t] = p.taps > 1 ? across(n, k0 / 256, t) : k < p.depth ? number(n, k) : 0.0;
        barrier();
        if (p.taps > 1) {
            for (uint h = 1; h < 256; h *= 2) {
                float a = block[t & ~h], b = block[t | h];

                barrier();
                block[t] = (t & h) == 0 ? a + b : a - b;
                barrier();
            }
            place = t % 16 * 16 + t / 16;
        }
        if (k < p.ld_y)
            store(n * p.ld_y + k, k < p.depth ? block[place] * scale : 0.0);
    }
}

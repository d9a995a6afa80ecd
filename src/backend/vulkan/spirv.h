/* SPDX-License-Identifier: MIT */
/* spirv.h - the compiled shaders; spirv.c is made from shaders/ by shaders/build.py. */
#ifndef ECHO_VK_SPIRV_H
#define ECHO_VK_SPIRV_H

#include <stddef.h>
#include <stdint.h>

enum shader {
    SHADER_MATMUL_NARROW,
    SHADER_MATMUL_F32,
    SHADER_MATMUL_F32_SCALAR,
    SHADER_MATMUL_F16,
    SHADER_MATMUL_F16_SCALAR,
    SHADER_MATMUL_COOP,
    SHADER_CONV_COOP,
    SHADER_ATTENTION,
    SHADER_ATTENTION_COOP,
    SHADER_NORM,
    SHADER_NORM_TO_F16,
    SHADER_HEADS,
    SHADER_MAP,
    SHADER_MAP_TO_F16,
    SHADER_MAP_F16,
    SHADER_DEPTHWISE,
    SHADER_NEAREST,
    SHADER_GATHER,
    SHADER_CONVERT,
    SHADER_CONVERT_I8,
    SHADERS
};

struct spirv {
    const char *name;
    const uint32_t *words;
    size_t bytes;
};

extern const struct spirv echo_spirv[SHADERS];

/* Of everything that it was made from. */
extern const char echo_spirv_hash[];

#endif

/* SPDX-License-Identifier: MIT */
/*
 * forced.c - linked over the choice by speed: "auto" is what TEST_AUTO_PRECISION says, so that
 * the tests meet what CPUs choose that are not at hand.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/precision.h"

struct fast_float __real_echo_fast_float(struct device *device);
struct fast_float __wrap_echo_fast_float(struct device *device);
enum dtype __wrap_echo_auto_precision(const struct fast_float *fast);

static enum dtype forced(void)
{
    static const char *const names[] = { [DT_F32] = "f32", [DT_BF16] = "bf16",
                                         [DT_I8] = "int8" };
    const char *name = getenv("TEST_AUTO_PRECISION");

    for (enum dtype t = DT_F32; name && t <= DT_I8; t++)
        if (!strcmp(name, names[t]))
            return t;
    fputs("TEST_AUTO_PRECISION: expected f32, bf16 or int8\n", stderr);
    abort();
}

struct fast_float __wrap_echo_fast_float(struct device *device)
{
    if (forced() == DT_I8)
        return __real_echo_fast_float(device);
    return (struct fast_float){ .dtype = forced(), .why = "forced" };
}

enum dtype __wrap_echo_auto_precision(const struct fast_float *fast)
{
    (void)fast;
    return forced();
}

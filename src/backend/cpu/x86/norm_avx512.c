/* SPDX-License-Identifier: MIT */
/* norm_avx512.c - norm_body.h over vec_avx512.h. */
#include "backend/cpu/x86/vec_avx512.h"

#include "backend/cpu/norm_body.h"

void echo_norm_init_avx512(struct norm_fns *f)
{
    *f = kernels;
}

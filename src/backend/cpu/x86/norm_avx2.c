/* SPDX-License-Identifier: MIT */
/* norm_avx2.c - norm_body.h over vec_avx2.h. */
#include "backend/cpu/x86/vec_avx2.h"

#include "backend/cpu/norm_body.h"

void echo_norm_init_avx2(struct norm_fns *f)
{
    *f = kernels;
}

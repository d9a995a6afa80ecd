/* SPDX-License-Identifier: MIT */
/* activation_avx2.c - activation_body.h over vec_avx2.h. */
#include "backend/cpu/x86/vec_avx2.h"

#include "backend/cpu/activation_body.h"

void echo_activation_init_avx2(struct activation_fns *f)
{
    *f = kernels;
}

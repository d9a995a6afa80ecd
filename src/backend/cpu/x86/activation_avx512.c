/* SPDX-License-Identifier: MIT */
/* activation_avx512.c - activation_body.h over vec_avx512.h. */
#include "backend/cpu/x86/vec_avx512.h"

#include "backend/cpu/activation_body.h"

void echo_activation_init_avx512(struct activation_fns *f)
{
    *f = kernels;
}

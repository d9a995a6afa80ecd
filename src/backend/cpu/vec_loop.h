/* SPDX-License-Identifier: MIT */
/* vec_loop.h - over n numbers, VEC at a time: i is the first, `live` how many of them exist. */
#ifndef ECHO_VEC_LOOP_H
#define ECHO_VEC_LOOP_H

#define VEC_LOOP(n)                                        \
    for (int i = 0, live = (n) < VEC ? (n) : VEC; i < (n); \
         i += VEC, live = (n) - i < VEC ? (n) - i : VEC)

/* A set that reads and writes few live lanes by branches, not by a mask, defines 0. */
#ifndef VEC_MASKS
#define VEC_MASKS 1
#endif

/* of `left` numbers, how many this vector holds */
static inline int vec_lanes(int left)
{
    return left >= VEC ? VEC : left < 0 ? 0 : left;
}

#endif

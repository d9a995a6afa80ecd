/* SPDX-License-Identifier: MIT */
#ifndef ECHO_BASE_CLOCK_H
#define ECHO_BASE_CLOCK_H

#include <time.h>

/* Seconds, from any point on. */
static inline double echo_clock(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

#endif

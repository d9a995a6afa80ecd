/* SPDX-License-Identifier: MIT */
#ifndef ECHO_BASE_INTEGERS_H
#define ECHO_BASE_INTEGERS_H

static inline int at_most(int a, int b)
{
    return a < b ? a : b;
}

/* a / b, rounded up */
static inline int divide_up(int a, int b)
{
    return (a + b - 1) / b;
}

#endif

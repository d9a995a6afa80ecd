/* SPDX-License-Identifier: MIT */
/* ascending.h - the order of times and ratios, for qsort() and then a median. */
#ifndef ECHO_BASE_ASCENDING_H
#define ECHO_BASE_ASCENDING_H

/* Of doubles. */
static inline int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * unit.h - counts checks.  A failed one says where, and the program goes on; its last line is
 * "N passed, N failed".
 *
 *     int main(void)
 *     {
 *         CHECK(1 + 1 == 2);
 *         return unit_report();
 *     }
 */
#ifndef ECHO_UNIT_H
#define ECHO_UNIT_H

#include <stdarg.h>
#include <stdio.h>

/* One pair of counters for all files of a program; checks may come from several threads. */
__attribute__((weak)) _Atomic int unit_passed, unit_failed;

#define CHECK(cond) unit_check(cond, __FILE__, __LINE__, "%s", #cond)
/* The same with words of one's own, as for printf. */
#define CHECK_SAY(cond, ...) unit_check(cond, __FILE__, __LINE__, __VA_ARGS__)

__attribute__((format(printf, 4, 5))) static inline int unit_check(int good, const char *file,
                                                                   int line, const char *fmt,
                                                                   ...)
{
    va_list ap;

    if (good) {
        unit_passed++;
        return 1;
    }
    unit_failed++;
    printf("%s:%d: ", file, line);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n");
    return 0;
}

/* The exit status. */
static inline int unit_report(void)
{
    printf("%d passed, %d failed\n", unit_passed, unit_failed);
    return unit_failed != 0;
}

#endif

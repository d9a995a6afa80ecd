/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

echo_status echo_fail(echo_error *err, echo_status status, const char *fmt, ...)
{
    va_list ap;

    if (!err)
        return status;
    err->status = status;
    va_start(ap, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    for (char *p = err->text; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 127)
            *p = '?';
    return status;
}

echo_status echo_fail_memory(echo_error *err, size_t bytes, const char *what)
{
    return echo_fail(err, ECHO_ERR_MEMORY, "out of memory: %zu bytes for %s", bytes, what);
}

void echo_assert_failed(const char *cond, const char *file, int line)
{
    fprintf(stderr, "echotts: internal error: %s (%s:%d)\n", cond, file, line);
    abort();
}

/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A line that was too long may have lost a part of its last character. */
static void drop_broken_end(char *text)
{
    size_t n = strlen(text), start = n;

    while (start && n - start < 3 && (text[start - 1] & 0xc0) == 0x80)
        start--;
    if (!start || !(text[start - 1] & 0x80))
        return;
    unsigned char first = (unsigned char)text[start - 1];
    size_t whole = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;

    if (n - (start - 1) < whole)
        text[start - 1] = 0;
}

static echo_status fill(echo_error *err, echo_status status, const char *field, const char *fmt,
                        va_list ap)
{
    if (!err)
        return status;
    err->status = status;
    snprintf(err->field, sizeof err->field, "%s", field);
    vsnprintf(err->text, sizeof err->text, fmt, ap);
    drop_broken_end(err->text);
    for (char *p = err->text; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 127)
            *p = '?';
    return status;
}

echo_status echo_fail(echo_error *err, echo_status status, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fill(err, status, "", fmt, ap);
    va_end(ap);
    return status;
}

echo_status echo_fail_field(echo_error *err, const char *field, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fill(err, ECHO_ERR_ARG, field, fmt, ap);
    va_end(ap);
    return ECHO_ERR_ARG;
}

echo_status echo_fail_at(echo_error *err, echo_status status, const char *field,
                         const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fill(err, status, field, fmt, ap);
    va_end(ap);
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

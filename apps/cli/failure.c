/* SPDX-License-Identifier: MIT */
#include "failure.h"

#include <stdarg.h>
#include <stdio.h>

echo_status failure(echo_error *err, echo_status status, const char *fmt, ...)
{
    va_list ap;

    err->status = status;
    va_start(ap, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    /* Arguments and file names are quoted in it, and the report must stay one line. */
    for (char *p = err->text; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 127)
            *p = '?';
    return status;
}

int failure_print(const echo_error *err)
{
    fprintf(stderr, "echotts: %s\n", err->text);
    if (err->status == ECHO_ERR_ARG)
        return EXIT_USAGE;
    return err->status == ECHO_ERR_CANCELLED ? EXIT_STOPPED : EXIT_FAILED;
}

/* SPDX-License-Identifier: MIT */
#include "question.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

bool question_possible(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

bool question_yes(const char *fmt, ...)
{
    char answer[16] = "";
    va_list ap;

    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputs(" [y/N] ", stderr);
    fflush(stderr);
    return fgets(answer, sizeof answer, stdin) &&
           (!strcasecmp(answer, "y\n") || !strcasecmp(answer, "yes\n"));
}

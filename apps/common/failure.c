/* SPDX-License-Identifier: MIT */
#include "common/failure.h"

#include <stdio.h>

int failure_print(const echo_error *err)
{
    fprintf(stderr, "echotts: %s\n", err->text);
    if (err->status == ECHO_ERR_ARG || err->status == ECHO_ERR_NOTHING)
        return EXIT_USAGE;
    return err->status == ECHO_ERR_CANCELLED ? EXIT_STOPPED : EXIT_FAILED;
}

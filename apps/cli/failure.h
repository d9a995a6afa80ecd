/* SPDX-License-Identifier: MIT */
/* failure.h - one way to say no: an echo_error, one line on stderr, an exit code. */
#ifndef CLI_FAILURE_H
#define CLI_FAILURE_H

#include "echotts.h"

/* Exit statuses. */
#define EXIT_DONE    0
#define EXIT_FAILED  1
#define EXIT_USAGE   2
#define EXIT_STOPPED 130

/* Fill *err and return status: `return failure(err, ECHO_ERR_ARG, ...)`. */
__attribute__((format(printf, 3, 4))) echo_status failure(echo_error *err, echo_status status,
                                                          const char *fmt, ...);

/* Print the line and return the exit code that goes with its status. */
int failure_print(const echo_error *err);

#endif

/* SPDX-License-Identifier: MIT */
/* failure.h - one way to say no: echo_fail(), then one line on stderr and an exit status. */
#ifndef COMMON_FAILURE_H
#define COMMON_FAILURE_H

#include "echotts_dev.h"

/* Exit statuses. */
#define EXIT_DONE    0
#define EXIT_FAILED  1
#define EXIT_USAGE   2
#define EXIT_STOPPED 130

/* Print the line and return the exit status that goes with its status. */
int failure_print(const echo_error *err);

#endif

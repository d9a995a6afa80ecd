/* SPDX-License-Identifier: MIT */
/*
 * error.h - the world's mistakes become a status with one line; ours abort.
 */
#ifndef ECHO_BASE_ERROR_H
#define ECHO_BASE_ERROR_H

#include "echotts.h"

/* Fill *err (which may be NULL) and return status: `return echo_fail(err, ...)`.
 * Line breaks and control characters, which may come from a file, become '?'. */
__attribute__((format(printf, 3, 4))) echo_status echo_fail(echo_error *err, echo_status status,
                                                            const char *fmt, ...);

/* ECHO_ERR_ARG, and the parameter that is at fault. */
__attribute__((format(printf, 3, 4))) echo_status echo_fail_field(echo_error *err,
                                                                  const char *field,
                                                                  const char *fmt, ...);

/* "out of memory (... bytes for what)" */
echo_status echo_fail_memory(echo_error *err, size_t bytes, const char *what);

/* Checked in every build: a broken invariant must not become wrong sound. */
#define ECHO_ASSERT(cond) ((cond) ? (void)0 : echo_assert_failed(#cond, __FILE__, __LINE__))
_Noreturn void echo_assert_failed(const char *cond, const char *file, int line);

#endif

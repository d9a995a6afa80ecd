/* SPDX-License-Identifier: MIT */
/*
 * error.h - the world's mistakes become a status with one line; ours abort.
 */
#ifndef ECHO_BASE_ERROR_H
#define ECHO_BASE_ERROR_H

#include "echotts_dev.h"

/* As echo_fail_field(), of another status than ECHO_ERR_ARG. */
__attribute__((format(printf, 4, 5))) echo_status echo_fail_at(echo_error *err,
                                                               echo_status status,
                                                               const char *field,
                                                               const char *fmt, ...);

/* "out of memory (... bytes for what)" */
echo_status echo_fail_memory(echo_error *err, size_t bytes, const char *what);

/* Checked in every build: a broken invariant must not become wrong sound. */
#define ECHO_ASSERT(cond) ((cond) ? (void)0 : echo_assert_failed(#cond, __FILE__, __LINE__))
_Noreturn void echo_assert_failed(const char *cond, const char *file, int line);

#endif

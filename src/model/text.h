/* SPDX-License-Identifier: MIT */
/*
 * text.h - text to the bytes the model reads; echo_text_normalize() is in echotts.h.
 */
#ifndef ECHO_TEXT_H
#define ECHO_TEXT_H

#include <stddef.h>

#include "echotts.h"

#define TEXT_MAX_TOKENS 768 /* with the leading 0 */

/* Checks that text is valid UTF-8 without control characters other than tab and newlines,
 * and not blank.  The line says where, counting bytes from 1. */
echo_status echo_text_valid(const char *text, echo_error *err);

#endif

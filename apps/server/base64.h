/* SPDX-License-Identifier: MIT */
/* base64.h - bytes as text, RFC 4648. */
#ifndef SERVER_BASE64_H
#define SERVER_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* Characters that n bytes take. */
#define BASE64_LENGTH(n) (((n) + 2) / 3 * 4)

/* Writes BASE64_LENGTH(n) characters, and no 0. */
void base64_encode(char *out, const void *bytes, size_t n);

/* Reads both alphabets, with padding or without, and skips blanks.  out has room for 3 bytes of
 * each 4 characters.  False: it is no base64. */
bool base64_decode(unsigned char *out, size_t *n, const char *text, size_t length);

#endif

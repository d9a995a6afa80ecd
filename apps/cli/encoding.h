/* SPDX-License-Identifier: MIT */
/* encoding.h - what bytes are, if they are not a text in UTF-8: a guess for a message. */
#ifndef CLI_ENCODING_H
#define CLI_ENCODING_H

#include <stddef.h>

/* Another kind of file than plain text ("a PDF"), or NULL. */
const char *encoding_of_document(const char *bytes, size_t n);

/* UTF-16 or UTF-32, as iconv calls it, or NULL. */
const char *encoding_of_wide(const char *bytes, size_t n);

/* The likely encoding of a string that is not UTF-8, as iconv calls it.  "UTF-8": it is that,
 * but damaged.  NULL: nothing more is known. */
const char *encoding_of_bytes(const char *text);

#endif

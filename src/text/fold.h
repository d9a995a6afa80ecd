/* SPDX-License-Identifier: MIT */
/* fold.h - names as people compare them: Unicode has several forms of what looks alike. */
#ifndef ECHO_TEXT_FOLD_H
#define ECHO_TEXT_FOLD_H

#include <stdbool.h>
#include <stddef.h>

#define COMPOSED_BYTES 1024 /* of a name in composed form; files' names have 255 */
#define FOLDED_BYTES   8192 /* folding makes up to 18 letters of one */

/* With accents on their letters.  False if it is not UTF-8 or too long, as below. */
bool echo_compose_name(char out[COMPOSED_BYTES], const char *text, size_t length);

/* Names that look alike become the same: of either case, wide letters, ligatures. */
bool echo_fold(char out[FOLDED_BYTES], const char *text, size_t length);

#endif

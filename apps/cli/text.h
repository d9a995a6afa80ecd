/* SPDX-License-Identifier: MIT */
/* text.h - the words to be spoken, from wherever they are. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stddef.h>

#include "echotts.h"

/* Every byte may shrink to a third of one in normalisation; what is longer is too long. */
#define TEXT_BYTES (4 * (ECHO_MAX_TEXT + 1))

/*
 * Read `word`, or, if it is NULL, the file at path; "-" is standard input.  Check it for a call
 * with or without normalisation.  A byte order mark in front is dropped, and of a file what
 * editors put at its end: line ends and the Ctrl-Z of DOS.
 */
echo_status text_read(char text[TEXT_BYTES], const char *word, const char *path, bool normalize,
                      echo_error *err);

#endif

/* SPDX-License-Identifier: MIT */
/* question.h - yes or no, asked on the terminal. */
#ifndef CLI_QUESTION_H
#define CLI_QUESTION_H

#include <stdbool.h>

/* Is there somebody to ask? */
bool question_possible(void);

/* "... [y/N] ": anything but yes is no. */
__attribute__((format(printf, 1, 2))) bool question_yes(const char *fmt, ...);

#endif

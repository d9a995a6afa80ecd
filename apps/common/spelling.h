/* SPDX-License-Identifier: MIT */
/* spelling.h - how far a mistyped word is from a known one. */
#ifndef COMMON_SPELLING_H
#define COMMON_SPELLING_H

/* Letters to add, drop, change or swap with their neighbour to make one of the other. */
int spelling_distance(const char *a, const char *b);

/* The most that is still worth a "did you mean". */
int spelling_limit(const char *word);

#endif

/* SPDX-License-Identifier: MIT */
/* piece.h - a piece of a text, as clients are told of it. */
#ifndef SERVER_PIECE_H
#define SERVER_PIECE_H

#include <jansson.h>

#include "echotts.h"

/* {"index", "text", "role", "expected_s", "pause_s"} */
json_t *piece_describe(const echo_piece *p);

#endif

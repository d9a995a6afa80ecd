/* SPDX-License-Identifier: MIT */
/* pieces.h - a text as its reader says it, piece by piece: each fits one pass. */
#ifndef ECHO_ENGINE_PIECES_H
#define ECHO_ENGINE_PIECES_H

#include "engine/pace.h"
#include "text/cast.h"
#include "text/split.h"

struct pieces {
    struct cast cast;
    struct script script;
    struct splitter *splitter;
};

/* Clean and open.  ECHO_ERR_ARG: the text or an option is at fault.  Close it in any case. */
echo_status echo_pieces_open(struct pieces *p, const char *text, const echo_speak_opts *opts,
                             bool normalize, echo_error *err);
void echo_pieces_close(struct pieces *p);

/* Weights that pieces should have, and that one sentence may. */
struct piece_limit {
    int weight, most;
};

/* At this pace, in windows of sequence_length frames or as one of ECHO_LENGTH_... says. */
struct piece_limit echo_pieces_limit(const struct pace *pace, const struct settings *settings,
                                     int sequence_length);

/* The next piece; false at the end. */
bool echo_pieces_next(struct pieces *p, struct piece_limit limit, struct split_piece *out);

/* The name of who says a piece; NULL: the narrator.  It lives as long as p. */
const char *echo_pieces_role(const struct pieces *p, const struct split_piece *piece);

/* A warning of lines that look like turns of roles that are not in the cast; false: there is
 * nothing to warn of. */
bool echo_pieces_warning(const struct pieces *p, char *out, size_t size);

/* Seconds of silence behind a piece that another one follows; below 0: these two overlap. */
double echo_pieces_pause(const struct split_piece *piece, const echo_speak_opts *opts);

#endif

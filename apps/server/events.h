/* SPDX-License-Identifier: MIT */
/* events.h - a speech as server-sent events: sound in base64, and how far it is. */
#ifndef SERVER_EVENTS_H
#define SERVER_EVENTS_H

#include "bytes.h"
#include "task.h"

struct events {
    struct task *task;
    struct bytes held; /* sound for the next event */
};

/* Keep bytes of the encoder for the next event. */
echo_status events_hold(struct events *e, const void *bytes, size_t n, echo_error *err);
/* Send what is kept; nothing, if that is nothing. */
echo_status events_sound(struct events *e, echo_error *err);
/* The rest of the sound, and the end. */
echo_status events_done(struct events *e, echo_error *err);

/* It failed when a part had been sent. */
void events_error(struct events *e, const echo_error *why);

/* These are sent to those who asked for progress.  What cannot be sent is left out: a failure
 * of the disk shows with the sound. */
void events_pieces(struct events *e, const echo_model *m);
void events_progress(struct events *e, echo_stage stage, int done, int total, double share,
                     double left_s);
void events_piece(struct events *e, const echo_piece *piece);
void events_warning(struct events *e, const char *line);

void events_close(struct events *e);

/* One event of this object, which is let go; for free().  NULL: out of memory. */
char *events_format(json_t *event);

#endif

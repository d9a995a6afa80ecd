/* SPDX-License-Identifier: MIT */
/*
 * scheduler.h - owns the model: which task is worked on, and when.
 *
 * A worker is a thread with a session; it takes one task at a time from a bounded queue.  One
 * worker samples at a time, the one whose turn it is; others may decode beside it.  Turns pass
 * at a step of the diffusion, when somebody waits who had less (fair.h).  One session is kept
 * for short tasks, so that books never hold them all.  What a task sounds like does not depend
 * on any of this.
 */
#ifndef SERVER_SCHEDULER_H
#define SERVER_SCHEDULER_H

#include "task.h"
#include "metrics.h"
#include "voice_shelf.h"

struct scheduler;

struct scheduler_opts {
    const echo_model *model;
    struct voice_shelf *voices;
    struct metrics *metrics;
    int sessions; /* 1 to SCHEDULER_SESSIONS */
    int most_waiting;
};

#define SCHEDULER_SESSIONS 64

echo_status scheduler_open(struct scheduler **out, const struct scheduler_opts *opts,
                           echo_error *err);

enum submission { SUBMITTED, QUEUE_FULL, STOPPING, OUT_OF_MEMORY };

/* It takes a reference of its own. */
enum submission scheduler_submit(struct scheduler *s, struct task *j);

/* Why it was not taken, as clients are told. */
struct turned_away {
    unsigned status; /* of HTTP */
    const char *code, *message;
};

struct turned_away submission_refused(enum submission why);

/* Nobody wants the task: it leaves the queue, or stops. */
void scheduler_cancel(struct scheduler *s, struct task *j);

struct load {
    int waiting, running;
    double wait_s; /* until a task that came now would begin, by those that ended lately */
};

struct load scheduler_load(struct scheduler *s);

/* How many are ahead of a waiting task: 0 for one that runs. */
int scheduler_position(struct scheduler *s, const struct task *j);

/* Take no more tasks; finish those that there are, and after so many seconds cancel them. */
void scheduler_drain(struct scheduler *s, double seconds);
void scheduler_close(struct scheduler **s);

/* ---- for workers ---- */

/* Wait for the turn to sample; false: the task was cancelled. */
bool scheduler_take_turn(struct scheduler *s, struct task *j);
/* A step is done: let another one have the turn, if it is time.  False: it was cancelled. */
bool scheduler_offer_turn(struct scheduler *s, struct task *j);
void scheduler_leave_turn(struct scheduler *s, struct task *j);

#endif

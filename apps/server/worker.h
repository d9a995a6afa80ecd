/* SPDX-License-Identifier: MIT */
/* worker.h - a thread with a session: it takes tasks from the scheduler and speaks them. */
#ifndef SERVER_WORKER_H
#define SERVER_WORKER_H

#include "scheduler.h"

struct worker;

echo_status worker_open(struct worker **out, struct scheduler *s,
                        const struct scheduler_opts *opts, echo_error *err);
/* Waits for its end: the scheduler was drained before. */
void worker_close(struct worker **w);

/* ---- between scheduler and worker ---- */

/* Wait for a task; NULL: there will be none any more. */
struct task *scheduler_next(struct scheduler *s);
/* It is finished, and belongs to the worker no longer. */
void scheduler_done(struct scheduler *s, struct task *j);

#endif

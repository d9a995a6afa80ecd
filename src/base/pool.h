/* SPDX-License-Identifier: MIT */
/*
 * pool.h - threads that share the tasks of one loop.
 *
 * Tasks are claimed one by one from a counter, so that a slow or busy core
 * takes fewer of them.  Which thread runs a task must not change its result.
 */
#ifndef ECHO_BASE_POOL_H
#define ECHO_BASE_POOL_H

#include "echotts.h"

struct pool;

#define POOL_MOST_THREADS 256

/* threads counts the caller's own, 1 to POOL_MOST_THREADS: 1 makes no thread. */
echo_status echo_pool_open(struct pool **out, int threads, echo_error *err);
void echo_pool_close(struct pool **p);
int echo_pool_threads(const struct pool *p);

/*
 * Run fn(arg, task, thread) for task 0..tasks-1 and wait; 0 <= thread < threads names the
 * runner, for its scratch.  Calls from several threads take turns.
 */
typedef void pool_fn(void *arg, int task, int thread);
void echo_pool_run(struct pool *p, pool_fn *fn, void *arg, int tasks);

#endif

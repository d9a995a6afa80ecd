/* SPDX-License-Identifier: MIT */
#include "task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/report.h"

enum { MOST_WARNINGS = 20 }; /* that a task keeps: more tell nobody more */

struct task *task_new(struct speech *speech, const char *client, const char *id)
{
    struct task *j = calloc(1, sizeof *j);

    if (!j)
        return NULL;
    atomic_init(&j->references, 1);
    atomic_init(&j->cancelled, false);
    j->speech = *speech;
    *speech = (struct speech){ 0 };
    snprintf(j->client, sizeof j->client, "%s", client);
    snprintf(j->id, sizeof j->id, "%s", id);
    pthread_mutex_init(&j->lock, NULL);
    pthread_cond_init(&j->changed, NULL);
    j->spool = SPOOL_EMPTY;
    j->warnings = json_array();
    j->submitted = clock_now();
    return j;
}

struct task *task_hold(struct task *j)
{
    atomic_fetch_add(&j->references, 1);
    return j;
}

void task_drop(struct task **task)
{
    struct task *j = *task;

    *task = NULL;
    if (!j || atomic_fetch_sub(&j->references, 1) > 1)
        return;
    speech_close(&j->speech);
    spool_close(&j->spool);
    json_decref(j->warnings);
    pthread_cond_destroy(&j->changed);
    pthread_mutex_destroy(&j->lock);
    free(j);
}

void task_report(struct task *j, json_t *facts)
{
    pthread_mutex_lock(&j->lock); /* its worker may still end it */
    if (j->began > 0) {
        report_real(facts, "wait_s", j->began - j->submitted);
        report_real(facts, "sound_s", j->sound_s);
        if (j->first > 0)
            report_real(facts, "first_s", j->first - j->submitted);
    }
    pthread_mutex_unlock(&j->lock);
}

void task_cancel(struct task *j)
{
    atomic_store(&j->cancelled, true);
}

void task_listen(struct task *j, void (*notify)(void *user), void *user)
{
    pthread_mutex_lock(&j->lock);
    j->notify = notify;
    j->user = user;
    pthread_mutex_unlock(&j->lock);
}

/* The lock is held, so that nobody who stopped listening is told. */
static void tell(struct task *j)
{
    pthread_cond_broadcast(&j->changed);
    if (j->notify)
        j->notify(j->user);
}

void task_begin(struct task *j)
{
    pthread_mutex_lock(&j->lock);
    j->state = TASK_RUNNING;
    j->began = clock_now();
    tell(j);
    pthread_mutex_unlock(&j->lock);
}

echo_status task_write(struct task *j, const void *bytes, size_t n, echo_error *err)
{
    echo_status status;

    pthread_mutex_lock(&j->lock);
    status = spool_write(&j->spool, bytes, n, err);
    /* a header of a file waits for the sound, and so do the answer's headers */
    if (!status && j->speech.delivery != DELIVER_WHOLE && (j->first > 0 || j->speech.sse)) {
        j->ready = j->spool.size;
        tell(j);
    }
    pthread_mutex_unlock(&j->lock);
    return status;
}

void task_heard(struct task *j)
{
    pthread_mutex_lock(&j->lock);
    if (!j->first)
        j->first = clock_now();
    pthread_mutex_unlock(&j->lock);
}

void task_warn(struct task *j, const char *line)
{
    pthread_mutex_lock(&j->lock);
    if (json_array_size(j->warnings) < MOST_WARNINGS)
        json_array_append_new(j->warnings, json_string(line));
    pthread_mutex_unlock(&j->lock);
}

void task_finish(struct task *j, const echo_error *err)
{
    pthread_mutex_lock(&j->lock);
    j->state = TASK_DONE;
    j->ended = clock_now();
    j->error = *err;
    if (!err->status) {
        j->ready = j->spool.size;
        if (!j->first || j->speech.delivery == DELIVER_WHOLE)
            j->first = j->ended;
    }
    tell(j);
    pthread_mutex_unlock(&j->lock);
}

/* SPDX-License-Identifier: MIT */
/*
 * task.h - one speech on its way: asked for by a connection, made by a worker.
 *
 * Both hold a reference.  The worker appends to the spool and sets the state; the connection
 * reads, and is told by `notify` whenever there is more to read or nothing more will come.
 */
#ifndef SERVER_TASK_H
#define SERVER_TASK_H

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>

#include "fair.h"
#include "speech.h"
#include "spool.h"

enum task_state { TASK_WAITING, TASK_RUNNING, TASK_DONE };

struct task {
    atomic_int references;
    struct speech speech; /* immutable once it is submitted */
    char client[64], id[40];

    /* Under the scheduler's lock. */
    struct task *next;
    struct fair_place place;
    bool queued, wants_turn;
    double turn_began, charged;

    pthread_mutex_t lock;
    pthread_cond_t changed; /* what is below, for those who wait in a thread of their own */
    enum task_state state;
    struct spool spool;
    uint64_t ready;        /* bytes of it that may be sent */
    echo_error error;      /* once it is done: why it failed */
    json_t *warnings;      /* an array of strings */
    bool silent;           /* there was nothing to speak */
    void (*notify)(void *user);
    void *user;

    atomic_bool cancelled;
    double submitted, began, first, ended; /* by clock_now(); 0: not yet */
    double sound_s;    /* of sound made, after the change of speed */
    echo_stats stats;
};

/* Takes over the speech.  NULL: out of memory. */
struct task *task_new(struct speech *speech, const char *client, const char *id);
struct task *task_hold(struct task *j);
void task_drop(struct task **j);

/* Its times and seconds of sound, for the log: nothing, if it never began. */
void task_report(struct task *j, json_t *facts);

/* Nobody wants it any more: it stops at its next step. */
void task_cancel(struct task *j);

/* From now on whoever listens is this; NULL: nobody.  No call to the one before comes later. */
void task_listen(struct task *j, void (*notify)(void *user), void *user);

/* ---- for its worker ---- */

void task_begin(struct task *j);
/* Append bytes, and let them go. */
echo_status task_write(struct task *j, const void *bytes, size_t n, echo_error *err);
/* Bytes that come next have sound.  None leave before the first of them, but events. */
void task_heard(struct task *j);
void task_warn(struct task *j, const char *line);
void task_finish(struct task *j, const echo_error *err);

#endif

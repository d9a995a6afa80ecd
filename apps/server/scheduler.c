/* SPDX-License-Identifier: MIT */
#include "scheduler.h"

#include <math.h>
#include <stdlib.h>

#include "common/clock.h"
#include "worker.h"

#define TURN_S 0.25 /* a turn is not taken away for less */

struct scheduler {
    struct scheduler_opts opts;
    pthread_mutex_t lock;
    pthread_cond_t work;  /* there is a task, or the end */
    pthread_cond_t turns; /* the turn is free, or a task was cancelled */
    pthread_cond_t idle;  /* a task has ended */
    struct fair fair;
    struct task *tasks;     /* all that wait or run */
    struct task *holder;   /* of the turn */
    int waiting, running, long_running;
    bool stopping;
    double task_s; /* that a task takes, lately */
    struct worker *workers[SCHEDULER_SESSIONS];
    int n_workers;
};

/* ---- the queue ---- */

static void link_task(struct scheduler *s, struct task *j)
{
    struct task **at = &s->tasks;

    while (*at)
        at = &(*at)->next;
    j->next = NULL;
    *at = j;
}

static void unlink_task(struct scheduler *s, struct task *j)
{
    struct task **at = &s->tasks;

    while (*at != j)
        at = &(*at)->next;
    *at = j->next;
    fair_leave(&s->fair, &j->place);
}

enum submission scheduler_submit(struct scheduler *s, struct task *j)
{
    enum submission result = SUBMITTED;

    pthread_mutex_lock(&s->lock);
    if (s->stopping)
        result = STOPPING;
    else if (s->waiting >= s->opts.most_waiting)
        result = QUEUE_FULL;
    else if (!fair_join(&s->fair, &j->place, j->client, !j->speech.longer))
        result = OUT_OF_MEMORY;
    if (result == SUBMITTED) {
        link_task(s, task_hold(j));
        j->queued = true;
        s->waiting++;
        pthread_cond_signal(&s->work);
    }
    pthread_mutex_unlock(&s->lock);
    return result;
}

struct turned_away submission_refused(enum submission why)
{
    static const struct turned_away refusals[] = {
        [QUEUE_FULL] = { 429, "queue_full",
                         "too many requests wait already (--max-queue): try again later" },
        [STOPPING] = { 503, "stopping", "the server is stopping: try again in a while" },
        [OUT_OF_MEMORY] = { 503, "out_of_memory", "out of memory for the request" },
    };

    return refusals[why];
}

/* The one to begin next, of those that may. */
static struct task *next_task(struct scheduler *s)
{
    bool reserved = s->n_workers > 1 && s->long_running >= s->n_workers - 1;
    struct task *best = NULL;

    for (struct task *j = s->tasks; j; j = j->next)
        if (j->queued && !(reserved && j->speech.longer) &&
            (!best || fair_before(&j->place, &best->place, 0)))
            best = j;
    return best;
}

struct task *scheduler_next(struct scheduler *s)
{
    struct task *j;

    pthread_mutex_lock(&s->lock);
    while (!(j = next_task(s)) && !(s->stopping && !s->tasks))
        pthread_cond_wait(&s->work, &s->lock);
    if (j) {
        j->queued = false;
        task_begin(j);
        s->waiting--;
        s->running++;
        s->long_running += j->speech.longer;
    }
    pthread_mutex_unlock(&s->lock);
    return j;
}

void scheduler_done(struct scheduler *s, struct task *j)
{
    pthread_mutex_lock(&s->lock);
    if (!j->error.status)
        s->task_s += ((j->ended - j->began) - s->task_s) / (s->task_s > 0 ? 8 : 1);
    unlink_task(s, j);
    s->running--;
    s->long_running -= j->speech.longer;
    pthread_cond_broadcast(&s->work);
    pthread_cond_broadcast(&s->idle);
    pthread_mutex_unlock(&s->lock);
    task_drop(&j);
}

void scheduler_cancel(struct scheduler *s, struct task *j)
{
    echo_error err = { 0 };
    bool unlinked = false;

    pthread_mutex_lock(&s->lock);
    task_cancel(j);
    if (j->queued) {
        j->queued = false; /* no worker takes it */
        unlink_task(s, j);
        s->waiting--;
        unlinked = true;
        pthread_cond_broadcast(&s->idle);
        pthread_cond_broadcast(&s->work);
    }
    pthread_cond_broadcast(&s->turns);
    pthread_mutex_unlock(&s->lock);
    if (!unlinked)
        return;
    echo_fail(&err, ECHO_ERR_CANCELLED, "the request was cancelled");
    task_finish(j, &err);
    metrics_task(s->opts.metrics, j);
    task_drop(&j);
}

struct load scheduler_load(struct scheduler *s)
{
    struct load load;

    pthread_mutex_lock(&s->lock);
    load = (struct load){ s->waiting, s->running, s->waiting * s->task_s };
    pthread_mutex_unlock(&s->lock);
    return load;
}

int scheduler_position(struct scheduler *s, const struct task *j)
{
    int ahead = 0;

    pthread_mutex_lock(&s->lock);
    if (j->queued)
        for (const struct task *other = s->tasks; other; other = other->next)
            ahead += other->queued && other != j &&
                     fair_before(&other->place, &j->place, 0);
    pthread_mutex_unlock(&s->lock);
    return ahead;
}

/* ---- turns ---- */

static struct task *next_turn(struct scheduler *s)
{
    struct task *best = NULL;

    for (struct task *j = s->tasks; j; j = j->next)
        if (j->wants_turn && (!best || fair_before(&j->place, &best->place, 0)))
            best = j;
    return best;
}

static void charge(struct task *j)
{
    double now = clock_now();

    fair_charge(&j->place, now - j->charged);
    j->charged = now;
}

static bool wait_for_turn(struct scheduler *s, struct task *j)
{
    j->wants_turn = true;
    while ((s->holder || next_turn(s) != j) && !atomic_load(&j->cancelled))
        pthread_cond_wait(&s->turns, &s->lock);
    j->wants_turn = false;
    if (atomic_load(&j->cancelled)) {
        pthread_cond_broadcast(&s->turns); /* another one is first now */
        return false;
    }
    s->holder = j;
    j->turn_began = j->charged = clock_now();
    return true;
}

static void release_turn(struct scheduler *s, struct task *j)
{
    charge(j);
    s->holder = NULL;
    pthread_cond_broadcast(&s->turns);
}

bool scheduler_take_turn(struct scheduler *s, struct task *j)
{
    bool has;

    pthread_mutex_lock(&s->lock);
    has = s->holder == j || wait_for_turn(s, j);
    pthread_mutex_unlock(&s->lock);
    return has;
}

bool scheduler_offer_turn(struct scheduler *s, struct task *j)
{
    bool has = !atomic_load(&j->cancelled);
    const struct task *next;

    pthread_mutex_lock(&s->lock);
    if (has && s->holder != j)
        has = wait_for_turn(s, j);
    else if (has) {
        charge(j);
        next = next_turn(s);
        if (next && clock_now() - j->turn_began >= TURN_S &&
            fair_before(&next->place, &j->place, TURN_S)) {
            release_turn(s, j);
            has = wait_for_turn(s, j);
        }
    }
    pthread_mutex_unlock(&s->lock);
    return has;
}

void scheduler_leave_turn(struct scheduler *s, struct task *j)
{
    pthread_mutex_lock(&s->lock);
    if (s->holder == j)
        release_turn(s, j);
    pthread_mutex_unlock(&s->lock);
}

/* ---- beginning and end ---- */

echo_status scheduler_open(struct scheduler **out, const struct scheduler_opts *opts,
                           echo_error *err)
{
    struct scheduler *s = calloc(1, sizeof *s);
    echo_status status = ECHO_OK;

    *out = NULL;
    if (!s)
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory for the queue");
    s->opts = *opts;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->work, NULL);
    pthread_cond_init(&s->turns, NULL);
    pthread_cond_init(&s->idle, NULL);
    while (!status && s->n_workers < opts->sessions) {
        struct worker *w = NULL;

        status = worker_open(&w, s, &s->opts, err);
        if (status)
            break;
        pthread_mutex_lock(&s->lock); /* the workers before it read this */
        s->workers[s->n_workers++] = w;
        pthread_mutex_unlock(&s->lock);
    }
    if (status)
        scheduler_close(&s);
    *out = s;
    return status;
}

static struct timespec deadline_in(double seconds)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_sec += (time_t)seconds;
    t.tv_nsec += (long)(fmod(seconds, 1) * 1e9);
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

/* One that waits, or runs, and was not cancelled yet; with a reference. */
static struct task *any_task(struct scheduler *s)
{
    struct task *j;

    pthread_mutex_lock(&s->lock);
    for (j = s->tasks; j && atomic_load(&j->cancelled); j = j->next)
        ;
    if (j)
        task_hold(j);
    pthread_mutex_unlock(&s->lock);
    return j;
}

void scheduler_drain(struct scheduler *s, double seconds)
{
    struct timespec until = deadline_in(seconds);
    struct task *j;
    int late = 0;

    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_broadcast(&s->work);
    while (s->tasks && !late)
        late = pthread_cond_timedwait(&s->idle, &s->lock, &until);
    pthread_mutex_unlock(&s->lock);
    while ((j = any_task(s))) {
        scheduler_cancel(s, j);
        task_drop(&j);
    }
}

void scheduler_close(struct scheduler **scheduler)
{
    struct scheduler *s = *scheduler;

    *scheduler = NULL;
    if (!s)
        return;
    scheduler_drain(s, 0);
    for (int i = 0; i < s->n_workers; i++)
        worker_close(&s->workers[i]);
    pthread_cond_destroy(&s->idle);
    pthread_cond_destroy(&s->turns);
    pthread_cond_destroy(&s->work);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* SPDX-License-Identifier: MIT */
/*
 * pool.c - one job at a time, published in one atomic word.
 *
 * A worker that never gets a core does not hold a job up: it joins a job by
 * counting itself into the word while the job is open, and the caller, once no
 * task is left, closes the job and waits for those who joined, nobody else.
 */
#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define CLOSED  ((uint64_t)1 << 15)
#define JOINED  (CLOSED - 1) /* low bits: workers inside the job */
#define EPOCH   16           /* high bits: number of the job */
#define SPIN_US 30 /* longer than the gap between two ops, shorter than a time slice */

struct pool;

struct worker {
    pthread_t thread;
    struct pool *pool;
    int number;
};

struct pool {
    _Atomic uint64_t state;
    pool_fn *fn;
    void *arg;
    int tasks;
    _Atomic int next;

    _Atomic int sleepers;
    _Atomic bool quit;
    pthread_mutex_t turn; /* one caller at a time */
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    int threads, started;
    struct worker workers[];
};

static void pause_cpu(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void work(struct pool *p, int thread)
{
    for (int i; (i = atomic_fetch_add(&p->next, 1)) < p->tasks;)
        p->fn(p->arg, i, thread);
}

static bool is_new(uint64_t state, uint64_t seen)
{
    return state >> EPOCH != seen && !(state & CLOSED);
}

/* Wait for an open job that this worker has not seen, or for the end. */
static uint64_t await_job(struct pool *p, uint64_t seen)
{
    uint64_t s;

    for (int i = 0; i < SPIN_US * 20; i++) {
        s = atomic_load(&p->state);
        if (is_new(s, seen) || atomic_load(&p->quit))
            return s;
        pause_cpu();
    }
    pthread_mutex_lock(&p->mutex);
    atomic_fetch_add(&p->sleepers, 1);
    while (!is_new(s = atomic_load(&p->state), seen) && !atomic_load(&p->quit))
        pthread_cond_wait(&p->wake, &p->mutex);
    atomic_fetch_sub(&p->sleepers, 1);
    pthread_mutex_unlock(&p->mutex);
    return s;
}

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    struct pool *p = w->pool;
    uint64_t seen = 0;

    for (;;) {
        uint64_t s = await_job(p, seen);

        if (atomic_load(&p->quit))
            return NULL;
        while (is_new(s, seen) && !atomic_compare_exchange_weak(&p->state, &s, s + 1))
            ;
        if (!is_new(s, seen))
            continue; /* closed while we came */
        seen = s >> EPOCH;
        work(p, w->number);
        atomic_fetch_sub(&p->state, 1);
    }
}

void echo_pool_run(struct pool *p, pool_fn *fn, void *arg, int tasks)
{
    if (p->threads == 1 || tasks == 1) {
        /* thread 0 is whoever holds the turn, for its scratch is thread 0's */
        pthread_mutex_lock(&p->turn);
        for (int i = 0; i < tasks; i++)
            fn(arg, i, 0);
        pthread_mutex_unlock(&p->turn);
        return;
    }
    pthread_mutex_lock(&p->turn);
    uint64_t epoch = (atomic_load(&p->state) >> EPOCH) + 1;

    p->fn = fn;
    p->arg = arg;
    p->tasks = tasks;
    atomic_store(&p->next, 0);
    atomic_store(&p->state, epoch << EPOCH);
    if (atomic_load(&p->sleepers)) {
        pthread_mutex_lock(&p->mutex);
        pthread_cond_broadcast(&p->wake);
        pthread_mutex_unlock(&p->mutex);
    }
    work(p, 0);
    atomic_fetch_or(&p->state, CLOSED);
    for (int i = 0; atomic_load(&p->state) & JOINED; i++)
        if (i < SPIN_US * 20)
            pause_cpu();
        else
            sched_yield();
    pthread_mutex_unlock(&p->turn);
}

echo_status echo_pool_open(struct pool **out, int threads, echo_error *err)
{
    size_t bytes = sizeof(struct pool) + (size_t)(threads - 1) * sizeof(struct worker);
    struct pool *p = calloc(1, bytes);

    ECHO_ASSERT(threads >= 1 && threads <= POOL_MOST_THREADS);
    *out = NULL;
    if (!p)
        return echo_fail_memory(err, bytes, "threads");
    p->threads = threads;
    atomic_store(&p->state, CLOSED);
    pthread_mutex_init(&p->turn, NULL);
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->wake, NULL);
    for (; p->started < threads - 1; p->started++) {
        struct worker *w = &p->workers[p->started];

        *w = (struct worker){ .pool = p, .number = p->started + 1 };
        int why = pthread_create(&w->thread, NULL, worker_main, w);

        if (why) {
            echo_pool_close(&p);
            return echo_fail(err, ECHO_ERR_MEMORY, "thread cannot be started: %s",
                             strerror(why));
        }
    }
    *out = p;
    return ECHO_OK;
}

void echo_pool_close(struct pool **pool)
{
    struct pool *p = *pool;

    if (!p)
        return;
    pthread_mutex_lock(&p->mutex);
    atomic_store(&p->quit, true);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->mutex);
    for (int i = 0; i < p->started; i++)
        pthread_join(p->workers[i].thread, NULL);
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->mutex);
    pthread_mutex_destroy(&p->turn);
    free(p);
    *pool = NULL;
}

int echo_pool_threads(const struct pool *p)
{
    return p->threads;
}

/* SPDX-License-Identifier: MIT */
#include "errands.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

enum { MOST_THREADS = 16 };

struct errands {
    pthread_mutex_t lock;
    pthread_cond_t work, idle;
    int running;
    struct errand *first, **last;
    bool closing;
    pthread_t threads[MOST_THREADS];
    int n_threads;
};

static void *run(void *user)
{
    struct errands *e = user;
    struct errand *errand;

    pthread_mutex_lock(&e->lock);
    for (;;) {
        while (!e->first && !e->closing)
            pthread_cond_wait(&e->work, &e->lock);
        if (!(errand = e->first))
            break;
        if (!(e->first = errand->next))
            e->last = &e->first;
        e->running++;
        pthread_mutex_unlock(&e->lock);
        errand->run(errand->user);
        pthread_mutex_lock(&e->lock);
        e->running--;
        pthread_cond_broadcast(&e->idle);
    }
    pthread_mutex_unlock(&e->lock);
    return NULL;
}

struct errands *errands_open(int threads)
{
    struct errands *e = calloc(1, sizeof *e);

    if (!e)
        return NULL;
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->work, NULL);
    pthread_cond_init(&e->idle, NULL);
    e->last = &e->first;
    while (e->n_threads < threads && e->n_threads < MOST_THREADS &&
           !pthread_create(&e->threads[e->n_threads], NULL, run, e))
        e->n_threads++;
    if (!e->n_threads)
        errands_close(&e);
    return e;
}

void errands_wait(struct errands *e)
{
    pthread_mutex_lock(&e->lock);
    while (e->first || e->running)
        pthread_cond_wait(&e->idle, &e->lock);
    pthread_mutex_unlock(&e->lock);
}

void errands_close(struct errands **errands)
{
    struct errands *e = *errands;

    *errands = NULL;
    if (!e)
        return;
    pthread_mutex_lock(&e->lock);
    e->closing = true;
    pthread_cond_broadcast(&e->work);
    pthread_mutex_unlock(&e->lock);
    for (int i = 0; i < e->n_threads; i++)
        pthread_join(e->threads[i], NULL);
    pthread_cond_destroy(&e->idle);
    pthread_cond_destroy(&e->work);
    pthread_mutex_destroy(&e->lock);
    free(e);
}

void errands_add(struct errands *e, struct errand *errand)
{
    pthread_mutex_lock(&e->lock);
    errand->next = NULL;
    *e->last = errand;
    e->last = &errand->next;
    pthread_cond_signal(&e->work);
    pthread_mutex_unlock(&e->lock);
}

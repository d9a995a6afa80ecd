/* SPDX-License-Identifier: MIT */
#include "watch.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"

enum { BYTES_PER_S = 65536, TICK_MS = 500, LEFT_S = 2 };

struct watched {
    struct watched *next;
    uint64_t id; /* sockets' numbers come again, this one does not */
    int fd;
    bool asked, shut;
    double since; /* when its request could begin */
    double left;  /* when its client said that no more comes; 0: not yet */
    uint64_t received;
    void (*gone)(void *user);
    void *user;
};

struct watch {
    pthread_mutex_t lock;
    struct watched *list;
    uint64_t ids;
    double timeout_s;
    int epoll;
    atomic_bool closing;
    pthread_t thread;
};

static struct watched *find(struct watch *w, uint64_t id)
{
    struct watched *c = w->list;

    while (c && c->id != id)
        c = c->next;
    return c;
}

/* libmicrohttpd may miss an end that comes together with the last bytes, so a client that is
 * done is let go here, once what it has sent can have been read. */
static bool is_late(const struct watch *w, const struct watched *c, double now)
{
    double allowed = w->timeout_s + (double)c->received / BYTES_PER_S;

    return now - c->since > allowed ||
           (c->left > 0 && now - c->left > LEFT_S && now - c->since > LEFT_S);
}

static void shut_late_ones(struct watch *w)
{
    double now = clock_now();

    for (struct watched *c = w->list; c; c = c->next)
        if (!c->asked && !c->shut && is_late(w, c, now)) {
            shutdown(c->fd, SHUT_RDWR);
            c->shut = true;
        }
}

static void client_left(struct watched *c)
{
    if (c->gone)
        c->gone(c->user);
    c->gone = NULL;
    if (!c->left)
        c->left = clock_now();
}

static void *look(void *user)
{
    struct watch *w = user;
    struct epoll_event event;
    double looked = 0;

    while (!atomic_load(&w->closing)) {
        int n = epoll_wait(w->epoll, &event, 1, TICK_MS);
        struct watched *c;

        pthread_mutex_lock(&w->lock);
        if (n == 1 && (c = find(w, event.data.u64)))
            client_left(c);
        if (clock_now() - looked > 1) {
            shut_late_ones(w);
            looked = clock_now();
        }
        pthread_mutex_unlock(&w->lock);
    }
    return NULL;
}

echo_status watch_open(struct watch **out, double timeout_s, echo_error *err)
{
    struct watch *w = calloc(1, sizeof *w);

    *out = NULL;
    if (!w)
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory for connections");
    pthread_mutex_init(&w->lock, NULL);
    atomic_init(&w->closing, false);
    w->timeout_s = timeout_s;
    w->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (w->epoll < 0 || pthread_create(&w->thread, NULL, look, w)) {
        if (w->epoll >= 0)
            close(w->epoll);
        free(w);
        return echo_fail(err, ECHO_ERR_MEMORY, "connections cannot be watched");
    }
    *out = w;
    return ECHO_OK;
}

void watch_close(struct watch **watch)
{
    struct watch *w = *watch;

    *watch = NULL;
    if (!w)
        return;
    atomic_store(&w->closing, true);
    pthread_join(w->thread, NULL);
    while (w->list)
        watch_remove(w, w->list);
    close(w->epoll);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

/* One event, then silence: a client goes once. */
static void arm(struct watch *w, struct watched *c)
{
    struct epoll_event event = { .events = EPOLLRDHUP | EPOLLONESHOT, .data.u64 = c->id };

    if (epoll_ctl(w->epoll, EPOLL_CTL_MOD, c->fd, &event) && errno == ENOENT)
        epoll_ctl(w->epoll, EPOLL_CTL_ADD, c->fd, &event);
}

struct watched *watch_add(struct watch *w, int fd)
{
    struct watched *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->fd = fd;
    c->since = clock_now();
    pthread_mutex_lock(&w->lock);
    c->id = ++w->ids;
    c->next = w->list;
    w->list = c;
    arm(w, c);
    pthread_mutex_unlock(&w->lock);
    return c;
}

void watch_remove(struct watch *w, struct watched *c)
{
    struct watched **at = &w->list;

    pthread_mutex_lock(&w->lock);
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    epoll_ctl(w->epoll, EPOLL_CTL_DEL, c->fd, NULL);
    pthread_mutex_unlock(&w->lock);
    free(c);
}

void watch_received(struct watch *w, struct watched *c, uint64_t bytes)
{
    pthread_mutex_lock(&w->lock);
    c->received = bytes;
    pthread_mutex_unlock(&w->lock);
}

void watch_asked(struct watch *w, struct watched *c, void (*gone)(void *user), void *user)
{
    pthread_mutex_lock(&w->lock);
    c->asked = true;
    c->gone = gone;
    c->user = user;
    arm(w, c);
    pthread_mutex_unlock(&w->lock);
}

void watch_answered(struct watch *w, struct watched *c)
{
    pthread_mutex_lock(&w->lock);
    c->asked = false;
    c->gone = NULL;
    c->received = 0;
    c->since = clock_now();
    pthread_mutex_unlock(&w->lock);
}

bool watch_busy(struct watch *w)
{
    bool busy = false;

    pthread_mutex_lock(&w->lock);
    for (const struct watched *c = w->list; c; c = c->next)
        busy |= c->asked;
    pthread_mutex_unlock(&w->lock);
    return busy;
}

void watch_shut(struct watch *w)
{
    pthread_mutex_lock(&w->lock);
    for (struct watched *c = w->list; c; c = c->next) {
        shutdown(c->fd, SHUT_RDWR);
        c->shut = true;
    }
    pthread_mutex_unlock(&w->lock);
}

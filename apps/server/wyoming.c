/* SPDX-License-Identifier: MIT */
#include "wyoming.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "listen.h"
#include "wyoming_event.h"
#include "wyoming_talk.h"

enum { CONNECTIONS = 64 };

struct connection {
    struct wyoming *owner;
    pthread_t thread;
    int fd;
    char client[64];
    bool used;
    atomic_bool ended;
};

struct wyoming {
    struct server *server;
    int fd, quiet; /* quiet: can be read once no more are taken */
    pthread_t thread;
    struct connection connections[CONNECTIONS]; /* of the thread's alone */
};

static void *serve(void *user)
{
    struct connection *c = user;
    struct server *s = c->owner->server;

    atomic_fetch_add(&s->connections, 1);
    wyoming_talk(s, c->fd, c->client);
    shutdown(c->fd, SHUT_RDWR); /* it is closed by who opened it */
    atomic_fetch_sub(&s->connections, 1);
    atomic_store(&c->ended, true);
    return NULL;
}

static void finish(struct connection *c)
{
    pthread_join(c->thread, NULL);
    close(c->fd);
    c->used = false;
}

/* NULL: all are used. */
static struct connection *free_one(struct wyoming *w)
{
    struct connection *found = NULL;

    for (int i = 0; i < CONNECTIONS; i++) {
        struct connection *c = &w->connections[i];

        if (c->used && atomic_load(&c->ended))
            finish(c);
        if (!c->used)
            found = c;
    }
    return found;
}

/* A client that reads nothing for so long is gone. */
static void limit_waiting(int fd, int seconds)
{
    struct timeval limit = { .tv_sec = seconds };

    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

static void turn_away(int fd)
{
    struct bytes out = { 0 };

    if (wyoming_put(&out, "error",
                    json_pack("{s:s,s:s}", "text", "too many connections: try again later",
                              "code", "queue_full"),
                    NULL, 0) &&
        send(fd, out.at, out.n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        shutdown(fd, SHUT_RDWR);
    bytes_free(&out);
}

static void take(struct wyoming *w)
{
    struct sockaddr_storage from;
    socklen_t length = sizeof from;
    int fd = accept4(w->fd, (struct sockaddr *)&from, &length, SOCK_CLOEXEC);
    struct connection *c = fd >= 0 ? free_one(w) : NULL;

    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE)
            usleep(100000); /* the client waits in the queue meanwhile */
        return;
    }
    if (c) {
        limit_waiting(fd, w->server->opts->timeout);
        listen_client((struct sockaddr *)&from, c->client, sizeof c->client);
        c->owner = w;
        c->fd = fd;
        atomic_init(&c->ended, false);
        c->used = !pthread_create(&c->thread, NULL, serve, c);
    }
    if (c && c->used)
        return;
    turn_away(fd);
    close(fd);
}

static void *accept_all(void *user)
{
    struct wyoming *w = user;
    struct pollfd fds[] = { { .fd = w->fd, .events = POLLIN },
                            { .fd = w->quiet, .events = POLLIN } };

    while (!fds[1].revents)
        if (poll(fds, 2, -1) > 0 && fds[0].revents)
            take(w);
    return NULL;
}

echo_status wyoming_open(struct wyoming **out, struct server *s, int fd, echo_error *err)
{
    struct wyoming *w = calloc(1, sizeof *w);

    *out = NULL;
    if (w) {
        w->server = s;
        w->fd = fd;
        w->quiet = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (w->quiet >= 0 && !pthread_create(&w->thread, NULL, accept_all, w)) {
            *out = w;
            return ECHO_OK;
        }
        if (w->quiet >= 0)
            close(w->quiet);
        free(w);
    }
    close(fd);
    return echo_fail(err, ECHO_ERR_MEMORY, "out of memory for the Wyoming protocol");
}

void wyoming_quiet(struct wyoming *w)
{
    if (!w || w->fd < 0)
        return;
    eventfd_write(w->quiet, 1);
    pthread_join(w->thread, NULL);
    close(w->fd);
    w->fd = -1;
}

void wyoming_close(struct wyoming **wyoming)
{
    struct wyoming *w = *wyoming;

    *wyoming = NULL;
    if (!w)
        return;
    wyoming_quiet(w);
    watch_shut(w->server->watch);
    for (int i = 0; i < CONNECTIONS; i++)
        if (w->connections[i].used)
            finish(&w->connections[i]);
    close(w->quiet);
    free(w);
}

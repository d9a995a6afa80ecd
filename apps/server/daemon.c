/* SPDX-License-Identifier: MIT */
#include "daemon.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/report.h"
#include "listen.h"
#include "routes.h"

enum {
    CONNECTIONS = 1000,
    HEADER_MEMORY = 64 * 1024, /* of a connection: longer headers are refused */
    CLOSED_S = 2,              /* that connections have to end once they are shut */
    DRAINED = 4096,            /* MiB of a body that are read, though it is refused */
};

struct daemon {
    struct server *server;
    struct MHD_Daemon *mhd;
};

/* ---- one that waits, and is woken ---- */

/* False: it was woken meanwhile, and goes on. */
static bool sleep_until_woken(struct request *r)
{
    bool sleeps;

    pthread_mutex_lock(&r->lock);
    sleeps = !r->woken;
    r->woken = false;
    if (sleeps) {
        r->suspended = true;
        MHD_suspend_connection(r->connection);
    }
    pthread_mutex_unlock(&r->lock);
    return sleeps;
}

static void wake(void *user)
{
    struct request *r = user;

    pthread_mutex_lock(&r->lock);
    if (r->suspended)
        MHD_resume_connection(r->connection);
    r->woken = !r->suspended;
    r->suspended = false;
    pthread_mutex_unlock(&r->lock);
}

static void drop(struct request *r)
{
    if (atomic_fetch_sub(&r->references, 1) > 1)
        return;
    atomic_fetch_sub(&r->server->held, r->held);
    for (int i = 0; i < r->n_parts; i++)
        bytes_free(&r->parts[i].bytes);
    free(r->body);
    free(r->reply.bytes);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

/* Its task, with a reference; NULL: it has none. */
static struct task *task_of(struct request *r)
{
    struct task *j;

    pthread_mutex_lock(&r->lock);
    j = r->task ? task_hold(r->task) : NULL;
    pthread_mutex_unlock(&r->lock);
    return j;
}

static void cancel_task(struct request *r)
{
    struct task *j = task_of(r);

    if (j)
        scheduler_cancel(r->server->scheduler, j);
    task_drop(&j);
}

/* The client left before its answer had gone.  While an errand reads the connection it stays
 * asleep: once woken, it is closed and freed.  The errand's end wakes it. */
static void gone(void *user)
{
    struct request *r = user;

    atomic_store(&r->gone, true);
    cancel_task(r);
    if (atomic_load(&r->handled))
        wake(r);
}

/* ---- sound on its way ---- */

static ssize_t read_sound(void *user, uint64_t at, char *bytes, size_t most)
{
    struct request *r = user;
    struct task *j = r->task;

    for (;;) {
        uint64_t ready;
        bool done, failed;
        ssize_t n = 0;

        pthread_mutex_lock(&j->lock);
        ready = j->ready;
        done = j->state == TASK_DONE;
        failed = done && j->error.status && !j->speech.sse;
        if (ready > at) {
            n = spool_read(&j->spool, at, bytes, ready - at < most ? ready - at : most);
            failed = n < 0;
        }
        pthread_mutex_unlock(&j->lock);
        if (n > 0)
            return n;
        if (failed)
            return MHD_CONTENT_READER_END_WITH_ERROR;
        if (done)
            return MHD_CONTENT_READER_END_OF_STREAM;
        if (sleep_until_woken(r))
            return 0;
    }
}

static struct MHD_Response *respond_with_file(const struct spool *spool)
{
    int fd = spool->size ? dup(spool->fd) : -1;

    if (fd < 0)
        return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    return MHD_create_response_from_fd64(spool->size, fd);
}

/* NULL: there is nothing to send yet, or an error is to be sent instead. */
static struct MHD_Response *respond_with_sound(struct request *r)
{
    struct task *j = r->task;
    struct MHD_Response *response = NULL;
    echo_error err = { 0 };

    pthread_mutex_lock(&j->lock);
    if (j->state == TASK_DONE && !j->error.status)
        response = respond_with_file(&j->spool);
    else if (j->ready)
        response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 64 * 1024, read_sound, r,
                                                     NULL);
    else if (j->state == TASK_DONE)
        err = j->error;
    if (response)
        reply_facts(r);
    pthread_mutex_unlock(&j->lock);
    if (err.status)
        reply_error(r, &err);
    return response;
}

/* ---- answers ---- */

static struct MHD_Response *respond(struct request *r)
{
    struct reply *a = &r->reply;
    char *bytes = a->bytes;

    if (!a->status && r->task) {
        struct MHD_Response *sound = respond_with_sound(r);

        if (sound || !a->status)
            return sound;
        bytes = a->bytes;
    }
    a->bytes = NULL;
    return bytes ? MHD_create_response_from_buffer(a->n, bytes, MHD_RESPMEM_MUST_FREE)
                 : MHD_create_response_from_buffer(a->n, (void *)(uintptr_t)a->lasting,
                                                   MHD_RESPMEM_PERSISTENT);
}

static void add_headers(const struct request *r, struct MHD_Response *response)
{
    const struct access *access = &r->server->access;
    const char *origin = request_header(r, "Origin");

    if (r->reply.type)
        MHD_add_response_header(response, "Content-Type", r->reply.type);
    MHD_add_response_header(response, "X-Request-Id", r->id);
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    for (int i = 0; i < r->reply.n_headers; i++)
        MHD_add_response_header(response, r->reply.headers[i].name, r->reply.headers[i].value);
    if (access->origins)
        MHD_add_response_header(response, "Vary", "Origin");
    if (origin && access_allows_origin(access, origin)) {
        MHD_add_response_header(response, "Access-Control-Allow-Origin", origin);
        MHD_add_response_header(response, "Access-Control-Expose-Headers",
                                "X-Request-Id, X-Audio-Sample-Rate, X-Echotts-Seed, "
                                "X-Echotts-Warnings, X-Echotts-Silence, X-Echotts-Ignored, "
                                "Retry-After");
    }
    if (atomic_load(&r->server->stopping))
        MHD_add_response_header(response, "Connection", "close");
}

/* Send what there is; wait, if there is nothing yet. */
static enum MHD_Result answer(struct request *r)
{
    struct MHD_Response *response;
    enum MHD_Result result;

    do {
        response = atomic_load(&r->handled) ? respond(r) : NULL;
        if (!response && sleep_until_woken(r))
            return MHD_YES;
    } while (!response);
    add_headers(r, response);
    result = MHD_queue_response(r->connection, r->reply.status, response);
    MHD_destroy_response(response);
    return result;
}

/* ---- requests ---- */

static void tell_client(char *out, size_t size, struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *a = info ? info->client_addr : NULL;

    listen_client(a, out, size);
}

/* Log and client know it by the client's own name, if that is a plain word. */
static void name_request(struct request *r)
{
    const char *own = request_header(r, "X-Request-Id");
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789-_";

    if (own && *own && strlen(own) < sizeof r->id && strspn(own, plain) == strlen(own)) {
        snprintf(r->id, sizeof r->id, "%s", own);
        return;
    }
    log_draw_id(r->id, sizeof r->id);
}

static struct request *begin(struct server *s, struct MHD_Connection *c, const char *url,
                             const char *method)
{
    struct request *r = calloc(1, sizeof *r);

    if (!r)
        return NULL;
    atomic_init(&r->references, 1);
    atomic_init(&r->handled, false);
    atomic_init(&r->gone, false);
    pthread_mutex_init(&r->lock, NULL);
    r->server = s;
    r->connection = c;
    r->watched = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    r->began = clock_now();
    snprintf(r->method, sizeof r->method, "%s", method);
    report_plain(r->path, sizeof r->path, url);
    tell_client(r->client, sizeof r->client, c);
    name_request(r);
    return r;
}

/* Everything that can be refused before a byte of the body is read. */
static void look_at(struct request *r, const char *url)
{
    struct server *s = r->server;
    const char *length = request_header(r, "Content-Length");
    char allowed[64];

    r->route = routes_find(r->method, url, r->name, sizeof r->name, allowed, sizeof allowed);
    if (atomic_load(&s->stopping) && !(r->route && r->route->quick))
        reply_refusal(r, 503, "stopping", NULL, "the server is stopping: try again in a while");
    else if (!access_is_meant(&s->access, request_header(r, "Origin"),
                              request_header(r, "Host")) &&
             !(r->route && r->route->quick && r->route->open && !request_header(r, "Origin")))
        reply_refusal(r, 403, "forbidden_origin", NULL,
                      "this page or host name is not known here: start the server with "
                      "--cors ORIGIN to allow it");
    else if (!strcmp(r->method, "OPTIONS") && (r->route || *allowed))
        reply_options(r, allowed);
    else if (!r->route && *allowed)
        reply_not_allowed(r, allowed);
    else if (!r->route)
        reply_refusal(r, 404, "unknown_route", NULL,
                      "nothing is at %s: GET /openapi.json lists what there is", r->path);
    else if (!r->route->open && !access_has_key(&s->access,
                                                request_header(r, "Authorization")))
        reply_no_key(r);
    else if (length && strtoull(length, NULL, 10) > (uint64_t)s->opts->max_upload << 20)
        reply_refusal(r, 413, "too_large", NULL, "the request has %.20s bytes: at most %d MiB "
                                                 "are taken (--max-upload)", length,
                      s->opts->max_upload);
    r->refused = r->reply.status != 0;
}

static void refuse(struct request *r)
{
    free(r->body);
    r->body = NULL;
    r->n_body = 0;
    r->refused = true;
}

static bool grow(struct request *r, size_t need)
{
    struct server *s = r->server;
    size_t room = r->room ? r->room * 2 : 4096;
    char *body;

    if (need > (size_t)s->opts->max_upload << 20) {
        reply_refusal(r, 413, "too_large", NULL, "the request is larger than %d MiB "
                                                 "(--max-upload)", s->opts->max_upload);
        return false;
    }
    while (room < need)
        room *= 2;
    if (atomic_load(&s->held) + room - r->held > SERVER_HELD(s) ||
        !(body = realloc(r->body, room))) {
        reply_refusal(r, 429, "busy", NULL, "too many large requests are here: try again");
        reply_header(r, "Retry-After", "5");
        return false;
    }
    atomic_fetch_add(&s->held, room - r->held);
    r->held = r->room = room;
    r->body = body;
    return true;
}

/* Part of the body.  What was refused is read to its end, since a client that still sends does
 * not see an answer. */
static enum MHD_Result take(struct request *r, const char *bytes, size_t n)
{
    r->received += n;
    watch_received(r->server->watch, r->watched, r->received);
    if (r->refused)
        return r->received >> 20 < DRAINED ? MHD_YES : MHD_NO;
    if (r->n_body + n + 1 > r->room && !grow(r, r->n_body + n + 1)) {
        refuse(r);
        return MHD_YES;
    }
    memcpy(r->body + r->n_body, bytes, n);
    r->n_body += n;
    r->body[r->n_body] = 0;
    return MHD_YES;
}

static void handle(void *user)
{
    struct request *r = user;
    struct task *j;

    if (r->route->body != BODY_FORM || request_read_form(r))
        r->route->answer(r);
    if ((j = task_of(r))) {
        task_listen(j, wake, r); /* from here on the connection may end at any time */
        if (atomic_load(&r->gone))
            scheduler_cancel(r->server->scheduler, j);
    }
    task_drop(&j);
    atomic_store(&r->handled, true);
    wake(r);
    drop(r);
}

static enum MHD_Result finish(struct request *r)
{
    r->whole = true;
    watch_asked(r->server->watch, r->watched, gone, r);
    atomic_fetch_add(&r->references, 1); /* for handle() */
    if (r->refused) {
        atomic_store(&r->handled, true);
        drop(r);
    } else if (r->route->quick) {
        handle(r);
    } else {
        r->errand = (struct errand){ .run = handle, .user = r };
        errands_add(r->server->errands, &r->errand);
    }
    return answer(r);
}

/* Of a request whose path has a zero byte in it, which would end it. */
static char cut_short;

static void *on_address(void *user, const char *address, struct MHD_Connection *c)
{
    (void)user;
    (void)c;
    return strstr(address, "%00") ? &cut_short : NULL;
}

static enum MHD_Result on_request(void *user, struct MHD_Connection *c, const char *url,
                                  const char *method, const char *version, const char *bytes,
                                  size_t *n, void **context)
{
    struct daemon *d = user;
    struct request *r = *context;
    enum MHD_Result result = MHD_YES;

    (void)version;
    if (!r || *context == &cut_short) {
        bool whole = !r;

        if (!(*context = r = begin(d->server, c, url, method)))
            return MHD_NO;
        look_at(r, whole ? url : "");
        if (!r->refused || !request_header(r, "Expect"))
            return MHD_YES;
        return finish(r); /* the client waits for a word before it sends the body */
    }
    if (*n) {
        result = take(r, bytes, *n);
        *n = 0;
        return result;
    }
    return r->whole ? answer(r) : finish(r);
}

/* ---- beginnings and ends ---- */

static void log_request(const struct request *r, unsigned status)
{
    json_t *o = json_object();

    report_string(o, "id", r->id);
    report_string(o, "client", r->client);
    report_string(o, "method", r->method);
    report_string(o, "path", r->path);
    report_integer(o, "status", status);
    report_integer(o, "ms", (json_int_t)((clock_now() - r->began) * 1000));
    if (r->task)
        task_report(r->task, o);
    log_event(&r->server->log, "request", o);
}

/* Who left in the middle may have shut one direction alone: the words that a cancelled task is
 * answered with still go out, but are no failure of ours. */
static unsigned status_told(struct request *r, enum MHD_RequestTerminationCode how)
{
    bool left = how != MHD_REQUEST_TERMINATED_COMPLETED_OK;

    if (r->task && atomic_load(&r->gone)) {
        pthread_mutex_lock(&r->task->lock);
        left |= r->task->error.status == ECHO_ERR_CANCELLED;
        pthread_mutex_unlock(&r->task->lock);
    }
    return left ? CLIENT_GONE : r->reply.status;
}

static void on_completed(void *user, struct MHD_Connection *c, void **context,
                         enum MHD_RequestTerminationCode how)
{
    struct request *r = *context;
    struct server *s = ((struct daemon *)user)->server;
    unsigned status;

    (void)c;
    if (!r || *context == &cut_short)
        return;
    *context = NULL;
    status = status_told(r, how);
    watch_answered(s->watch, r->watched);
    if (r->task) {
        task_listen(r->task, NULL, NULL);
        scheduler_cancel(s->scheduler, r->task);
    }
    log_request(r, status);
    metrics_request(s->metrics, r->route ? r->route->path : "none", status);
    task_drop(&r->task);
    drop(r);
}

static void on_connection(void *user, struct MHD_Connection *c, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct server *s = ((struct daemon *)user)->server;

    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        int fd = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;

        *context = watch_add(s->watch, fd);
        atomic_fetch_add(&s->connections, 1);
    } else {
        watch_remove(s->watch, *context);
        atomic_fetch_sub(&s->connections, 1);
    }
}

static void on_log(void *user, const char *fmt, va_list ap)
{
    struct daemon *d = user;
    char line[512];
    json_t *o = json_object();

    vsnprintf(line, sizeof line, fmt, ap);
    line[strcspn(line, "\n")] = 0;
    report_string(o, "message", line);
    log_event(&d->server->log, "http", o);
}

echo_status daemon_open(struct daemon **out, struct server *s, int fd, echo_error *err)
{
    struct daemon *d = calloc(1, sizeof *d);
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC |
                     MHD_USE_ERROR_LOG;

    *out = d;
    if (!d)
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory for the server");
    d->server = s;
    d->mhd = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, d, MHD_OPTION_EXTERNAL_LOGGER, on_log, d,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_MEMORY,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)s->opts->timeout,
        MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_URI_LOG_CALLBACK, on_address, d,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, d,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, d, MHD_OPTION_END);
    if (d->mhd)
        return ECHO_OK;
    free(d);
    *out = NULL;
    return echo_fail(err, ECHO_ERR_MEMORY, "the HTTP server cannot be started");
}

void daemon_quiet(struct daemon *d)
{
    MHD_socket fd = MHD_quiesce_daemon(d->mhd);

    if (fd >= 0)
        close(fd);
}

static unsigned connections(struct daemon *d)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(d->mhd, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

    return info ? info->num_connections : 0;
}

void daemon_close(struct daemon **daemon, double seconds)
{
    struct daemon *d = *daemon;
    double until = clock_now() + seconds;

    *daemon = NULL;
    if (!d)
        return;
    while (watch_busy(d->server->watch) && clock_now() < until)
        usleep(20000);
    watch_shut(d->server->watch);
    errands_wait(d->server->errands); /* connections sleep until then, and cannot be closed */
    until = clock_now() + CLOSED_S;
    while (connections(d) && clock_now() < until)
        usleep(20000);
    MHD_stop_daemon(d->mhd);
    free(d);
}

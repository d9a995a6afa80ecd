/* SPDX-License-Identifier: MIT */
#include "server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "common/report.h"
#include "announce.h"
#include "daemon.h"
#include "listen.h"
#include "wyoming.h"

enum { ERRANDS = 4, SESSIONS = 4, ANSWERS_S = 5 };

/* "echo-tts-base" of ".../models--jordand--echo-tts-base/snapshots/0123", "small" of
 * "models/small/", "base-int8" of "base-int8.echo" */
static void name_model(char *out, size_t size, const char *path)
{
    const char *hub = strstr(path, "models--"), *name, *dot;
    size_t n = strlen(path);
    char plain[256];

    while (n > 1 && path[n - 1] == '/')
        n--;
    if (hub) {
        path = hub + 8;
        n = strcspn(path, "/");
    }
    name = path + n;
    while (name > path && name[-1] != '/' && !(hub && name[-1] == '-' && name - path > 1 &&
                                               name[-2] == '-'))
        name--;
    n -= (size_t)(name - path);
    dot = memchr(name, '.', n);
    if (dot && n - (size_t)(dot - name) == 5 && !memcmp(dot, ".echo", 5))
        n -= 5;
    snprintf(plain, sizeof plain, "%.*s", (int)n, name);
    report_plain(out, size, plain);
}

/* Every connection needs a file, and every speech another one. */
static void raise_limits(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur >= 4096)
        return;
    files.rlim_cur = files.rlim_max < 4096 ? files.rlim_max : 4096;
    setrlimit(RLIMIT_NOFILE, &files);
}

static echo_status open_parts(struct server *s, echo_error *err)
{
    struct scheduler_opts scheduling;
    echo_status status;

    if (!(s->metrics = metrics_new()) || !(s->errands = errands_open(ERRANDS)))
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory for the server");
    status = voice_shelf_open(&s->voices, s->model, s->library, s->opts->voice, err);
    scheduling = (struct scheduler_opts){ .model = s->model, .voices = s->voices,
                                          .metrics = s->metrics,
                                          .sessions = s->opts->sessions ? s->opts->sessions
                                                                        : SESSIONS,
                                          .most_waiting = s->opts->max_queue };
    s->fields = (struct fields){ .defaults = &s->opts->defaults,
                                 .keep_seed = s->opts->keep_seed,
                                 .max_text = (size_t)s->opts->max_text,
                                 .max_clip = (size_t)s->opts->max_upload << 20,
                                 .voices = s->voices };
    if (!status)
        status = scheduler_open(&s->scheduler, &scheduling, err);
    if (!status)
        status = watch_open(&s->watch, s->opts->timeout, err);
    return status;
}

static void close_parts(struct server *s)
{
    watch_close(&s->watch);
    errands_close(&s->errands);
    scheduler_close(&s->scheduler);
    voice_shelf_close(&s->voices);
    metrics_free(&s->metrics);
}

static void tell_listening(struct server *s, int fd, const char *scheme)
{
    char url[160];
    json_t *o = json_object();

    listen_url(fd, scheme, url, sizeof url);
    if (s->log.json) {
        report_string(o, "url", url);
        log_event(&s->log, "listening", o);
        return;
    }
    json_decref(o);
    fprintf(stderr, "echotts: listening on %s\n", url);
}

static void wait_for_end(const struct server_opts *opts)
{
    struct timespec moment = { .tv_nsec = 100000000 };

    while (!opts->stopped())
        nanosleep(&moment, NULL); /* a signal ends it early */
}

static void warn(struct server *s, const char *line)
{
    json_t *o = json_object();

    report_string(o, "message", line);
    log_event(&s->log, "warning", o);
}

/* The ways in, and what tells of them. */
struct doors {
    int http, wyoming; /* listening sockets; wyoming below 0: there is none */
    struct daemon *daemon;
    struct wyoming *homes;
    struct announcement *announcement;
};

static echo_status open_sockets(struct doors *d, const struct server_opts *opts,
                                echo_error *err)
{
    echo_status status = ECHO_OK;

    d->http = listen_activated("http");
    d->wyoming = listen_activated("wyoming");
    if (d->http < 0)
        status = listen_at(&d->http, opts->host, opts->port, err);
    if (!status && d->wyoming < 0 && opts->wyoming >= 0)
        status = listen_at(&d->wyoming, opts->host, opts->wyoming, err);
    return status;
}

static echo_status open_wyoming(struct doors *d, struct server *s, echo_error *err)
{
    int fd = d->wyoming;
    echo_status status;

    if (fd < 0)
        return ECHO_OK;
    status = wyoming_open(&d->homes, s, fd, err);
    if (!status && s->opts->announce)
        status = announce_open(&d->announcement, &s->log, "_wyoming._tcp", listen_port(fd),
                               err);
    if (status)
        return status;
    tell_listening(s, fd, "tcp");
    if (s->opts->key)
        warn(s, "the Wyoming protocol knows no keys: whoever reaches its port may use it");
    return ECHO_OK;
}

static void close_doors(struct doors *d)
{
    announce_close(&d->announcement);
    daemon_close(&d->daemon, ANSWERS_S);
    wyoming_close(&d->homes);
}

static echo_status serve(struct server *s, struct doors *d, echo_error *err)
{
    echo_status status = open_wyoming(d, s, err);

    if (!status)
        status = daemon_open(&d->daemon, s, d->http, err);
    if (status)
        return status;
    tell_listening(s, d->http, "http");
    listen_notify("READY=1");
    wait_for_end(s->opts);
    atomic_store(&s->stopping, true);
    listen_notify("STOPPING=1");
    log_event(&s->log, "stopping", json_object());
    daemon_quiet(d->daemon);
    wyoming_quiet(d->homes);
    scheduler_drain(s->scheduler, s->opts->grace);
    return ECHO_OK;
}

echo_status server_run(const struct server_opts *opts, const echo_model *m, echo_library *lib,
                       echo_error *err)
{
    struct server s = { .opts = opts, .model = m, .library = lib,
                        .info = echo_model_describe(m), .started = time(NULL) };
    struct doors d = { .http = -1, .wyoming = -1 };
    echo_status status;

    raise_limits();
    name_model(s.model_id, sizeof s.model_id, s.info.path);
    s.log.json = !strcmp(opts->log, "json");
    status = open_sockets(&d, opts, err);
    if (!status)
        status = open_parts(&s, err);
    s.access = (struct access){ opts->key, opts->cors,
                                d.http >= 0 && listen_is_loopback(d.http) };
    if (!status)
        status = serve(&s, &d, err);
    close_doors(&d);
    close_parts(&s);
    return status;
}

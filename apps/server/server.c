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
#include "daemon.h"
#include "listen.h"

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

static void tell_listening(struct server *s, int fd)
{
    char url[160];
    json_t *o = json_object();

    listen_url(fd, "http", url, sizeof url);
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

static echo_status serve(struct server *s, int fd, echo_error *err)
{
    struct daemon *d = NULL;
    echo_status status = daemon_open(&d, s, fd, err);

    if (status)
        return status;
    tell_listening(s, fd);
    listen_notify("READY=1");
    wait_for_end(s->opts);
    atomic_store(&s->stopping, true);
    listen_notify("STOPPING=1");
    log_event(&s->log, "stopping", json_object());
    daemon_quiet(d);
    scheduler_drain(s->scheduler, s->opts->grace);
    daemon_close(&d, ANSWERS_S);
    return ECHO_OK;
}

echo_status server_run(const struct server_opts *opts, const echo_model *m, echo_library *lib,
                       echo_error *err)
{
    struct server s = { .opts = opts, .model = m, .library = lib,
                        .info = echo_model_describe(m), .started = time(NULL) };
    int fd = listen_activated("http");
    echo_status status;

    raise_limits();
    name_model(s.model_id, sizeof s.model_id, s.info.path);
    s.log.json = !strcmp(opts->log, "json");
    status = fd >= 0 ? ECHO_OK : listen_at(&fd, opts->host, opts->port, err);
    if (!status)
        status = open_parts(&s, err);
    s.access = (struct access){ opts->key, opts->cors, fd >= 0 && listen_is_loopback(fd) };
    if (!status)
        status = serve(&s, fd, err);
    close_parts(&s);
    return status;
}

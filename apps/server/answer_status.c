/* SPDX-License-Identifier: MIT */
/* answer_status.c - is the server well, and what has it done. */
#include <stdio.h>
#include <stdlib.h>

#include "common/report.h"
#include "routes.h"

static json_t *describe(struct server *s, const char *status)
{
    struct load load = scheduler_load(s->scheduler);
    json_t *o = json_object();

    report_string(o, "status", status);
    report_string(o, "model", s->model_id);
    report_string(o, "device", s->info.device);
    report_string(o, "precision", s->info.precision);
    report_string(o, "version", echo_version());
    report_integer(o, "queue", load.waiting);
    report_integer(o, "running", load.running);
    return o;
}

void answer_health(struct request *r)
{
    reply_json(r, 200, describe(r->server, "ok"));
}

/* Not while it stops, nor while a request would be refused. */
void answer_ready(struct request *r)
{
    struct server *s = r->server;
    bool stopping = atomic_load(&s->stopping);
    bool full = scheduler_load(s->scheduler).waiting >= s->opts->max_queue;

    reply_json(r, stopping || full ? 503 : 200,
               describe(s, stopping ? "stopping" : full ? "busy" : "ok"));
}

void answer_metrics(struct request *r)
{
    struct server *s = r->server;
    struct load load = scheduler_load(s->scheduler);
    struct gauges now = { .waiting = load.waiting,
                          .running = load.running,
                          .connections = atomic_load(&s->connections),
                          .model = s->model_id,
                          .device = s->info.device,
                          .precision = s->info.precision,
                          .version = echo_version() };
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    if (out) {
        metrics_print(s->metrics, &now, out);
        fclose(out);
    }
    reply_bytes(r, "text/plain; version=0.0.4; charset=utf-8", text, n);
}

/* SPDX-License-Identifier: MIT */
/* serve.c - the server: speech over HTTP. */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "common/failure.h"
#include "config.h"
#include "parameters.h"
#include "runtime.h"
#include "server/server.h"
#include "signals.h"

struct serve {
    struct common common;
    echo_params params;
    struct server_opts opts;
};

#define AT(field) offsetof(struct serve, field)

static const struct option listen_options[] = {
    { .name = "host", .kind = OPTION_STRING, .at = AT(opts.host), .value = "ADDRESS",
      .preset = "127.0.0.1",
      .help = "listen there (0.0.0.0: to the whole network)",
      .details = "Without --api-key everybody who reaches the address may use the server." },
    { .name = "port", .letter = 'p', .kind = OPTION_INT, .at = AT(opts.port), .value = "N",
      .preset = "8080", .max = 65535, .help = "at this port (0: any free one)" },
    { .name = "wyoming", .kind = OPTION_INT, .at = AT(opts.wyoming), .value = "PORT",
      .max = 65535, .help = "speak the Wyoming protocol there, for Home Assistant",
      .details = "10200 is the usual port (0: any free one). The protocol knows no keys." },
    { .name = "announce", .kind = OPTION_ON, .at = AT(opts.announce),
      .help = "tell the local network of that port",
      .details = "Home Assistant finds it then. avahi-publish must be installed (on Debian: "
                 "avahi-utils)." },
    { .name = "api-key", .kind = OPTION_STRING, .at = AT(opts.key), .value = "KEY",
      .variable = "ECHOTTS_API_KEY",
      .help = "answer only who sends this key",
      .details = "Others see the list of models and of voices, and the server's health. The "
                 "variable keeps the key out of the list of processes." },
    { .name = "cors", .kind = OPTION_STRING, .at = AT(opts.cors), .value = "ORIGIN,...",
      .help = "let pages of these origins use it (*: of all)" },
    { 0 },
};

static const struct option work_options[] = {
    { .name = "voice", .letter = 'v', .kind = OPTION_STRING, .at = AT(opts.voice),
      .value = "NAME", .ask = "voices",
      .help = "the voice where a request names none" },
    { .name = "sessions", .kind = OPTION_INT, .at = AT(opts.sessions), .value = "N", .min = 1,
      .max = 64, .preset = "4",
      .help = "speeches worked on side by side",
      .details = "One is sampled at a time. Others are decoded beside it, or wait in the "
                 "middle of a long text. Each needs working memory." },
    { .name = "max-queue", .kind = OPTION_INT, .at = AT(opts.max_queue), .value = "N", .min = 1,
      .max = 100000, .preset = "128", .help = "refuse more speeches that wait" },
    { .name = "max-text", .kind = OPTION_INT, .at = AT(opts.max_text), .value = "BYTES",
      .min = 1, .max = 1 << 30, .preset = "100000", .help = "refuse longer texts" },
    { .name = "max-upload", .kind = OPTION_INT, .at = AT(opts.max_upload), .value = "MIB",
      .min = 1, .max = 4096, .preset = "64", .help = "refuse larger requests" },
    { .name = "timeout", .kind = OPTION_INT, .at = AT(opts.timeout), .value = "S", .min = 1,
      .max = 86400, .preset = "60",
      .help = "end connections that are silent for so long" },
    { .name = "grace", .kind = OPTION_INT, .at = AT(opts.grace), .value = "S", .max = 86400,
      .preset = "10", .help = "when stopped, finish speeches for so long" },
    { .name = "log", .kind = OPTION_STRING, .at = AT(opts.log), .value = "FORMAT",
      .values = "text,json", .preset = "text",
      .help = "a line for each request: text or json" },
    { 0 },
};

static const struct option_group groups[] = {
    { "Listening", listen_options },
    { "Work", work_options },
    { "Presets", preset_options },
    { "Speech, where a request does not say", NULL },
    { "Model", common_model_options },
    { "Other", common_options },
    { 0 },
};

extern const struct command serve_command;

static int or_preset(const struct serve *s, const char *name, int given, int preset)
{
    return options_given(&serve_command, s, name) ? given : preset;
}

static void complete(struct serve *s)
{
    struct server_opts *o = &s->opts;
    const char *key = getenv("ECHOTTS_API_KEY");

    o->host = o->host ? o->host : "127.0.0.1";
    o->port = or_preset(s, "port", o->port, 8080);
    o->wyoming = or_preset(s, "wyoming", o->wyoming, -1);
    o->max_queue = or_preset(s, "max-queue", o->max_queue, 128);
    o->max_text = or_preset(s, "max-text", o->max_text, 100000);
    o->max_upload = or_preset(s, "max-upload", o->max_upload, 64);
    o->timeout = or_preset(s, "timeout", o->timeout, 60);
    o->grace = or_preset(s, "grace", o->grace, 10);
    o->log = o->log ? o->log : "text";
    if (!o->key && key && *key)
        o->key = key;
    o->keep_seed = options_given(&serve_command, s, "rng-seed");
    o->stopped = signals_stopped;
}

/* "https://a.org,http://b.org:8000", or "*" */
static echo_status check_origins(const char *list, echo_error *err)
{
    while (list && *list && strcmp(list, "*")) {
        size_t n = strcspn(list, ","), before = strspn(list, "abcdefghijklmnopqrstuvwxyz");
        const char *host = list + before + 3;
        size_t length = n > before + 3 ? n - before - 3 : 0;

        if (!before || !length || strncmp(list + before, "://", 3) ||
            strcspn(host, "/?# ,") < length)
            return echo_fail(err, ECHO_ERR_ARG, "--cors '%.80s': expected origins such as "
                                                "https://example.org, or *", list);
        list += n + (list[n] == ',');
    }
    return ECHO_OK;
}

static bool is_loopback(const char *host)
{
    return !strncmp(host, "127.", 4) || !strcmp(host, "localhost") || !strcmp(host, "::1");
}

static echo_status check(const struct serve *s, echo_error *err)
{
    const struct server_opts *o = &s->opts;

    if (strcmp(o->log, "text") && strcmp(o->log, "json"))
        return echo_fail(err, ECHO_ERR_ARG, "--log '%.40s': expected text or json", o->log);
    if (o->announce && o->wyoming < 0)
        return echo_fail(err, ECHO_ERR_ARG, "--announce tells of the Wyoming protocol's port: "
                                            "--wyoming 10200 opens it");
    if (o->announce && is_loopback(o->host))
        return echo_fail(err, ECHO_ERR_ARG, "--announce: only this machine reaches %.80s: "
                                            "--host 0.0.0.0 lets others in", o->host);
    if (o->key && !*o->key)
        return echo_fail(err, ECHO_ERR_ARG, "--api-key is empty: leave it out, or give a key");
    return check_origins(o->cors, err);
}

static echo_status run(void *job, echo_error *err)
{
    struct serve *s = job;
    struct runtime e = { 0 };
    echo_status status;

    complete(s);
    if ((status = check(s, err)))
        return status;
    signals_hold(); /* threads that start from here on leave signals to this one */
    status = runtime_open_model(&e, &s->common, false, err);
    if (!status)
        status = config_complete(&serve_command, s, e.model, err);
    s->opts.defaults = s->params;
    signals_release();
    if (!status)
        status = server_run(&s->opts, e.model, e.library, err);
    runtime_close(&e);
    return status;
}

static const struct example examples[] = {
    { "serve", "a page and an API at http://127.0.0.1:8080" },
    { "serve --host 0.0.0.0 --api-key SECRET", "for the whole network" },
    { "serve --host 0.0.0.0 --wyoming 10200 --announce", "for Home Assistant, too" },
    { "serve -m base-int8 --preset fast", "sooner, and with less memory" },
    { 0 },
};

const struct command serve_command = {
    .name = "serve",
    .synopsis = "[options]",
    .summary = "serve speech over HTTP, with a page to try it",
    .details = "Clients of OpenAI's speech API work as they are: the address is "
               "http://HOST:PORT/v1. docs/SERVER.md has settings for many.\n"
               "SIGTERM and Ctrl-C finish what is being said, then stop.",
    .examples = examples,
    .job_size = sizeof(struct serve),
    .params = AT(params),
    .groups = groups,
    .run = run,
};

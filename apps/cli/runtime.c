/* SPDX-License-Identifier: MIT */
#include "runtime.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/failure.h"
#include "loras.h"
#include "signals.h"
#include "common/voices.h"

static void print_line(struct runtime *e, const char *kind, const char *fmt, va_list ap)
{
    char line[2048];

    vsnprintf(line, sizeof line, fmt, ap);
    for (char *p = line; *p; p++) /* it stays one, whatever is quoted */
        if ((unsigned char)*p < ' ' || *p == 127)
            *p = '?';
    progress_clear(&e->bar);
    fprintf(stderr, "echotts: %s%s\n", kind, line);
}

/* A warning says that the result is not what was asked for: nobody may miss it. */
void runtime_warn(struct runtime *e, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    print_line(e, "warning: ", fmt, ap);
    va_end(ap);
}

void runtime_note(struct runtime *e, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    print_line(e, "", fmt, ap);
    va_end(ap);
}

static void print_log(void *user, echo_log_level level, const char *line)
{
    struct runtime *e = user;

    if (level == ECHO_LOG_WARNING) {
        if (!e->hushed)
            runtime_warn(e, "%s", line);
    } else if (e->bar.shown || e->profile) {
        progress_clear(&e->bar);
        fprintf(stderr, "echotts: %s\n", line);
    }
}

static bool load_part(void *user, double done)
{
    return progress_load(&((struct runtime *)user)->bar, done);
}

echo_status runtime_open_model(struct runtime *e, const struct common *common, bool describe,
                               echo_error *err)
{
    struct loras loras;
    echo_status status = loras_parse(&loras, common->lora, err);
    echo_model_opts opts = {
        .loras = loras.list,
        .n_loras = loras.n,
        .device = common->device,
        .codec_device = common->codec_device,
        .isa = common->isa,
        .precision = common->precision,
        .codec_precision = common->codec_precision,
        .threads = common->threads,
        .profile = common->profile,
        .describe = describe,
        .progress = load_part,
        .log = print_log,
        .user = e,
    };

    progress_open(&e->bar, common->quiet);
    e->profile = common->profile;
    progress_note(&e->bar, "loading the model");
    if (!status)
        status = echo_library_open(&e->library, common->voices, err);
    if (!status)
        status = echo_model_open(&e->model, common->model, &opts, err);
    loras_close(&loras);
    if (!status)
        e->info = echo_model_describe(e->model);
    progress_clear(&e->bar);
    return status;
}

echo_status runtime_open(struct runtime *e, const struct common *common, echo_error *err)
{
    echo_status status = runtime_open_model(e, common, false, err);

    if (status)
        return status;
    signals_hold();
    status = echo_session_open(&e->session, e->model, err);
    if (!status)
        signals_watch(e->session);
    signals_release();
    e->bar.frame_s = (double)e->info.frame_samples / ECHO_SAMPLE_RATE;
    if (!status && signals_stopped())
        status = echo_fail(err, ECHO_ERR_CANCELLED, "stopped");
    return status;
}

void runtime_close(struct runtime *e)
{
    progress_clear(&e->bar);
    signals_watch(NULL);
    echo_session_close(&e->session);
    echo_model_close(&e->model);
    echo_library_close(&e->library);
}

/* More than one thing has this name. */
static void tell_choice(struct runtime *e, const struct voice_choice *c, const char *path)
{
    if (c->hidden)
        runtime_warn(e, "%s is a voice of the %s, and that is taken; the file of this name "
                        "here is ./%s",
                     path, c->source == VOICE_OF_MODEL ? "model" : "library", path);
    if (c->shadowed)
        runtime_warn(e, "%s is a voice of the library, and that is taken; the model has one of "
                        "this name, too", path);
}

echo_status runtime_voice(struct runtime *e, echo_voice **out, const char *path,
                          echo_encode_opts opts, double *seconds, echo_error *err)
{
    double began = clock_now();
    struct voice_choice choice;
    echo_status status = voices_choose(&choice, e->model, e->library, path, err);

    if (status)
        return status;
    if (choice.source == VOICE_UNKNOWN)
        return voices_unknown(e->model, e->library, path, err);
    tell_choice(e, &choice, path);
    opts.progress = progress_stage;
    opts.user = &e->bar;
    progress_note(&e->bar, "reading audio");
    status = choice.source == VOICE_FILE
                 ? echo_voice_open(out, e->session, path, &opts, err)
             : choice.source == VOICE_OF_LIBRARY
                 ? echo_library_voice(out, e->library, e->session, path, &opts, err)
                 : echo_voice_named(out, e->session, path, &opts, err);
    progress_clear(&e->bar);
    if (seconds)
        *seconds = clock_now() - began;
    return status;
}

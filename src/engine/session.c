/* SPDX-License-Identifier: MIT */
#include "engine/session.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/integers.h"
#include "base/memory.h"
#include "echotts_dev.h"
#include "engine/revive.h"

size_t echo_session_latent_floats(const echo_model *m)
{
    int patch = m->dit.encoder[CONTEXT_SPEAKER].patch;

    return (size_t)(divide_up(ECHO_MAX_FRAMES, patch) * patch) * (size_t)m->dit.latent;
}

static bool stopped(void *user)
{
    echo_session *s = user;

    return atomic_load(&s->stop) || atomic_load(&s->ending);
}

/* Memory ran out.  Keys and values of voices that nobody holds can be made again. */
static bool spare(void *user)
{
    return echo_speakers_drop(&((echo_session *)user)->model->speakers);
}

static echo_status open_lanes(echo_session *s, echo_error *err)
{
    const echo_model *m = s->model;
    echo_status status = echo_lane_open(&s->sampling, m->device, stopped, spare, s, err);

    if (status)
        return status;
    return echo_lane_open(&s->decoding, m->codec_device, stopped, spare, s, err);
}

static void close_lanes(echo_session *s)
{
    struct buffer *own = s->codec_state;

    for (int i = 0; i < 2; i++)
        if (own[i].device)
            own[i].device->ops->free(own[i].device, &own[i]);
    echo_lane_close(&s->sampling);
    echo_lane_close(&s->decoding);
}

static echo_status open_session(echo_session **out, echo_model *m, echo_error *err)
{
    size_t layers = (size_t)m->dit.layers * CONTEXT_KINDS;
    size_t latent = echo_session_latent_floats(m) * sizeof(float);
    echo_status status;
    echo_session *s;

    if (!(s = calloc(1, sizeof *s)))
        return echo_fail_memory(err, sizeof *s, "a session");
    s->model = m;
    s->overlap = m->codec_device != m->device;
    pthread_mutex_init(&s->callbacks, NULL);
    s->revival = m->revival;
    s->kv = calloc(layers, sizeof *s->kv);
    s->latent = echo_alloc(latent);
    if (!s->kv || !s->latent)
        status = echo_fail_memory(err, latent, "a session");
    else
        status = open_lanes(s, err);
    if (status)
        echo_session_close(&s);
    *out = s;
    return status;
}

echo_status echo_session_open(echo_session **out, const echo_model *model, echo_error *err)
{
    echo_model *m = (echo_model *)(uintptr_t)model; /* a lost device changes it: revive.h */
    echo_status status;

    *out = NULL;
    if (m->owner.headers_only)
        return echo_fail(err, ECHO_ERR_ARG, "%s was opened to be described: its weights are "
                                            "not loaded", m->files.dir);
    if ((status = echo_model_enter(m, err)))
        return status;
    status = open_session(out, m, err);
    echo_model_leave(m);
    return status;
}

void echo_session_close(echo_session **session)
{
    echo_session *s = *session;

    if (!s)
        return;
    close_lanes(s);
    pthread_mutex_destroy(&s->callbacks);
    echo_free(s->latent);
    free(s->kv);
    free(s);
    *session = NULL;
}

void echo_session_overlap(echo_session *s, bool on)
{
    s->overlap = on;
}

void echo_cancel(echo_session *s)
{
    atomic_store(&s->stop, true);
}

echo_status echo_session_begin(echo_session *s, echo_logger *log, void *user, echo_error *err)
{
    echo_status status = echo_model_enter(s->model, err);

    if (status)
        return status;
    if (s->revival != s->model->revival) { /* its lanes are of a device that is no more */
        close_lanes(s);
        if ((status = open_lanes(s, err))) {
            echo_model_leave(s->model);
            return status;
        }
        s->revival = s->model->revival;
        s->overlap = s->model->codec_device != s->model->device;
    }
    s->log = log;
    s->log_user = user;
    s->began = echo_clock();
    return ECHO_OK;
}

echo_status echo_session_end(echo_session *s, echo_status status)
{
    echo_speaker_release(&s->model->speakers, &s->speaker);
    echo_model_leave(s->model);
    s->log = NULL;
    atomic_store(&s->ending, false);
    if (status == ECHO_ERR_CANCELLED)
        atomic_store(&s->stop, false);
    return status;
}

/* ---- the codec's state ---- */

struct codec_state echo_session_dry_state(echo_session *s)
{
    return (struct codec_state){
        .coarse = { .mem = &s->codec_state[0], .arena = { .cap = SIZE_MAX } },
        .fine = { .mem = &s->codec_state[1], .arena = { .cap = SIZE_MAX } },
    };
}

#define ROW_BYTES 4096 /* state is cleared in rows of this size */

static size_t whole_rows(size_t bytes)
{
    return (bytes + ROW_BYTES - 1) / ROW_BYTES * ROW_BYTES;
}

echo_status echo_session_state(echo_session *s, const struct codec_state *dry,
                               struct codec_state *out, echo_error *err)
{
    const struct causal_state *needed[] = { &dry->coarse, &dry->fine };
    echo_status status;

    for (int i = 0; i < 2; i++)
        if ((status = echo_lane_grow(&s->decoding, &s->codec_state[i],
                                     whole_rows(needed[i]->arena.peak), err)))
            return status;
    *out = echo_session_dry_state(s);
    out->coarse.arena.cap = s->codec_state[0].bytes;
    out->fine.arena.cap = s->codec_state[1].bytes;
    return ECHO_OK;
}

static void restart(struct run *r, struct causal_state *s)
{
    int cols = ROW_BYTES / sizeof(float), rows = (int)(s->mem->bytes / ROW_BYTES);

    s->frames = 0;
    op_zero(r->queue, (struct tensor){ s->mem, 0, rows, cols, cols, DT_F32 });
}

void echo_state_restart(struct run *r, struct codec_state *c)
{
    restart(r, &c->coarse);
    restart(r, &c->fine);
}

/* ---- while it works ---- */

echo_status echo_session_check(echo_session *s, struct lane *l, echo_error *err)
{
    echo_status status = l->queue->ops->sync(l->queue, err);

    if (status)
        return status;
    if (stopped(s))
        return echo_fail(err, ECHO_ERR_CANCELLED, "stopped on request");
    return ECHO_OK;
}

void echo_session_report(echo_session *s, echo_progress *progress, void *user, echo_stage stage,
                         int done, int total)
{
    if (!progress)
        return;
    pthread_mutex_lock(&s->callbacks);
    if (!progress(user, stage, done, total))
        atomic_store(&s->ending, true);
    pthread_mutex_unlock(&s->callbacks);
}

void echo_session_log(echo_session *s, echo_log_level level, const char *fmt, ...)
{
    char line[ECHO_LOG_BYTES];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    pthread_mutex_lock(&s->callbacks);
    if (s->log)
        s->log(s->log_user, level, line);
    else
        echo_log(s->model, level, "%s", line);
    pthread_mutex_unlock(&s->callbacks);
}

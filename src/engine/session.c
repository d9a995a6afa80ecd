/* SPDX-License-Identifier: MIT */
#include "engine/session.h"

#include <stdlib.h>

#include "base/integers.h"
#include "base/memory.h"

size_t echo_session_latent_floats(const echo_model *m)
{
    int patch = m->dit.encoder[CONTEXT_VOICE].patch;

    return (size_t)(divide_up(ECHO_MAX_FRAMES, patch) * patch) * (size_t)m->dit.latent;
}

echo_status echo_session_open(echo_session **out, const echo_model *m, echo_error *err)
{
    size_t layers = (size_t)m->dit.layers * CONTEXT_KINDS;
    size_t latent = echo_session_latent_floats(m) * sizeof(float);
    echo_session *s;

    *out = NULL;
    if (m->keeper.headers_only)
        return echo_fail(err, ECHO_ERR_ARG, "%s was opened to be described: its weights are "
                                            "not loaded", m->files.dir);
    if (!(s = calloc(1, sizeof *s)))
        return echo_fail_memory(err, sizeof *s, "a session");
    s->model = m;
    s->null = echo_null_queue(m->device);
    s->kv = calloc(layers, sizeof *s->kv);
    s->latent = echo_alloc(latent);
    echo_status status = m->device->ops->open_queue(m->device, &s->queue, err);

    if (!status && (!s->null || !s->kv || !s->latent))
        status = echo_fail_memory(err, latent, "a session");
    if (status)
        echo_session_close(&s);
    *out = s;
    return status;
}

void echo_session_close(echo_session **session)
{
    echo_session *s = *session;

    if (!s)
        return;
    struct device *device = s->model->device;

    device->ops->free(device, &s->scratch);
    device->ops->free(device, &s->kept[0]);
    device->ops->free(device, &s->kept[1]);
    if (s->null)
        s->null->ops->close(s->null);
    if (s->queue)
        s->queue->ops->close(s->queue);
    echo_free(s->host);
    echo_free(s->latent);
    free(s->kv);
    free(s);
    *session = NULL;
}

void echo_cancel(echo_session *s)
{
    atomic_store(&s->stop, true);
}

echo_status echo_session_end(echo_session *s, echo_status status)
{
    if (status)
        atomic_store(&s->stop, false);
    return status;
}

static bool stopped(void *user)
{
    return atomic_load(&((echo_session *)user)->stop);
}

struct run echo_session_dry_run(echo_session *s)
{
    return (struct run){ .queue = s->null, .mem = &s->scratch, .arena = { .cap = SIZE_MAX } };
}

struct run echo_session_run(echo_session *s)
{
    return (struct run){ .queue = s->queue, .mem = &s->scratch,
                         .arena = { .cap = s->scratch.bytes }, .stopped = stopped, .user = s };
}

static echo_status grow(echo_session *s, struct buffer *b, size_t bytes, echo_error *err)
{
    struct device *device = s->model->device;

    if (b->bytes >= bytes)
        return ECHO_OK;
    device->ops->free(device, b);
    if (!device->ops->alloc(device, b, bytes)) {
        *b = (struct buffer){ 0 };
        return echo_fail_memory(err, bytes, "this job; make it shorter");
    }
    return ECHO_OK;
}

echo_status echo_session_reserve(echo_session *s, size_t scratch, size_t host_floats,
                                 echo_error *err)
{
    if (s->host_floats < host_floats) {
        echo_free(s->host);
        s->host_floats = 0;
        if (!(s->host = echo_alloc(echo_product(host_floats, sizeof *s->host))))
            return echo_fail_memory(err, host_floats * sizeof *s->host, "this job");
        s->host_floats = host_floats;
    }
    return grow(s, &s->scratch, scratch, err);
}

struct codec_streams echo_session_dry_streams(echo_session *s)
{
    return (struct codec_streams){
        .coarse = { .mem = &s->kept[0], .arena = { .cap = SIZE_MAX } },
        .fine = { .mem = &s->kept[1], .arena = { .cap = SIZE_MAX } },
    };
}

#define ROW_BYTES 4096 /* kept memory is cleared in rows of this size */

static size_t whole_rows(size_t bytes)
{
    return (bytes + ROW_BYTES - 1) / ROW_BYTES * ROW_BYTES;
}

echo_status echo_session_streams(echo_session *s, const struct codec_streams *dry,
                                 struct codec_streams *out, echo_error *err)
{
    echo_status status;

    *out = echo_session_dry_streams(s);
    if ((status = grow(s, &s->kept[0], whole_rows(dry->coarse.arena.peak), err)) ||
        (status = grow(s, &s->kept[1], whole_rows(dry->fine.arena.peak), err)))
        return status;
    out->coarse.arena.cap = s->kept[0].bytes;
    out->fine.arena.cap = s->kept[1].bytes;
    return ECHO_OK;
}

static void restart(struct run *r, struct stream *s)
{
    int cols = ROW_BYTES / sizeof(float), rows = (int)(s->mem->bytes / ROW_BYTES);

    s->frames = 0;
    op_zero(r->queue, (struct tensor){ s->mem, 0, rows, cols, cols, DT_F32 });
}

void echo_streams_restart(struct run *r, struct codec_streams *c)
{
    restart(r, &c->coarse);
    restart(r, &c->fine);
}

echo_status echo_session_check(echo_session *s, echo_error *err)
{
    echo_status status = s->queue->ops->sync(s->queue, err);

    if (status)
        return status;
    if (atomic_load(&s->stop))
        return echo_fail(err, ECHO_ERR_CANCELLED, "stopped on request");
    return ECHO_OK;
}

void echo_session_report(echo_session *s, echo_progress *progress, void *user, echo_stage stage,
                         int done, int total)
{
    if (progress && !progress(user, stage, done, total))
        atomic_store(&s->stop, true);
}

/* SPDX-License-Identifier: MIT */
#include "engine/decode.h"

#include <math.h>

#include "base/clock.h"
#include "base/integers.h"
#include "engine/voice.h"

/* Read n samples and pass them on. */
static void deliver(struct decoding *d, struct run *r, struct tensor audio)
{
    size_t n = (size_t)audio.rows;

    op_read(r->queue, d->s->host, tensor_reshape(audio, d->s->model->codec.frame_samples));
    if (run_stopped(r))
        return;
    for (size_t i = 0; i < n; i++)
        if (!isfinite(d->s->host[i]))
            d->broken = true;
    if (d->broken)
        return;
    if (!d->sink->audio(d->sink->user, d->s->host, n))
        atomic_store(&d->s->stop, true);
    d->s->stats.samples += n;
}

/* One coarse piece; d is NULL in a dry run. */
static void piece(const struct codec *c, struct decoding *d, struct run *r,
                  struct codec_streams *streams, const float *latent, int frames)
{
    size_t mark = arena_mark(&r->arena);
    struct tensor x = scratch(r, frames, c->latent);
    struct tensor h = scratch_dense(r, frames * c->coarse_rows, c->decoder_width, DT_F32);

    op_write(r->queue, x, latent);
    echo_codec_decode_coarse(r, &streams->coarse, c, h, x);
    for (int i = 0; i < frames && !run_stopped(r); i += CODEC_FINE_FRAMES) {
        int n = at_most(frames - i, CODEC_FINE_FRAMES);
        size_t fine_mark = arena_mark(&r->arena);
        struct tensor audio = scratch_dense(r, n * c->frame_samples, 1, DT_F32);

        echo_codec_decode_fine(r, &streams->fine, c, audio,
                               tensor_rows(h, i * c->coarse_rows, n * c->coarse_rows));
        if (d) {
            deliver(d, r, audio);
            d->done += n;
            echo_session_report(d->s, d->sink->progress, d->sink->user, ECHO_STAGE_DECODE,
                                d->done, d->total);
        }
        arena_reset(&r->arena, fine_mark);
    }
    arena_reset(&r->arena, mark);
}

size_t echo_decode_scratch(echo_session *s, int frames, struct codec_streams *dry)
{
    struct run r = echo_session_dry_run(s);

    *dry = echo_session_dry_streams(s);
    piece(&s->model->codec, NULL, &r, dry, NULL, at_most(frames, CODEC_COARSE_FRAMES));
    return r.arena.peak;
}

size_t echo_decode_host_floats(const echo_session *s)
{
    return (size_t)CODEC_FINE_FRAMES * (size_t)s->model->codec.frame_samples;
}

void echo_decode_begin(struct decoding *d, struct run *r)
{
    d->done = 0;
    d->broken = false;
    echo_streams_restart(r, &d->streams);
}

echo_status echo_decode_more(struct decoding *d, struct run *r, const float *latent, int frames,
                             echo_error *err)
{
    const struct codec *c = &d->s->model->codec;
    double begin = echo_clock();
    echo_status s = ECHO_OK;

    for (int i = 0; i < frames && !s; i += CODEC_COARSE_FRAMES) {
        piece(c, d, r, &d->streams, latent + (size_t)i * (size_t)c->latent,
              at_most(frames - i, CODEC_COARSE_FRAMES));
        s = echo_session_check(d->s, err);
        if (!s && d->broken) {
            s = echo_model_verify(d->s->model, err);
            if (!s)
                s = echo_fail(err, ECHO_ERR_FILE, "the latents decode to numbers that are not "
                                                  "finite: they are not of this model");
        }
    }
    d->s->stats.decode_s += echo_clock() - begin;
    return s;
}

static echo_status decode(echo_session *s, const echo_voice *latents, const echo_sink *sink,
                          echo_error *err)
{
    double begin = echo_clock();
    struct codec_streams dry;
    struct decoding d = { .s = s, .sink = sink, .total = latents->frames };
    echo_status status;

    s->stats = (echo_stats){ .frames = latents->frames, .kept = latents->frames };
    if (!sink || !sink->audio)
        return echo_fail(err, ECHO_ERR_ARG, "decoding needs a sink for the audio");
    if (latents->size != s->model->dit.latent)
        return echo_fail(err, ECHO_ERR_ARG,
                         "the latents have %d numbers a frame, the model's %d", latents->size,
                         s->model->dit.latent);
    size_t scratch_bytes = echo_decode_scratch(s, latents->frames, &dry);

    if ((status = echo_session_reserve(s, scratch_bytes, echo_decode_host_floats(s), err)) ||
        (status = echo_session_streams(s, &dry, &d.streams, err)))
        return status;
    struct run r = echo_session_run(s);

    echo_decode_begin(&d, &r);
    status = echo_decode_more(&d, &r, latents->latent, latents->frames, err);
    s->stats.total_s = echo_clock() - begin;
    return status;
}

echo_status echo_decode(echo_session *s, const echo_voice *latents, const echo_sink *sink,
                        echo_error *err)
{
    return echo_session_end(s, decode(s, latents, sink, err));
}

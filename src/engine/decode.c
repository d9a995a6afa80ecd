/* SPDX-License-Identifier: MIT */
#include "engine/decode.h"

#include <math.h>

#include "base/clock.h"
#include "base/integers.h"
#include "engine/voice.h"

/* ---- one piece ---- */

/* Read the samples and pass them on. */
static void deliver(struct decoding *d, struct run *r, struct tensor audio)
{
    size_t n = (size_t)audio.rows;
    float *host = d->s->decoding.host;

    op_read(r->queue, host, tensor_reshape(audio, d->s->model->codec.frame_samples));
    if (run_stopped(r))
        return;
    for (size_t i = 0; i < n; i++)
        if (!isfinite(host[i]))
            d->broken = true;
    if (d->broken)
        return;
    if (!d->stats->samples)
        d->stats->first_audio_s = echo_clock() - d->s->began;
    if (!d->sink->audio(d->sink->user, host, n))
        atomic_store(&d->s->ending, true);
    d->stats->samples += n;
}

/* A coarse piece of `frames` latents. */
static void piece(struct decoding *d, struct run *r, struct codec_state *state,
                  const float *latent, int frames, int total)
{
    const struct codec *c = &d->s->model->codec;
    int fine = codec_fine_frames(r->queue->device);
    size_t mark = arena_mark(&r->arena);
    struct tensor x = scratch(r, frames, c->latent);
    struct tensor h = scratch_dense(r, frames * c->coarse_rows, c->decoder_width, DT_F32);

    op_write(r->queue, x, latent);
    echo_codec_decode_coarse(r, &state->coarse, c, h, x);
    for (int i = 0; i < frames && !run_stopped(r); i += fine) {
        int n = at_most(frames - i, fine);
        size_t fine_mark = arena_mark(&r->arena);
        struct tensor audio = scratch_dense(r, n * c->frame_samples, 1, DT_F32);

        echo_codec_decode_fine(r, &state->fine, c, audio,
                               tensor_rows(h, i * c->coarse_rows, n * c->coarse_rows));
        if (!r->dry) {
            deliver(d, r, audio);
            d->done += n;
            echo_session_report(d->s, d->sink->progress, d->sink->user, ECHO_STAGE_DECODE,
                                d->done, total);
        }
        arena_reset(&r->arena, fine_mark);
    }
    arena_reset(&r->arena, mark);
}

static echo_status reserve(struct decoding *d, int frames, echo_error *err)
{
    echo_session *s = d->s;
    struct run dry = echo_lane_dry_run(&s->decoding);
    struct codec_state state = echo_session_dry_state(s);
    int most = codec_fine_frames(s->decoding.device);
    size_t samples = (size_t)most * (size_t)s->model->codec.frame_samples;
    echo_status status;

    piece(d, &dry, &state, NULL, at_most(frames, CODEC_COARSE_FRAMES), 0);
    status = echo_lane_reserve(&s->decoding, dry.arena.peak, samples, err);
    return status ? status : echo_session_state(s, &state, &d->state, err);
}

static echo_status check(struct decoding *d, echo_error *err)
{
    echo_status s = echo_session_check(d->s, &d->s->decoding, err);

    if (s || !d->broken)
        return s;
    s = echo_model_verify(d->s->model, err);
    return s ? s : echo_fail(err, ECHO_ERR_FILE, "the latents decode to samples that are not "
                                                 "finite: they are not of this model");
}

/* Decode what is ready; the lock is not held. */
static void decode_to(struct decoding *d, int ready, int total)
{
    size_t size = (size_t)d->s->model->codec.latent;
    struct run r = echo_lane_run(&d->s->decoding);

    d->began = echo_clock();
    while (d->done < ready && !d->status) {
        piece(d, &r, &d->state, d->latent + (size_t)d->done * size,
              at_most(ready - d->done, CODEC_COARSE_FRAMES), total);
        d->status = check(d, &d->error);
    }
    if (d->status) /* nobody needs to sample on */
        atomic_store(&d->s->ending, true);
    d->ended = echo_clock();
    d->stats->decode_s += d->ended - d->began;
}

/* ---- beside the sampling ---- */

/* With the lock: how much of the last decoding was before the end of the sampling. */
static void count_overlap(struct decoding *d)
{
    double end = d->closed && d->closed_at < d->ended ? d->closed_at : d->ended;

    if (end > d->began)
        d->stats->overlap_s += end - d->began;
}

static void *work(void *arg)
{
    struct decoding *d = arg;

    pthread_mutex_lock(&d->lock);
    while (!d->status) {
        int ready = d->ready, total = d->total;

        if (d->done < ready) {
            pthread_mutex_unlock(&d->lock);
            decode_to(d, ready, total);
            pthread_mutex_lock(&d->lock);
            count_overlap(d);
        } else if (d->closed) {
            break;
        } else {
            pthread_cond_wait(&d->news, &d->lock);
        }
    }
    pthread_mutex_unlock(&d->lock);
    return NULL;
}

echo_status echo_decode_begin(struct decoding *d, echo_session *s, echo_stats *stats,
                              const float *latent, int frames, const echo_sink *sink,
                              bool overlap, echo_error *err)
{
    echo_status status;

    *d = (struct decoding){ .s = s, .stats = stats, .sink = sink, .latent = latent };
    if ((status = reserve(d, frames, err)))
        return status;
    struct run r = echo_lane_run(&s->decoding);

    echo_state_restart(&r, &d->state);
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->news, NULL);
    d->threaded = overlap && !pthread_create(&d->thread, NULL, work, d);
    return ECHO_OK;
}

void echo_decode_more(struct decoding *d, int ready, int total)
{
    if (!d->threaded) {
        decode_to(d, ready, total);
        return;
    }
    pthread_mutex_lock(&d->lock);
    d->ready = ready;
    d->total = total;
    pthread_cond_signal(&d->news);
    pthread_mutex_unlock(&d->lock);
}

echo_status echo_decode_end(struct decoding *d, echo_error *err)
{
    if (d->threaded) {
        pthread_mutex_lock(&d->lock);
        d->closed = true;
        d->closed_at = echo_clock();
        pthread_cond_signal(&d->news);
        pthread_mutex_unlock(&d->lock);
        pthread_join(d->thread, NULL);
    }
    pthread_cond_destroy(&d->news);
    pthread_mutex_destroy(&d->lock);
    if (d->status && err)
        *err = d->error;
    return d->status;
}

/* ---- latents alone ---- */

static echo_status decode(echo_session *s, const echo_voice *latents, const echo_sink *sink,
                          echo_error *err)
{
    double begin = echo_clock();
    struct decoding d;
    echo_status status;

    s->stats = (echo_stats){ .frames = latents->frames, .kept = latents->frames };
    if (!sink || !sink->audio)
        return echo_fail_field(err, "sink", "decoding needs a sink for the audio");
    if (latents->size != s->model->dit.latent)
        return echo_fail_field(err, "latents", "the latents have size %d, the model's %d",
                               latents->size, s->model->dit.latent);
    if ((status = echo_decode_begin(&d, s, &s->stats, latents->latent, latents->frames, sink,
                                    false, err)))
        return status;
    echo_decode_more(&d, latents->frames, latents->frames);
    status = echo_decode_end(&d, err);
    s->stats.total_s = echo_clock() - begin;
    return status;
}

echo_status echo_decode(echo_session *s, const echo_voice *latents, const echo_sink *sink,
                        echo_error *err)
{
    echo_status status = echo_session_begin(s, sink ? sink->log : NULL,
                                            sink ? sink->user : NULL, err);

    if (status)
        return status;
    return echo_session_end(s, decode(s, latents, sink, err));
}

/* SPDX-License-Identifier: MIT */
/*
 * encode.c - sound to latents, in pieces.
 *
 * As in the reference a signal is cut into chunks of 640 frames that do not
 * see each other.  Inside a chunk pieces go on from each other exactly, so
 * that memory does not grow with length.
 */
#include <math.h>
#include <string.h>

#include "base/integers.h"
#include "engine/voice.h"

struct encoding {
    echo_session *s;
    const struct codec *codec;
    echo_voice *v;
    const float *pcm;
    size_t n;
    float gain; /* as asked for, with a peak of 1 at most */
    echo_progress *progress;
    void *user;
};

/* Samples of `count` frames from `first` on; behind the end there are zeros. */
static const float *samples(const struct encoding *e, int first, int count)
{
    size_t frame = (size_t)e->codec->frame_samples;
    size_t begin = (size_t)first * frame, wanted = (size_t)count * frame;
    size_t there = begin < e->n ? e->n - begin : 0;

    if (there > wanted)
        there = wanted;
    float *host = e->s->decoding.host;

    memset(host, 0, wanted * sizeof(float));
    for (size_t i = 0; i < there; i++)
        host[i] = e->pcm[begin + i] * e->gain;
    return host;
}

/* Read the results of a piece that begins at frame `first`. */
static void fetch(const struct encoding *e, struct run *r, int first, struct tensor latent,
                  struct tensor codes)
{
    float *host = e->s->decoding.host;
    int books = e->v->books, frames = e->v->frames;

    op_read(r->queue, e->v->latent + (size_t)first * (size_t)latent.cols, latent);
    if (!books)
        return;
    op_read(r->queue, host, codes);
    for (int i = 0; i < codes.rows; i++)
        for (int k = 0; k < books; k++)
            e->v->codes[(size_t)k * (size_t)frames + (size_t)(first + i)] =
                (int32_t)host[i * books + k];
}

/* One coarse piece. */
static void piece(const struct encoding *e, struct run *r, struct codec_state *state,
                  int first, int frames)
{
    const struct codec *c = e->codec;
    int fine = codec_fine_frames(r->queue->device);
    size_t mark = arena_mark(&r->arena);
    struct tensor h = scratch_dense(r, frames * c->coarse_rows, c->encoder_width, DT_F32);
    struct tensor latent = scratch(r, frames, c->latent);
    struct tensor codes = scratch(r, frames, c->quantizer.books);

    for (int i = 0; i < frames && !run_stopped(r); i += fine) {
        int n = at_most(frames - i, fine);
        size_t fine_mark = arena_mark(&r->arena);
        struct tensor audio = scratch_dense(r, n * c->frame_samples, 1, DT_F32);

        if (!r->dry)
            op_write(r->queue, tensor_reshape(audio, c->frame_samples),
                     samples(e, first + i, n));
        echo_codec_encode_fine(r, &state->fine, c,
                               tensor_rows(h, i * c->coarse_rows, n * c->coarse_rows), audio);
        arena_reset(&r->arena, fine_mark);
        if (!r->dry)
            echo_session_report(e->s, e->progress, e->user, ECHO_STAGE_ENCODE, first + i + n,
                                e->v->frames);
    }
    echo_codec_encode_coarse(r, &state->coarse, c, latent, codes, h);
    if (!r->dry)
        fetch(e, r, first, latent, codes);
    arena_reset(&r->arena, mark);
}

/* Numbers that are not finite come from damaged weights: the audio was checked. */
static echo_status check_finite(const struct encoding *e, int first, echo_error *err)
{
    size_t size = (size_t)e->codec->latent;
    int end = at_most(first + CODEC_COARSE_FRAMES, e->v->frames);
    echo_status s;

    for (size_t i = (size_t)first * size; i < (size_t)end * size; i++)
        if (!isfinite(e->v->latent[i])) {
            s = echo_model_verify(e->s->model, err);
            return s ? s : echo_fail(err, ECHO_ERR_MODEL,
                                     "%s: the audio encodes to latents that are not finite",
                                     e->s->model->files.dac);
        }
    return ECHO_OK;
}

echo_status echo_encode(echo_session *s, echo_voice *v, const float *pcm, size_t n, float gain,
                        echo_progress *progress, void *user, echo_error *err)
{
    struct encoding e = { s, &s->model->codec, v, pcm, n, 1, progress, user };
    struct run dry = echo_lane_dry_run(&s->decoding);
    struct codec_state needed = echo_session_dry_state(s), state;
    int most = codec_fine_frames(s->decoding.device);
    size_t samples = (size_t)most * (size_t)e.codec->frame_samples;
    size_t codes = (size_t)CODEC_COARSE_FRAMES * (size_t)v->books;
    size_t host = samples > codes ? samples : codes;
    float peak = 1;
    echo_status status;

    for (size_t i = 0; i < n; i++)
        peak = fmaxf(peak, fabsf(pcm[i]) * gain);
    e.gain = gain / peak;
    piece(&e, &dry, &needed, 0, at_most(v->frames, CODEC_COARSE_FRAMES));
    if ((status = echo_session_state(s, &needed, &state, err)) ||
        (status = echo_lane_reserve(&s->decoding, dry.arena.peak, host, err)))
        return status;

    struct run r = echo_lane_run(&s->decoding);

    for (int chunk = 0; chunk < v->frames; chunk += ECHO_MAX_FRAMES) {
        int end = at_most(chunk + ECHO_MAX_FRAMES, v->frames);

        echo_state_restart(&r, &state);
        for (int at = chunk; at < end; at += CODEC_COARSE_FRAMES) {
            piece(&e, &r, &state, at, at_most(end - at, CODEC_COARSE_FRAMES));
            if ((status = echo_session_check(s, &s->decoding, err)) ||
                (status = check_finite(&e, at, err)))
                return status;
        }
    }
    return ECHO_OK;
}

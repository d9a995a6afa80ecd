/* SPDX-License-Identifier: MIT */
/*
 * generate.c - from text to latents, block by block, and on to sound.
 *
 * A pass without blocks is one block.  Sound is handed on as soon as it is
 * known not to be cut: a frame is kept unless 20 flat ones begin at or before it.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "engine/decode.h"
#include "engine/params.h"
#include "engine/voice.h"
#include "model/sampler.h"
#include "model/speech_end.h"
#include "text/text.h"

struct job {
    echo_session *s;
    const echo_model *m;
    const echo_params *p;
    const echo_sink *sink;
    unsigned char ids[TEXT_MAX_TOKENS];
    int n_ids, letters;
    const float *voice;
    int voice_patches;
    const int *blocks;
    int n_blocks, start, frames; /* frames of the continuation; in all */
    struct sampler_options options;
    struct sampler_contexts contexts;
    struct decoding decoding;
    bool wants_audio;
    int steps_done;
};

/* ---- what is asked ---- */

echo_status echo_text_check(const char *text, bool normalize, echo_error *err)
{
    echo_status s = echo_text_valid(text, err);

    if (s)
        return s;
    size_t n = echo_text_normalize(text, normalize, NULL, 0);

    if (n > ECHO_MAX_TEXT)
        return echo_fail(err, ECHO_ERR_ARG,
                         "the text is %zu bytes long, one pass takes at most "
                         "%d: split it",
                         n, ECHO_MAX_TEXT);
    return ECHO_OK;
}

static echo_status take_text(struct job *j, const char *text, echo_error *err)
{
    char bytes[TEXT_MAX_TOKENS];
    echo_status s = echo_text_check(text, j->p->normalize, err);

    if (s)
        return s;
    j->n_ids = 1 + (int)echo_text_normalize(text, j->p->normalize, bytes, sizeof bytes);
    j->ids[0] = 0;
    memcpy(j->ids + 1, bytes, (size_t)j->n_ids - 1);
    j->letters = echo_text_letters(text);
    return ECHO_OK;
}

static echo_status take_voice(struct job *j, const echo_voice *v, echo_error *err)
{
    int patch = j->m->dit.encoder[CONTEXT_VOICE].patch;

    if (!v)
        return ECHO_OK;
    if (v->size != j->m->dit.latent)
        return echo_fail(err, ECHO_ERR_ARG,
                         "the voice has %d numbers a frame, the model's %d: it "
                         "was made with another model",
                         v->size, j->m->dit.latent);
    if (v->frames < patch || v->frames > VOICE_MAX_FRAMES)
        return echo_fail(err, ECHO_ERR_ARG, "the voice has %d frames, expected %d to %d",
                         v->frames, patch, VOICE_MAX_FRAMES);
    j->voice = v->latent;
    j->voice_patches = v->frames / patch;
    return ECHO_OK;
}

static echo_status take_continuation(struct job *j, echo_error *err)
{
    const echo_voice *v = j->p->continuation;
    int patch = j->m->dit.encoder[CONTEXT_VOICE].patch;

    if (!j->m->dit.has_past && (v || j->p->n_blocks))
        return echo_fail(err, ECHO_ERR_FILE,
                         "%s: the blockwise tensors (latent_encoder) are "
                         "missing: blockwise generation and continuation are "
                         "unavailable",
                         j->m->files.echo);
    if (!v)
        return ECHO_OK;
    if (v->size != j->m->dit.latent)
        return echo_fail(err, ECHO_ERR_ARG, "the continuation has %d numbers a frame, the "
                                            "model's %d", v->size, j->m->dit.latent);
    j->start = v->frames / patch * patch;
    if (!j->start)
        return echo_fail(err, ECHO_ERR_ARG, "the continuation has %d frames, at least %d are "
                                            "needed", v->frames, patch);
    if (j->start < v->frames)
        echo_log(j->m, ECHO_LOG_INFO, "the continuation is cut from %d to %d frames, whole "
                                      "patches of %d", v->frames, j->start, patch);
    return ECHO_OK;
}

static echo_status take_blocks(struct job *j, echo_error *err)
{
    j->blocks = j->p->n_blocks ? j->p->blocks : &j->p->frames;
    j->n_blocks = j->p->n_blocks ? j->p->n_blocks : 1;
    j->frames = j->start;
    for (int i = 0; i < j->n_blocks; i++)
        j->frames += j->blocks[i];
    if (j->frames > ECHO_MAX_FRAMES)
        return echo_fail(err, ECHO_ERR_ARG,
                         "%d frames to make after %d of the continuation: at "
                         "most %d fit together",
                         j->frames - j->start, j->start, ECHO_MAX_FRAMES);
    return ECHO_OK;
}

static struct sampler_options sampler_options(const echo_params *p)
{
    return (struct sampler_options){
        .steps = p->steps,
        .cfg_text = p->cfg_text,
        .cfg_voice = p->cfg_speaker,
        .cfg_min_t = p->cfg_min_t,
        .cfg_max_t = p->cfg_max_t,
        .rescale_k = p->rescale_k,
        .rescale_sigma = p->rescale_sigma,
        .force_voice = p->force_speaker,
        .force_layers = p->force_speaker_layers,
        .force_min_t = p->force_speaker_min_t,
        .round_times = p->round_timesteps,
    };
}

/* ---- the passes, the same on the null queue and in earnest ---- */

static void read_text_and_voice(struct job *j, struct run *r)
{
    const struct dit *d = &j->m->dit;
    struct kv *kv = j->s->kv;
    struct tensor state = echo_dit_state(r, d, CONTEXT_TEXT, j->n_ids);

    j->contexts.text = kv + CONTEXT_TEXT * d->layers;
    echo_encode_text(r, &d->encoder[CONTEXT_TEXT], state, j->ids, j->s->host);
    echo_dit_context(r, d, CONTEXT_TEXT, state, kv + CONTEXT_TEXT * d->layers);
    if (!j->voice)
        return;
    j->contexts.voice = kv + CONTEXT_VOICE * d->layers;
    state = echo_dit_state(r, d, CONTEXT_VOICE, j->voice_patches);
    echo_encode_latents(r, &d->encoder[CONTEXT_VOICE], state, j->voice);
    echo_dit_context(r, d, CONTEXT_VOICE, state, kv + CONTEXT_VOICE * d->layers);
}

/* Encode the speech so far; zeros behind the latents fill up the last patch. */
static void read_past(struct job *j, struct run *r, int start)
{
    const struct dit *d = &j->m->dit;
    const struct encoder *e = &d->encoder[CONTEXT_PAST];

    j->contexts.start = start;
    j->contexts.past = NULL;
    if (!start)
        return;
    j->contexts.past = j->s->kv + CONTEXT_PAST * d->layers;
    struct tensor state = echo_dit_state(r, d, CONTEXT_PAST, (start + e->patch - 1) / e->patch);

    echo_encode_latents(r, e, state, j->s->latent);
    echo_dit_context(r, d, CONTEXT_PAST, state, j->s->kv + CONTEXT_PAST * d->layers);
}

static void step_done(void *user)
{
    struct job *j = user;

    j->steps_done++;
    if (j->sink)
        echo_session_report(j->s, j->sink->progress, j->sink->user, ECHO_STAGE_SAMPLE,
                            j->steps_done, j->p->steps * j->n_blocks);
}

/* Shapes, scratch and host memory of the whole job. */
static echo_status plan(struct job *j, echo_error *err)
{
    struct run dry = echo_session_dry_run(j->s);
    struct codec_streams streams;
    size_t host = echo_decode_host_floats(j->s), work;
    size_t text = (size_t)j->n_ids * (size_t)j->m->dit.encoder[CONTEXT_TEXT].dim;
    int largest = 0;
    echo_status s;

    for (int i = 0; i < j->n_blocks; i++)
        largest = j->blocks[i] > largest ? j->blocks[i] : largest;
    work = echo_sampler_floats(&j->m->dit, largest);
    work = work > text ? work : text;
    if ((s = echo_session_reserve(j->s, 0, host > work ? host : work, err)))
        return s;
    read_text_and_voice(j, &dry);
    for (int i = 0, start = j->start; i < j->n_blocks; start += j->blocks[i++]) {
        size_t mark = arena_mark(&dry.arena);

        read_past(j, &dry, start);
        echo_sample_plan(&dry, &j->m->dit, &j->options, &j->contexts, j->blocks[i], j->s->host);
        arena_reset(&dry.arena, mark);
    }
    size_t peak = dry.arena.peak;

    if (j->wants_audio) {
        size_t decoding =
            arena_mark(&dry.arena) + echo_decode_scratch(j->s, j->frames, &streams);

        peak = decoding > peak ? decoding : peak;
        if ((s = echo_session_streams(j->s, &streams, &j->decoding.streams, err)))
            return s;
    }
    return echo_session_reserve(j->s, peak, 0, err);
}

/* ---- in earnest ---- */

static echo_status check_finite(struct job *j, int first, int frames, echo_error *err)
{
    size_t size = (size_t)j->m->dit.latent;
    const float *x = j->s->latent + (size_t)first * size;
    echo_status s;

    for (size_t i = 0; i < (size_t)frames * size; i++)
        if (!isfinite(x[i])) {
            s = echo_model_verify(j->m, err);
            return s ? s
                     : echo_fail(err, ECHO_ERR_ARG,
                                 "sampling diverged, latents are not finite: "
                                 "lower the guidance or the rescaling");
        }
    return ECHO_OK;
}

static echo_status sample_block(struct job *j, struct run *r, struct generator *g, int start,
                                int frames, echo_error *err)
{
    size_t mark = arena_mark(&r->arena), n = (size_t)frames * (size_t)j->m->dit.latent;
    float *x = j->s->latent + (size_t)start * (size_t)j->m->dit.latent;
    double begin = echo_clock();
    echo_status s;

    read_past(j, r, start);
    echo_randn(g, x, n);
    for (size_t i = 0; i < n; i++)
        x[i] *= j->p->truncation;
    struct sampler_result done = echo_sample(r, &j->m->dit, &j->options, &j->contexts, x,
                                             frames, j->s->host, step_done, j);

    arena_reset(&r->arena, mark);
    j->s->stats.steps += done.steps;
    j->s->stats.evaluations += done.evaluations;
    j->s->stats.sample_s += echo_clock() - begin;
    s = echo_session_check(j->s, err);
    return s ? s : check_finite(j, start, frames, err);
}

/* How many of the `made` frames are to be heard whatever comes; *ended: no more will. */
static int audible(const struct job *j, int made, bool complete, bool *ended)
{
    if (!j->p->trim)
        return made;
    int from = j->s->stats.kept > j->start ? j->s->stats.kept : j->start;
    int end = echo_speech_end(j->s->latent, from, made, j->m->dit.latent, complete);

    if (end >= 0) {
        *ended = true;
        return end;
    }
    if (complete)
        return made;
    return made - SPEECH_END_WINDOW + 1 > from ? made - SPEECH_END_WINDOW + 1 : from;
}

static echo_status hear(struct job *j, struct run *r, int made, bool complete, bool *ended,
                        echo_error *err)
{
    int known = j->s->stats.kept, now = audible(j, made, complete, ended);

    if (now <= known)
        return ECHO_OK;
    j->s->stats.kept = now;
    if (!j->wants_audio)
        return ECHO_OK;
    j->decoding.total = complete || *ended ? now : j->frames;
    return echo_decode_more(&j->decoding, r,
                            j->s->latent + (size_t)known * (size_t)j->m->dit.latent,
                            now - known, err);
}

static echo_status perform(struct job *j, echo_error *err)
{
    struct run r = echo_session_run(j->s);
    struct generator g;
    double begin = echo_clock();
    bool *ended = &j->s->stats.ended;
    echo_status s;

    echo_seed(&g, j->p->seed);
    if (j->wants_audio)
        echo_decode_begin(&j->decoding, &r);
    read_text_and_voice(j, &r);
    if ((s = echo_session_check(j->s, err)))
        return s;
    j->s->stats.text_s = echo_clock() - begin;
    for (int i = 0, made = j->start; i < j->n_blocks && !s; i++) {
        s = sample_block(j, &r, &g, made, j->blocks[i], err);
        if (s)
            break;
        made += j->blocks[i];
        j->s->frames = made;
        if (!*ended)
            s = hear(j, &r, made, i == j->n_blocks - 1, ended, err);
    }
    return s;
}

/* ---- what nobody would notice ---- */

/* Frames that a letter takes: 1.05 in a text that fills both its bytes and one pass, 1.4 in the
 * fastest speech of the small voice.  Below this, words are missing. */
#define FEWEST_A_LETTER 0.7

/* Frames of the longest pause within speech, 2 s.  Behind a longer one it is more often what a
 * model fills a wide window with, unless too little was said before. */
#define LONGEST_PAUSE 43

/* Speech takes 1 to 1.9 frames a byte: either the window is too short for the text or the model
 * has gone astray.  A text tells what is continued, too. */
static void warn_of_cut(const struct job *j)
{
    const echo_stats *stats = &j->s->stats;
    int bytes = j->n_ids - 1, most = (bytes * 19 + 9) / 10;
    const char *advice = j->frames >= most             ? "try another seed"
                         : j->frames < ECHO_MAX_FRAMES ? "give more frames, or split the text"
                                                       : "split the text";
    char end[64];

    if (stats->ended)
        snprintf(end, sizeof end, "ends after %d of %d frames, so words", stats->kept,
                 j->frames);
    else
        snprintf(end, sizeof end, "goes on to the last of the %d frames, so its end",
                 j->frames);
    echo_log(j->m, ECHO_LOG_WARNING,
             "speech %s may be missing: the text has %d bytes, which take about %d to %d "
             "frames; %s",
             end, bytes, bytes, most, advice);
}

/* Where speech goes on behind its end, or -1. */
static int find_more(const struct job *j)
{
    int kept = j->s->stats.kept;
    int again = echo_speech_again(j->s->latent, kept, j->frames, j->m->dit.latent);

    return again - kept <= LONGEST_PAUSE || kept < j->letters ? again : -1;
}

static void warn_of_more(const struct job *j, int again)
{
    double frame_s = (double)j->m->codec.frame_samples / ECHO_SAMPLE_RATE;

    echo_log(j->m, ECHO_LOG_WARNING,
             "speech seems to go on at %.1f s, behind the pause at %.1f s where it is cut: "
             "without trim (--no-trim) all of it is kept",
             again * frame_s, j->s->stats.kept * frame_s);
}

static void warn(const struct job *j)
{
    const echo_stats *stats = &j->s->stats;
    int again;

    if (!j->p->trim)
        return;
    if (stats->ended && (again = find_more(j)) >= 0)
        warn_of_more(j, again);
    else if (stats->ended && stats->kept <= j->start)
        echo_log(j->m, ECHO_LOG_WARNING, "the model made no speech: try another seed or text");
    else if (!stats->ended || stats->kept < FEWEST_A_LETTER * j->letters)
        warn_of_cut(j);
}

static echo_status generate(echo_session *s, const char *text, const echo_voice *voice,
                            const echo_params *params, const echo_sink *sink, echo_error *err)
{
    echo_params defaults = echo_params_default(s->model);
    struct job j = { .s = s, .m = s->model, .p = params ? params : &defaults, .sink = sink };
    double begin = echo_clock();
    echo_status status;

    s->stats = (echo_stats){ 0 };
    s->frames = 0;
    if ((status = echo_params_check(j.p, err)) || (status = take_text(&j, text, err)) ||
        (status = take_voice(&j, voice, err)) || (status = take_continuation(&j, err)) ||
        (status = take_blocks(&j, err)))
        return status;
    j.options = sampler_options(j.p);
    j.wants_audio = sink && sink->audio;
    j.decoding = (struct decoding){ .s = s, .sink = sink };
    if ((status = plan(&j, err)))
        return status;
    memset(s->latent, 0, echo_session_latent_floats(s->model) * sizeof(float));
    if (j.start)
        memcpy(s->latent, j.p->continuation->latent,
               (size_t)j.start * (size_t)j.m->dit.latent * sizeof(float));
    status = perform(&j, err);
    s->stats.frames = s->frames;
    s->stats.text_tokens = j.n_ids;
    s->stats.total_s = echo_clock() - begin;
    if (!status)
        warn(&j);
    return status;
}

echo_status echo_generate(echo_session *s, const char *text, const echo_voice *voice,
                          const echo_params *params, const echo_sink *sink, echo_error *err)
{
    return echo_session_end(s, generate(s, text, voice, params, sink, err));
}

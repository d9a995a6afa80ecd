/* SPDX-License-Identifier: MIT */
/*
 * generate.c - from text to latents, block by block, and on to sound.
 *
 * A pass without blocks is one block.  Sound is handed on as soon as it is
 * known not to be cut: a frame is kept unless 20 flat ones begin at or before it.
 */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/integers.h"
#include "base/random.h"
#include "engine/decode.h"
#include "engine/params.h"
#include "engine/voice.h"
#include "engine/warn.h"
#include "model/sampler.h"
#include "model/speech_end.h"
#include "text/text.h"

struct job {
    echo_session *s;
    const echo_model *m;
    const echo_params *p;
    const echo_sink *sink;
    const echo_voice *speech; /* to go on from; NULL: from silence */
    unsigned char ids[TEXT_MAX_TOKENS];
    int n_ids, letters;
    const float *speaker;
    int speaker_patches;
    int start, frames; /* frames of the speech; with it, what all blocks may have */
    bool fitted;       /* frames were estimated ... */
    bool unfinished;   /* ... and were too few */
    struct sampler_contexts contexts;
    struct decoding decoding;
    bool wants_audio;
    int steps_done, steps_total;
};

/* ---- what is asked ---- */

echo_status echo_text_check(const char *text, bool normalize, echo_error *err)
{
    echo_status s = echo_text_valid(text, err);

    if (s)
        return s;
    size_t n = echo_text_normalize(text, normalize, NULL, 0);

    if (n > ECHO_MAX_TEXT)
        return echo_fail_field(err, "text",
                               "the text is %zu bytes long, one pass takes at most %d: split "
                               "it",
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

static echo_status take_speaker(struct job *j, const echo_voice *v, echo_error *err)
{
    int patch = j->m->dit.encoder[CONTEXT_SPEAKER].patch;

    if (!v)
        return ECHO_OK;
    if (v->size != j->m->dit.latent)
        return echo_fail_field(err, "voice",
                               "the voice has latents of size %d, the model's are %d: it was "
                               "made with another model",
                               v->size, j->m->dit.latent);
    if (v->frames < patch || v->frames > VOICE_MAX_FRAMES)
        return echo_fail_field(err, "voice", "the voice has %d frames, expected %d to %d",
                               v->frames, patch, VOICE_MAX_FRAMES);
    j->speaker = v->latent;
    j->speaker_patches = v->frames / patch;
    return ECHO_OK;
}

static bool in_blocks(const struct job *j)
{
    return j->p->block_sizes.n || (j->sink && j->sink->next_block);
}

static echo_status take_speech(struct job *j, echo_error *err)
{
    const echo_voice *v = j->speech;
    int patch = j->m->dit.encoder[CONTEXT_SPEAKER].patch;

    if (!j->m->dit.has_prefix && (v || in_blocks(j)))
        return echo_fail_field(err, v ? "speech" : "block_sizes",
                               "%s: the blockwise tensors (latent_encoder) are missing: "
                               "blockwise generation and continuation are unavailable",
                               j->m->files.echo);
    if (!v)
        return ECHO_OK;
    if (v->size != j->m->dit.latent)
        return echo_fail_field(err, "speech",
                               "the speech to go on from has latents of size %d, the model's "
                               "are %d",
                               v->size, j->m->dit.latent);
    j->start = v->frames / patch * patch;
    if (!j->start)
        return echo_fail_field(err, "speech",
                               "the speech to go on from has %d frames, at least %d are needed",
                               v->frames, patch);
    if (j->start < v->frames)
        echo_session_log(j->s, ECHO_LOG_INFO, "the speech to go on from is cut from %d to %d "
                                              "frames, whole patches of %d",
                         v->frames, j->start, patch);
    return ECHO_OK;
}

/* Frames that the model knows and that fit behind the speech. */
static int largest_window(const struct job *j)
{
    int left = ECHO_MAX_FRAMES - j->start;

    return left < 1 ? 1 : at_most(j->m->settings.max_sequence_length, left);
}

static int estimated_frames(const struct job *j)
{
    const struct settings *s = &j->m->settings;
    double frames = (double)s->frames_per_byte * (j->n_ids - 1) + s->frames_margin - j->start;

    return frames < 1 ? 1 : at_most((int)ceil(frames), ECHO_MAX_FRAMES);
}

/* Without trim nobody looks for an end, and blocks stop where it is: both get the largest. */
static int automatic_length(struct job *j)
{
    int largest = largest_window(j), frames = largest;

    if (j->p->trim && !in_blocks(j))
        frames = at_most(estimated_frames(j), largest);
    j->fitted = frames < largest;
    return frames;
}

static echo_status take_length(struct job *j, echo_error *err)
{
    const echo_list *blocks = &j->p->block_sizes;
    int made = blocks->n ? 0 : j->p->sequence_length;

    if (!blocks->n && !made)
        made = automatic_length(j);
    if (blocks->n && j->sink && j->sink->next_block)
        return echo_fail_field(err, "block_sizes", "block_sizes are given, and the sink's "
                                                   "next_block too: use one of them");
    for (int i = 0; i < blocks->n; i++)
        made += blocks->items[i];
    j->frames = j->start + made;
    if (j->frames > ECHO_MAX_FRAMES)
        return echo_fail_field(err, blocks->n ? "block_sizes" : "sequence_length",
                               "%d frames to make after %d of the speech to go on from: at "
                               "most %d fit together",
                               made, j->start, ECHO_MAX_FRAMES);
    return ECHO_OK;
}

/* Frames of block i, after `made` of all; 0: there is none. */
static echo_status next_block(struct job *j, int i, int made, int *frames, echo_error *err)
{
    int left = j->frames - made;

    *frames = left;
    if (!left)
        return ECHO_OK;
    if (j->p->block_sizes.n)
        *frames = j->p->block_sizes.items[i];
    else if (j->sink && j->sink->next_block)
        *frames = j->sink->next_block(j->sink->user, made - j->start, left);
    if (*frames < 0 || *frames > left)
        return echo_fail_field(err, "next_block", "next_block wants %d frames, at most %d are "
                                                  "left",
                               *frames, left);
    if (j->p->block_sizes.n)
        j->steps_total = j->p->num_steps * j->p->block_sizes.n;
    else if (*frames) /* those to come are taken to be as long */
        j->steps_total = j->steps_done + j->p->num_steps * divide_up(left, *frames);
    return ECHO_OK;
}

/* ---- the passes, the same dry and in earnest ---- */

static void read_text_and_speaker(struct job *j, struct run *r)
{
    const struct dit *d = &j->m->dit;
    struct kv *kv = j->s->kv;
    struct tensor hidden = echo_dit_hidden(r, d, CONTEXT_TEXT, j->n_ids);

    j->contexts.text = kv + CONTEXT_TEXT * d->layers;
    echo_encode_text(r, &d->encoder[CONTEXT_TEXT], hidden, j->ids, j->s->sampling.host);
    echo_dit_context(r, d, CONTEXT_TEXT, hidden, kv + CONTEXT_TEXT * d->layers);
    if (!j->speaker)
        return;
    j->contexts.speaker = kv + CONTEXT_SPEAKER * d->layers;
    hidden = echo_dit_hidden(r, d, CONTEXT_SPEAKER, j->speaker_patches);
    echo_encode_latents(r, &d->encoder[CONTEXT_SPEAKER], hidden, j->speaker);
    echo_dit_context(r, d, CONTEXT_SPEAKER, hidden, kv + CONTEXT_SPEAKER * d->layers);
}

/* Encode the speech so far; zeros behind the latents fill up the last patch. */
static void read_prefix(struct job *j, struct run *r, int start)
{
    const struct dit *d = &j->m->dit;
    const struct encoder *e = &d->encoder[CONTEXT_PREFIX];

    j->contexts.start = start;
    j->contexts.prefix = NULL;
    if (!start)
        return;
    j->contexts.prefix = j->s->kv + CONTEXT_PREFIX * d->layers;
    struct tensor hidden = echo_dit_hidden(r, d, CONTEXT_PREFIX, divide_up(start, e->patch));

    echo_encode_latents(r, e, hidden, j->s->latent);
    echo_dit_context(r, d, CONTEXT_PREFIX, hidden, j->s->kv + CONTEXT_PREFIX * d->layers);
}

static void step_done(void *user)
{
    struct job *j = user;

    j->steps_done++;
    if (j->sink)
        echo_session_report(j->s, j->sink->progress, j->sink->user, ECHO_STAGE_SAMPLE,
                            j->steps_done, j->steps_total);
}

/* Frames of the largest block there may be. */
static int largest_block(const struct job *j)
{
    const echo_list *blocks = &j->p->block_sizes;
    int largest = blocks->n ? 0 : j->frames - j->start;

    for (int i = 0; i < blocks->n; i++)
        largest = blocks->items[i] > largest ? blocks->items[i] : largest;
    return largest;
}

/* Shapes and memory of the sampling: its largest block, behind the longest prefix. */
static echo_status plan(struct job *j, echo_error *err)
{
    struct lane *lane = &j->s->sampling;
    struct run dry = echo_lane_dry_run(lane);
    size_t text = (size_t)j->n_ids * (size_t)j->m->dit.encoder[CONTEXT_TEXT].dim, work;
    int largest = largest_block(j);
    echo_status s;

    work = echo_sampler_floats(&j->m->dit, largest);
    if ((s = echo_lane_reserve(lane, 0, work > text ? work : text, err)))
        return s;
    read_text_and_speaker(j, &dry);
    read_prefix(j, &dry, in_blocks(j) ? j->frames : j->start);
    echo_sample(&dry, &j->m->dit, j->p, &j->contexts, NULL, largest, lane->host, NULL, NULL);
    return echo_lane_reserve(lane, dry.arena.peak, 0, err);
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

    read_prefix(j, r, start);
    echo_randn(g, x, n);
    for (size_t i = 0; i < n; i++)
        x[i] *= j->p->truncation_factor;
    struct sampler_result done = echo_sample(r, &j->m->dit, j->p, &j->contexts, x, frames,
                                             j->s->sampling.host, step_done, j);

    arena_reset(&r->arena, mark);
    j->s->stats.steps += done.steps;
    j->s->stats.evaluations += done.evaluations;
    j->s->stats.blocks++;
    j->s->stats.sample_s += echo_clock() - begin;
    s = echo_session_check(j->s, &j->s->sampling, err);
    return s ? s : check_finite(j, start, frames, err);
}

/* How many of the `made` frames are in the sound whatever comes; *ended: no more will be. */
static int settled(const struct job *j, int made, bool complete, bool *ended)
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

/* A pause at the end of a window that was estimated may be one between words. */
#define FLAT_ENOUGH 8 /* frames, 0.37 s */

static bool is_finished(const struct job *j, int made)
{
    int end = echo_speech_end(j->s->latent, j->start, made, j->m->dit.latent, true);

    return end >= 0 && made - end >= FLAT_ENOUGH;
}

/* Decode what is settled now. */
static void emit(struct job *j, int made, bool complete)
{
    echo_stats *stats = &j->s->stats;
    int now = stats->ended ? 0 : settled(j, made, complete, &stats->ended);

    if (now <= stats->kept)
        return;
    stats->kept = now;
    if (j->wants_audio)
        echo_decode_more(&j->decoding, now, complete || stats->ended ? now : j->frames);
}

static echo_status sample(struct job *j, echo_error *err)
{
    struct run r = echo_lane_run(&j->s->sampling);
    struct generator g;
    double begin = echo_clock();
    int made = j->start, frames;
    echo_status s;

    echo_seed(&g, j->p->rng_seed);
    read_text_and_speaker(j, &r);
    if ((s = echo_session_check(j->s, &j->s->sampling, err)))
        return s;
    j->s->stats.text_s += echo_clock() - begin;
    for (int i = 0; !(s = next_block(j, i, made, &frames, err)) && frames; i++) {
        if ((s = sample_block(j, &r, &g, made, frames, err)))
            break;
        made += frames;
        j->s->frames = made;
        j->unfinished = j->fitted && !is_finished(j, made);
        if (!j->unfinished)
            emit(j, made, made == j->frames);
    }
    if (!s && made < j->frames) /* next_block wants no more */
        emit(j, made, true);
    return s;
}

/* The reason that matters: where one of the two was only told to stop, the other knows why. */
static echo_status sample_and_decode(struct job *j, echo_error *err)
{
    bool overlap = j->s->overlap && in_blocks(j);
    echo_error why = { 0 };
    echo_status s, decoded;

    if (!j->wants_audio)
        return sample(j, err);
    if ((s = echo_decode_begin(&j->decoding, j->s, j->s->latent, j->frames, j->sink, overlap,
                               err)))
        return s;
    s = sample(j, err);
    decoded = echo_decode_end(&j->decoding, &why);
    if (!decoded || (s && (s != ECHO_ERR_CANCELLED || decoded == ECHO_ERR_CANCELLED)))
        return s;
    if (err)
        *err = why;
    return decoded;
}

/* ---- the calls ---- */

static echo_status attempt(struct job *j, echo_error *err)
{
    size_t size = (size_t)j->m->dit.latent;
    echo_status s = plan(j, err);

    if (s)
        return s;
    j->s->frames = 0;
    memset(j->s->latent, 0, echo_session_latent_floats(j->m) * sizeof(float));
    if (j->start)
        memcpy(j->s->latent, j->speech->latent, (size_t)j->start * size * sizeof(float));
    return sample_and_decode(j, err);
}

static echo_status generate(echo_session *s, const echo_voice *speech, const char *text,
                            const echo_voice *voice, const echo_params *params,
                            const echo_sink *sink, echo_error *err)
{
    echo_params defaults = echo_params_default(s->model);
    struct job j = { .s = s, .m = s->model, .p = params ? params : &defaults, .sink = sink,
                     .speech = speech, .wants_audio = sink && sink->audio };
    double begin = echo_clock();
    echo_status status;

    s->stats = (echo_stats){ 0 };
    s->frames = 0;
    if ((status = echo_params_check(j.p, err)) || (status = take_text(&j, text, err)) ||
        (status = take_speaker(&j, voice, err)) || (status = take_speech(&j, err)) ||
        (status = take_length(&j, err)))
        return status;
    status = attempt(&j, err);
    if (!status && j.unfinished) { /* once more, with the noise of a first time */
        j.frames = j.start + largest_window(&j);
        j.fitted = false;
        s->stats.retries++;
        status = attempt(&j, err);
    }
    s->stats.frames = s->frames;
    s->stats.text_tokens = j.n_ids;
    s->stats.total_s = echo_clock() - begin;
    if (!status && j.p->trim)
        echo_warn_of_speech(s, j.n_ids - 1, j.letters, j.start);
    return status;
}

echo_status echo_continue(echo_session *s, const echo_voice *speech, const char *text,
                          const echo_voice *voice, const echo_params *params,
                          const echo_sink *sink, echo_error *err)
{
    echo_status status = echo_session_begin(s, sink ? sink->log : NULL,
                                            sink ? sink->user : NULL, err);

    if (status)
        return status;
    return echo_session_end(s, generate(s, speech, text, voice, params, sink, err));
}

echo_status echo_generate(echo_session *s, const char *text, const echo_voice *voice,
                          const echo_params *params, const echo_sink *sink, echo_error *err)
{
    return echo_continue(s, NULL, text, voice, params, sink, err);
}

/* SPDX-License-Identifier: MIT */
/*
 * A pass without blocks is one block.  Sound is handed on as soon as it is
 * known not to be cut: a frame is kept unless 20 flat ones begin at or before it.
 */
#include "engine/utterance.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/integers.h"
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
    const struct utterance *u;
    const echo_params *p;
    const echo_sink *sink;
    unsigned char ids[TEXT_MAX_TOKENS];
    int n_ids, weight;
    const float *speaker;
    int speaker_patches;
    int start, frames; /* frames of the speech; with it, what all blocks may have */
    int limit;         /* what they may grow to where `frames` is an estimate */
    bool fitted;       /* frames are an estimate ... */
    bool unfinished;   /* ... that was too small, and blocks cannot go on */
    struct sampler_contexts contexts;
    struct decoding decoding;
    bool wants_audio;
    int steps_done, steps_total;
};

/* ---- what is asked ---- */

static echo_status take_text(struct job *j, const char *text, echo_error *err)
{
    char bytes[TEXT_MAX_TOKENS];
    echo_status s = echo_text_check(text, j->p->normalize, err);

    if (s)
        return s;
    j->n_ids = 1 + (int)echo_text_normalize(text, j->p->normalize, bytes, sizeof bytes);
    j->ids[0] = 0;
    memcpy(j->ids + 1, bytes, (size_t)j->n_ids - 1);
    j->weight = echo_text_weight(bytes, (size_t)j->n_ids - 1);
    return ECHO_OK;
}

static echo_status take_speaker(struct job *j, const echo_voice *v, echo_error *err)
{
    echo_status s;

    if (!v)
        return ECHO_OK;
    if ((s = echo_voice_fits(v, j->m, err)))
        return s;
    j->speaker = v->latent;
    j->speaker_patches = v->frames / j->m->dit.encoder[CONTEXT_SPEAKER].patch;
    return ECHO_OK;
}

static bool in_blocks(const struct job *j)
{
    return j->p->block_sizes.n || (j->sink && j->sink->next_block);
}

static echo_status take_speech(struct job *j, echo_error *err)
{
    const echo_voice *v = j->u->speech;
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

/* The text counts what is continued, too.  Without trim nobody looks for an end. */
static int automatic_length(struct job *j)
{
    int largest = largest_window(j);
    int frames = echo_pace_frames(j->u->pace, &j->m->settings, j->weight) - j->start;

    frames = frames < 1 ? 1 : frames;
    if (!j->p->trim || frames >= largest)
        return largest;
    j->fitted = true;
    return frames;
}

static int wanted_length(struct job *j)
{
    switch (j->p->sequence_length) {
    case ECHO_LENGTH_AUTO: return automatic_length(j);
    case ECHO_LENGTH_FULL: return largest_window(j);
    default: return j->p->sequence_length;
    }
}

static echo_status take_length(struct job *j, echo_error *err)
{
    const echo_list *blocks = &j->p->block_sizes;
    int made = blocks->n ? 0 : wanted_length(j);

    if (blocks->n && j->sink && j->sink->next_block)
        return echo_fail_field(err, "block_sizes", "block_sizes are given, and the sink's "
                                                   "next_block too: use one of them");
    for (int i = 0; i < blocks->n; i++)
        made += blocks->items[i];
    j->frames = j->start + made;
    j->limit = j->fitted ? j->start + largest_window(j) : j->frames;
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

/* Its keys and values stay for whoever speaks in this voice next.  Returns the bytes that they
 * take; 0: they are there, or there is no speaker. */
static size_t read_speaker(struct job *j, struct run *r)
{
    const struct dit *d = &j->m->dit;
    struct speaker *speaker = j->s->speaker;
    size_t mark = arena_mark(&r->arena);
    struct run staying = *r;
    struct tensor hidden;

    j->contexts.speaker = speaker ? speaker->kv : NULL;
    if (!speaker || speaker->made)
        return 0;
    staying.mem = &speaker->memory;
    staying.arena = (struct arena){ .cap = r->dry ? SIZE_MAX : speaker->memory.bytes };
    hidden = echo_dit_hidden(r, d, CONTEXT_SPEAKER, j->speaker_patches);
    echo_encode_latents(r, &d->encoder[CONTEXT_SPEAKER], hidden, j->speaker);
    echo_dit_context(&staying, d, CONTEXT_SPEAKER, hidden, speaker->kv);
    arena_reset(&r->arena, mark);
    return staying.arena.peak;
}

static void read_text(struct job *j, struct run *r)
{
    const struct dit *d = &j->m->dit;
    struct kv *kv = j->s->kv + CONTEXT_TEXT * d->layers;
    struct tensor hidden = echo_dit_hidden(r, d, CONTEXT_TEXT, j->n_ids);

    j->contexts.text = kv;
    echo_encode_text(r, &d->encoder[CONTEXT_TEXT], hidden, j->ids, j->s->sampling.host);
    echo_dit_context(r, d, CONTEXT_TEXT, hidden, kv);
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

/* Where speech has not ended in the estimated frames, blocks go on if the model has them. */
static bool may_go_on(const struct job *j)
{
    return j->fitted && j->m->dit.has_prefix;
}

/* Frames to go on for: half as much again, but not a few at a time. */
static int more_frames(const struct job *j, int made)
{
    int half = (made - j->start) / 2;

    return at_most(half > 64 ? half : 64, j->limit - made);
}

/* Frames of the largest block there may be. */
static int largest_block(const struct job *j)
{
    const echo_list *blocks = &j->p->block_sizes;
    int largest = blocks->n ? 0 : j->frames - j->start;

    if (may_go_on(j)) /* perhaps until there is no more room */
        for (int made = j->frames, more; (more = more_frames(j, made)) > 0; made += more)
            largest = more > largest ? more : largest;
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
    bool prefixes = in_blocks(j) || may_go_on(j);
    size_t speaker;
    echo_status s;

    work = echo_sampler_floats(&j->m->dit, largest);
    if ((s = echo_lane_reserve(lane, 0, work > text ? work : text, err)))
        return s;
    speaker = read_speaker(j, &dry);
    read_text(j, &dry);
    read_prefix(j, &dry, prefixes ? j->limit : j->start);
    echo_sample(&dry, &j->m->dit, j->p, &j->contexts, NULL, largest, lane->host, NULL, NULL);
    if ((s = echo_lane_reserve(lane, dry.arena.peak, 0, err)) || !speaker)
        return s;
    echo_speakers_make_room(&j->s->model->speakers, speaker);
    return echo_lane_grow(lane, &j->s->speaker->memory, speaker, err);
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
    return complete ? made
                    : echo_speech_settled(j->s->latent, from, made, j->m->dit.latent);
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

/* All frames of an estimate are made: true if there are more to make after all. */
static bool go_on(struct job *j, int made)
{
    if (!j->fitted || is_finished(j, made) || made == j->limit)
        return false;
    j->unfinished = !may_go_on(j);
    if (j->unfinished)
        return false;
    j->frames = made + more_frames(j, made);
    j->s->stats.retries++;
    return true;
}

static echo_status read_contexts(struct job *j, struct run *r, echo_error *err)
{
    double begin = echo_clock();
    echo_status s;

    read_speaker(j, r);
    read_text(j, r);
    s = echo_session_check(j->s, &j->s->sampling, err);
    if (!s && j->s->speaker && !j->s->speaker->made)
        echo_speaker_made(&j->s->model->speakers, j->s->speaker);
    j->s->stats.text_s += echo_clock() - begin;
    return s;
}

/* Where the length is a matter of the speech, nothing is made behind its end. */
static bool is_over(const struct job *j)
{
    return j->s->stats.ended && j->fitted;
}

static echo_status sample(struct job *j, echo_error *err)
{
    struct run r = echo_lane_run(&j->s->sampling);
    struct generator g;
    int made = j->start, frames;
    echo_status s = read_contexts(j, &r, err);

    if (s)
        return s;
    echo_seed(&g, j->p->rng_seed);
    for (int i = 0; !(s = next_block(j, i, made, &frames, err)) && frames; i++) {
        if ((s = sample_block(j, &r, &g, made, frames, err)))
            break;
        made += frames;
        j->s->frames = made;
        bool more = made < j->frames || go_on(j, made);

        if (!j->unfinished)
            emit(j, made, !more);
        if (is_over(j))
            break;
    }
    if (!s && made < j->frames && !is_over(j)) /* next_block wants no more */
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
    if ((s = echo_decode_begin(&j->decoding, j->s, &j->s->stats, j->s->latent, j->limit,
                               j->sink, overlap, err)))
        return s;
    s = sample(j, err);
    decoded = echo_decode_end(&j->decoding, &why);
    if (!decoded || (s && (s != ECHO_ERR_CANCELLED || decoded == ECHO_ERR_CANCELLED)))
        return s;
    if (err)
        *err = why;
    return decoded;
}

/* ---- the call ---- */

static echo_status attempt(struct job *j, echo_error *err)
{
    size_t size = (size_t)j->m->dit.latent;
    echo_status s = plan(j, err);

    if (s)
        return s;
    j->s->frames = 0;
    memset(j->s->latent, 0, echo_session_latent_floats(j->m) * sizeof(float));
    if (j->start)
        memcpy(j->s->latent, j->u->speech->latent, (size_t)j->start * size * sizeof(float));
    return sample_and_decode(j, err);
}

/* The next window of a voice is as long as its pace tells. */
static void remember_pace(const struct job *j)
{
    if (j->u->pace && j->s->stats.ended && !j->start)
        echo_pace_heard(j->u->pace, j->weight, j->s->stats.kept);
}

static echo_status take(struct job *j, echo_error *err)
{
    echo_status s;

    if ((s = echo_params_check(j->p, err)) || (s = take_text(j, j->u->text, err)) ||
        (s = take_speaker(j, j->u->voice, err)) || (s = take_speech(j, err)))
        return s;
    return take_length(j, err);
}

/* For the rest of the call, or until it speaks in another voice. */
static echo_status hold_speaker(struct job *j, echo_error *err)
{
    struct speaker_cache *speakers = &j->s->model->speakers;
    uint64_t identity = j->speaker ? echo_voice_identity(j->u->voice) : 0;
    double begin = echo_clock();
    echo_status s = ECHO_OK;

    if (j->s->speaker && j->s->speaker->identity != identity)
        echo_speaker_release(speakers, &j->s->speaker);
    if (identity && !j->s->speaker)
        s = echo_speaker_hold(speakers, &j->s->speaker, identity, j->m->dit.layers,
                              j->s->sampling.stopped, j->s->sampling.user, err);
    j->s->stats.text_s += echo_clock() - begin;
    return s;
}

echo_status echo_utter(echo_session *s, const struct utterance *u, echo_error *err)
{
    struct job j = { .s = s, .m = s->model, .u = u, .p = u->params, .sink = u->sink,
                     .wants_audio = u->sink && u->sink->audio };
    double begin = echo_clock();
    echo_status status;

    s->stats = (echo_stats){ 0 };
    s->frames = 0;
    if ((status = take(&j, err)) || (status = hold_speaker(&j, err)))
        return status;
    s->stats.window = j.frames;
    status = attempt(&j, err);
    if (!status && j.unfinished) { /* once more, with the noise of a first time */
        j.frames = j.limit;
        j.fitted = j.unfinished = false;
        s->stats.retries++;
        status = attempt(&j, err);
    }
    if (s->speaker && !s->speaker->made) /* somebody else may wait for it */
        echo_speaker_release(&s->model->speakers, &s->speaker);
    s->stats.frames = s->frames;
    s->stats.text_tokens = j.n_ids;
    s->stats.total_s = echo_clock() - begin;
    if (!status)
        remember_pace(&j);
    return status;
}

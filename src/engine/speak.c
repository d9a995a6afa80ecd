/* SPDX-License-Identifier: MIT */
/*
 * A text is cleaned and cut to pieces (pieces.h).  Each becomes latents (utterance.h), which
 * are looked at (trouble.h) and perhaps made again; then sound (decode.h), which is joined to
 * what came before (audio/join.h).  A piece is sampled while the one before it is decoded,
 * where a session overlaps the two.  In a stream, sound leaves while its piece is made.
 */
#include "engine/speak.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/join.h"
#include "base/clock.h"
#include "base/memory.h"
#include "engine/blocks.h"
#include "engine/decode.h"
#include "engine/params.h"
#include "engine/pieces.h"
#include "engine/trouble.h"
#include "engine/utterance.h"
#include "engine/voice.h"
#include "text/text.h"

#define RETAKE_SEED     7919 /* between the seeds of two tries, which no other piece has */
#define OWN_VOICE       160  /* frames that make a voice, 7.4 s */
#define HALVED          40   /* a shorter piece is not cut in two where its end is missing */
#define STREAM_HOLD_S   1.0  /* of a streamed piece is heard before its level is judged */

/* Of the narrator, then of the roles. */
struct paces {
    struct pace of[1 + ECHO_MAX_ROLES];
};

/* One piece on its way. */
struct piece {
    char *text;
    struct split_piece cut;          /* but for its text */
    struct split_position at, after; /* where it begins; where it ends */
    int index, weight, takes;
    uint64_t seed;
    struct trouble trouble;
    echo_stats stats;
    struct paces paces; /* when it had been said */
    double done;      /* of the text, up to its end */
};

struct speaking {
    echo_session *s;
    const echo_model *m;
    echo_params params; /* of each piece */
    const echo_params *asked;
    const echo_speak_opts *o;
    const echo_speak_sink *sink;
    struct pieces pieces;
    struct paces paces;
    const echo_voice *voice; /* the narrator's: the caller's, or `own` */
    echo_voice *own;         /* of the first pieces */
    uint64_t job;
    struct piece now, next;  /* text NULL: there is none */
    int halved;              /* weight that the next piece may have; 0: any */

    float *kept, *best; /* latents: of the piece that is decoded; of the best try */
    struct piece decoded; /* the piece whose decoding runs; text NULL: none does */
    struct decoding decoding;
    echo_stats decode_stats;
    echo_sink decode_sink, sample_sink;
    struct joiner *joiner;
    struct blocks blocks;

    echo_stats total;
    size_t before; /* samples of the run that this one goes on from */
    double begun, made; /* shares of the text: done at the beginning, and sampled by now */
    double from, to, told; /* of the piece at hand, and the last that was said of it: with the
                            * session's lock of callbacks */
    pthread_mutex_t lock;  /* of what follows: sound may come from the decoding thread */
    size_t samples;     /* handed on */
    double first_audio; /* when it came; 0: not yet */
};

/* ---- the next piece ---- */

/* At the pace of who says what comes next. */
static struct piece_limit limit_now(const struct speaking *k)
{
    int role = echo_split_role(k->pieces.splitter);

    return echo_pieces_limit(&k->paces.of[role], &k->m->settings, k->asked->sequence_length);
}

/* False where there is none, or memory ran out: then `status` says so. */
static bool fetch(struct speaking *k, struct piece *p, echo_status *status, echo_error *err)
{
    struct piece_limit limit = limit_now(k);

    *p = (struct piece){ .at = echo_split_tell(k->pieces.splitter) };
    if (k->halved)
        limit.weight = limit.most = k->halved;
    k->halved = 0;
    if (!echo_pieces_next(&k->pieces, limit, &p->cut)) {
        if (echo_split_failed(k->pieces.splitter))
            *status = echo_fail_memory(err, 0, "splitting the text");
        return false;
    }
    p->after = echo_split_tell(k->pieces.splitter);
    p->done = echo_split_done(k->pieces.splitter);
    p->index = k->total.pieces;
    p->weight = echo_text_weight(p->cut.text, strlen(p->cut.text));
    if (!(p->text = strdup(p->cut.text)))
        *status = echo_fail_memory(err, strlen(p->cut.text), "a piece of the text");
    return p->text != NULL;
}

static void forget(struct piece *p)
{
    free(p->text);
    p->text = NULL;
}

/* ---- callbacks ---- */

/* Silence at the end of the text is what it asks for, no more. */
static double pause_behind(const struct speaking *k, const struct piece *p, bool last)
{
    if (last)
        return p->cut.pause_s > 0 ? p->cut.pause_s : 0;
    return echo_pieces_pause(&p->cut, k->o);
}

static bool hand_on(void *user, const float *pcm, size_t n)
{
    struct speaking *k = user;

    pthread_mutex_lock(&k->lock);
    if (!k->first_audio)
        k->first_audio = echo_clock();
    k->samples += n;
    pthread_mutex_unlock(&k->lock);
    return k->sink->audio(k->sink->user, pcm, n);
}

static bool join(void *user, const float *pcm, size_t n)
{
    return echo_joiner_write(((struct speaking *)user)->joiner, pcm, n);
}

/* The piece at hand is this share of the text. */
static void set_span(struct speaking *k, double from, double to)
{
    pthread_mutex_lock(&k->s->callbacks);
    k->from = from;
    k->to = to;
    pthread_mutex_unlock(&k->s->callbacks);
}

/* Of a piece, sampling is most of the work.  Decoding beside it is of the piece before. */
static bool tell_overall(struct speaking *k, echo_stage stage, int done, int total)
{
    bool beside = k->s->overlap && !k->o->stream;
    double part = total ? (double)done / total : 0, left = -1, now;

    if (beside)
        now = stage == ECHO_STAGE_SAMPLE ? part : 0;
    else
        now = stage == ECHO_STAGE_SAMPLE ? 0.7 * part : 0.7 + 0.3 * part;

    now = k->from + (k->to - k->from) * now;
    k->told = now > k->told ? now : k->told;
    if (k->told - k->begun > 0.02)
        left = (echo_clock() - k->s->began) * (1 - k->told) / (k->told - k->begun);
    return !k->sink->overall || k->sink->overall(k->sink->user, k->told, left);
}

static bool progress(void *user, echo_stage stage, int done, int total)
{
    struct speaking *k = user;
    bool go_on = !k->sink->progress || k->sink->progress(k->sink->user, stage, done, total);

    return tell_overall(k, stage, done, total) && go_on;
}

/* Seconds that were handed on and are not played yet, in real time. */
static double ahead(struct speaking *k)
{
    double seconds = 0;

    pthread_mutex_lock(&k->lock);
    if (k->first_audio)
        seconds = (double)k->samples / ECHO_SAMPLE_RATE - (echo_clock() - k->first_audio);
    pthread_mutex_unlock(&k->lock);
    return seconds;
}

static int next_block(void *user, int made, int left)
{
    struct speaking *k = user;

    (void)made;
    return echo_blocks_next(&k->blocks, left, ahead(k), echo_clock());
}

/* ---- making one ---- */

static void add_times(struct speaking *k, const echo_stats *one)
{
    echo_stats *t = &k->total;

    t->retries += one->retries;
    t->blocks += one->blocks;
    t->steps += one->steps;
    t->evaluations += one->evaluations;
    t->text_s += one->text_s;
    t->sample_s += one->sample_s;
    t->decode_s += one->decode_s;
    t->overlap_s += one->overlap_s;
}

static bool has_own_voice(const struct speaking *k, int role)
{
    return role && k->o->cast[role - 1].voice;
}

/* One try; the session has its latents then. */
static echo_status take(struct speaking *k, struct piece *p, echo_error *err)
{
    int role = p->cut.role;
    const echo_voice *voice = has_own_voice(k, role) ? k->o->cast[role - 1].voice : k->voice;
    struct paces paces = k->paces;
    struct utterance u = { .text = p->text, .voice = voice, .params = &k->params,
                           .sink = &k->sample_sink, .pace = &paces.of[role] };
    echo_status s;

    p->seed = k->asked->rng_seed + (uint64_t)p->index + (uint64_t)RETAKE_SEED * p->takes;
    k->params.rng_seed = p->seed;
    p->takes++;
    if ((s = echo_utter(k->s, &u, err)))
        return s;
    p->stats = k->s->stats;
    p->paces = paces;
    p->trouble = (struct trouble){ 0 };
    if (k->params.trim)
        p->trouble = echo_find_trouble(k->s, k->s->stats.text_tokens - 1,
                                       echo_text_letters(p->text), 0);
    add_times(k, &p->stats);
    return ECHO_OK;
}

/* The worst is to say nothing; a few words behind the end are the least. */
static int badness(const struct piece *p)
{
    static const int bad[] = { [TROUBLE_NONE] = 0, [TROUBLE_MORE] = 1, [TROUBLE_LONG] = 2,
                               [TROUBLE_CUT] = 3, [TROUBLE_SILENT] = 4 };

    return bad[p->trouble.kind];
}

static void keep_latents(const struct speaking *k, float *to, const struct piece *p)
{
    memcpy(to, k->s->latent,
           (size_t)p->stats.kept * (size_t)k->m->dit.latent * sizeof *to);
}

/* Try until it is right, or often enough; the best try's latents are in k->best. */
static echo_status make(struct speaking *k, struct piece *p, echo_error *err)
{
    int tries = k->o->stream ? 1 : 1 + k->o->retakes;
    struct piece now = *p;
    echo_status s;

    set_span(k, k->made, p->done);
    do {
        if ((s = take(k, &now, err)))
            return s;
        if (now.takes == 1 || badness(&now) < badness(p)) {
            *p = now;
            keep_latents(k, k->best, p);
        }
    } while (badness(p) && now.takes < tries);
    p->takes = now.takes;
    k->s->stats = p->stats;
    k->total.retakes += now.takes - 1;
    return ECHO_OK;
}

/* A text whose end is missing in the largest window, try as one may, is said in two. */
static bool is_to_be_halved(const struct speaking *k, const struct piece *p)
{
    return p->trouble.kind == TROUBLE_CUT && !p->stats.ended && !k->o->stream &&
           k->asked->sequence_length <= 0 && p->weight > HALVED;
}

static echo_status make_whole(struct speaking *k, struct piece *p, echo_error *err)
{
    echo_status s = make(k, p, err);

    while (!s && is_to_be_halved(k, p)) {
        echo_session_log(k->s, ECHO_LOG_INFO,
                         "piece %d has more to say than fits its window: it is cut in two",
                         p->index + 1);
        echo_split_seek(k->pieces.splitter, p->at);
        k->halved = p->weight / 2 + 4;
        forget(p);
        if (!fetch(k, p, &s, err))
            return s;
        s = make(k, p, err);
    }
    return s;
}

static echo_status tell_trouble(struct speaking *k, const struct piece *p, echo_error *err)
{
    char tries[48] = "", line[sizeof p->trouble.line + 128];
    int shown = (int)strlen(p->text);

    if (!p->trouble.kind)
        return ECHO_OK;
    if (p->takes > 1)
        snprintf(tries, sizeof tries, " after %d tries", p->takes);
    if (shown > 60)
        for (shown = 57; shown && ((unsigned char)p->text[shown] & 0xc0) == 0x80;)
            shown--; /* no half character */
    snprintf(line, sizeof line, "\"%.*s%s\"%s: %s", shown, p->text, p->text[shown] ? "..." : "",
             tries, p->trouble.line);
    if (k->asked->strict)
        return echo_fail(err, ECHO_ERR_SPEECH, "%s", line);
    echo_session_log(k->s, ECHO_LOG_WARNING, "%s", line);
    return ECHO_OK;
}

/* ---- its sound ---- */

/* Nobody will want its keys and values again. */
static void close_own_voice(struct speaking *k)
{
    if (k->own)
        echo_speaker_forget(&k->s->model->speakers, echo_voice_identity(k->own));
    echo_voice_close(&k->own);
}

/* The narrator's first pieces become the voice of the rest. */
static echo_status grow_own_voice(struct speaking *k, const struct piece *p,
                                  const float *latents, echo_error *err)
{
    int size = k->m->dit.latent, patch = k->m->dit.encoder[CONTEXT_SPEAKER].patch;
    int had = k->own ? k->own->frames : 0, more = p->stats.kept / patch * patch;
    size_t row = (size_t)size * sizeof(float);
    echo_voice *grown;
    echo_status s;

    if (k->voice != k->own || has_own_voice(k, p->cut.role) || had >= OWN_VOICE || !more ||
        badness(p))
        return ECHO_OK;
    if (had + more > VOICE_MAX_FRAMES)
        return ECHO_OK;
    if ((s = echo_voice_new(&grown, had + more, size, 0, err)))
        return s;
    if (had)
        memcpy(grown->latent, k->own->latent, (size_t)had * row);
    memcpy(grown->latent + (size_t)had * (size_t)size, latents, (size_t)more * row);
    close_own_voice(k);
    k->voice = k->own = grown;
    return ECHO_OK;
}

static bool report(struct speaking *k, const struct piece *p, bool last)
{
    struct join_level level = echo_joiner_level(k->joiner);
    double frame_s = (double)k->m->codec.frame_samples / ECHO_SAMPLE_RATE;
    echo_piece out = {
        .text = p->text, .index = p->index, .level = p->cut.begins_part ? p->cut.level : 0,
        .pause_s = pause_behind(k, p, last), .done = p->done,
        .role = echo_pieces_role(&k->pieces, &p->cut), .turn = p->cut.turn,
        .expected_s = frame_s * echo_pace_expected(&p->paces.of[p->cut.role], &k->m->settings,
                                                   p->weight),
        .begin_s = (double)(k->before + echo_joiner_began(k->joiner)) / ECHO_SAMPLE_RATE,
        .end_s = (double)(k->before + echo_joiner_ended(k->joiner)) / ECHO_SAMPLE_RATE,
        .seed = p->seed, .takes = p->takes, .trouble = p->trouble.line, .stats = p->stats,
        .resumable = echo_joiner_is_settled(k->joiner), .voice = k->own,
        .next = { .job = k->job, .byte = p->after.byte, .part = p->after.part,
                  .speaker = p->after.speaker, .pieces = p->index + 1,
                  .samples = k->before + echo_joiner_samples(k->joiner),
                  .pace = p->paces.of[0].slowest, .heard = p->paces.of[0].heard,
                  .level = level.energy, .level_samples = level.samples },
    };

    for (int i = 0; i < k->o->roles; i++) {
        out.next.cast[i].pace = p->paces.of[1 + i].slowest;
        out.next.cast[i].heard = p->paces.of[1 + i].heard;
    }
    return !k->sink->piece || k->sink->piece(k->sink->user, &out);
}

/* The sound of a piece has been joined: silence behind it, and a word to the caller. */
static echo_status end_piece(struct speaking *k, struct piece *p, bool last, echo_error *err)
{
    bool good = echo_joiner_end_piece(k->joiner, pause_behind(k, p, last), last) &&
                report(k, p, last);

    forget(p);
    if (good)
        return ECHO_OK;
    if (echo_joiner_failed(k->joiner))
        return echo_fail_memory(err, 0, "a piece of sound");
    return echo_fail(err, ECHO_ERR_CANCELLED, "stopped on request");
}

static echo_status end_decoding(struct speaking *k, bool last, echo_error *err)
{
    echo_status s;

    if (!k->decoded.text)
        return ECHO_OK;
    s = echo_decode_end(&k->decoding, err);
    add_times(k, &k->decode_stats);
    if (!s)
        return end_piece(k, &k->decoded, last, err);
    forget(&k->decoded);
    return s;
}

/* Takes the piece. */
static echo_status begin_decoding(struct speaking *k, struct piece *p, echo_error *err)
{
    float *latents = k->best;
    int frames = p->stats.kept;
    echo_status s;

    k->best = k->kept;
    k->kept = latents;
    k->decode_stats = (echo_stats){ 0 };
    if ((s = echo_decode_begin(&k->decoding, k->s, &k->decode_stats, latents,
                               frames ? frames : 1, &k->decode_sink, k->s->overlap, err)))
        return s;
    k->decoded = *p;
    p->text = NULL;
    if (frames)
        echo_decode_more(&k->decoding, frames, frames);
    return ECHO_OK;
}

/* ---- from the first to the last ---- */

/* A piece has been made, and the one behind it is known. */
static echo_status finish(struct speaking *k, echo_error *err)
{
    bool last = !k->next.text;
    echo_status s;

    if (k->o->stream) {
        echo_blocks_pause(&k->blocks, echo_clock());
        if ((s = grow_own_voice(k, &k->now, k->best, err)))
            return s;
        return end_piece(k, &k->now, last, err);
    }
    if ((s = end_decoding(k, false, err)) ||
        (s = grow_own_voice(k, &k->now, k->best, err)) ||
        (s = begin_decoding(k, &k->now, err)))
        return s;
    return last || !k->s->overlap ? end_decoding(k, last, err) : ECHO_OK;
}

/* Said before any work: pieces can only be joined if they are trimmed. */
static echo_status check_trim(struct speaking *k, echo_error *err)
{
    struct split_position at = echo_split_tell(k->pieces.splitter);
    struct split_piece more;
    bool several;

    if (k->params.trim)
        return ECHO_OK;
    several = echo_pieces_next(&k->pieces, limit_now(k), &more);
    echo_split_seek(k->pieces.splitter, at);
    if (!several)
        return ECHO_OK;
    return echo_fail_field(err, "trim", "trim is off, and the text is more than one pass: its "
                                        "pieces can only be joined if they are trimmed");
}

static echo_status speak_pieces(struct speaking *k, echo_error *err)
{
    echo_status s = ECHO_OK;

    if (fetch(k, &k->now, &s, err))
        s = check_trim(k, err);
    while (!s && k->now.text) {
        if ((s = make_whole(k, &k->now, err)) || (s = tell_trouble(k, &k->now, err)))
            break;
        k->total.pieces++;
        k->paces = k->now.paces;
        k->made = k->now.done;
        fetch(k, &k->next, &s, err);
        if (!s)
            s = finish(k, err);
        forget(&k->now);
        k->now = k->next;
        k->next.text = NULL;
    }
    return s;
}

static void resume(struct speaking *k, const echo_checkpoint *c)
{
    struct split_position at = { c->part, (size_t)c->byte, c->speaker };

    echo_split_seek(k->pieces.splitter, at);
    k->total.pieces = c->pieces;
    k->paces.of[0] = (struct pace){ .slowest = (float)c->pace, .heard = c->heard };
    for (int i = 0; i < k->o->roles; i++)
        k->paces.of[1 + i] = (struct pace){ .slowest = (float)c->cast[i].pace,
                                            .heard = c->cast[i].heard };
    k->before = (size_t)c->samples;
    k->begun = k->made = k->told = echo_split_done(k->pieces.splitter);
}

/* Positions come from a file: they must be within the text. */
static bool is_of_this_job(const struct speaking *k, const echo_checkpoint *c)
{
    const struct script *s = &k->pieces.script;

    for (int i = 0; i < k->o->roles; i++)
        if (!(c->cast[i].pace >= 0) || c->cast[i].heard < 0)
            return false;
    return c->job == k->job && c->part >= 0 && c->part <= s->n && c->pieces >= 0 &&
           c->speaker >= 0 && c->speaker <= 9 && c->heard >= 0 && c->pace >= 0 &&
           (c->part < s->n ? c->byte <= strlen(s->parts[c->part].text) : !c->byte);
}

static echo_status open_voice(struct speaking *k, const echo_voice *voice, echo_error *err)
{
    const echo_voice *own = k->o->own_voice;
    echo_status s;

    k->voice = voice;
    if (voice || !k->o->from || !own)
        return ECHO_OK;
    if ((s = echo_voice_from_latent(&k->own, own->latent, own->frames, own->size, err)))
        return s;
    k->voice = k->own;
    return ECHO_OK;
}

/* Before minutes of work for others. */
static echo_status check_cast(const struct speaking *k, echo_error *err)
{
    echo_error why;

    for (int i = 0; i < k->o->roles; i++) {
        const echo_role *role = &k->o->cast[i];

        if (role->voice && echo_voice_fits(role->voice, k->m, &why))
            return echo_fail_field(err, "cast", "%s: %.800s", role->name, why.text);
    }
    return ECHO_OK;
}

static void warn_of_names(struct speaking *k)
{
    char line[500];

    if (echo_pieces_warning(&k->pieces, line, sizeof line))
        echo_session_log(k->s, ECHO_LOG_WARNING, "%s", line);
}

static echo_status open(struct speaking *k, const char *text, const echo_voice *voice,
                        echo_error *err)
{
    const echo_checkpoint *from = k->o->from;
    struct join_opts join = { .crossfade_s = k->o->crossfade,
                              .overlap_s = k->o->pause_turn < 0 ? -k->o->pause_turn : 0,
                              .match_levels = k->o->match_levels,
                              .hold_s = k->o->stream ? STREAM_HOLD_S : 0,
                              .audio = hand_on, .user = k };
    size_t latents = echo_session_latent_floats(k->m) * sizeof(float);
    echo_status s;

    if (!k->sink || !k->sink->audio)
        return echo_fail_field(err, "sink", "speaking needs a sink for the audio");
    if ((s = echo_speak_opts_check(k->o, err)) || (s = echo_params_check(k->asked, err)) ||
        (s = echo_pieces_open(&k->pieces, text, k->o, k->asked->normalize, err)) ||
        (s = check_cast(k, err)) || (s = open_voice(k, voice, err)))
        return s;
    warn_of_names(k);
    k->job = echo_speak_job(k->m, &k->pieces.script, voice, k->asked, k->o);
    if (from && !is_of_this_job(k, from))
        return echo_fail_field(err, "from", "what was begun is of another text, voice, model "
                                            "or settings: it cannot be gone on with");
    if (from) {
        resume(k, from);
        join.goes_on = from->pieces > 0;
        join.level = (struct join_level){ from->level, from->level_samples };
    }
    k->joiner = echo_joiner_open(&join);
    k->kept = echo_alloc(latents);
    k->best = echo_alloc(latents);
    if (!k->joiner || !k->kept || !k->best || !k->job)
        return echo_fail_memory(err, latents, "a long text");
    if (!from)
        echo_joiner_silence(k->joiner, k->pieces.script.lead_s);
    return ECHO_OK;
}

/* The reason that matters: where the making was only told to stop, the sound knows why. */
static echo_status settle(struct speaking *k, echo_status status, echo_error *err)
{
    echo_error why = { 0 };
    echo_status decoded = ECHO_OK;

    if (k->decoded.text) { /* something failed meanwhile */
        atomic_store(&k->s->ending, true);
        decoded = echo_decode_end(&k->decoding, &why);
    }
    if (status != ECHO_ERR_CANCELLED)
        return status;
    if (k->joiner && echo_joiner_failed(k->joiner))
        return echo_fail_memory(err, 0, "a piece of sound");
    if (!decoded || decoded == ECHO_ERR_CANCELLED)
        return status;
    if (err)
        *err = why;
    return decoded;
}

static void close(struct speaking *k)
{
    forget(&k->now);
    forget(&k->next);
    forget(&k->decoded);
    echo_joiner_close(&k->joiner);
    echo_free(k->kept);
    echo_free(k->best);
    close_own_voice(k);
    echo_pieces_close(&k->pieces);
}

/* The callbacks and blocks of utterances. */
static void set_up(struct speaking *k)
{
    k->params = *k->asked;
    k->params.block_sizes.n = 0;
    k->decode_sink = (echo_sink){ .user = k, .audio = join, .progress = progress };
    k->sample_sink = (echo_sink){ .user = k, .progress = progress };
    k->blocks = (struct blocks){ .given = &k->asked->block_sizes, .first = k->o->first_block,
                                 .frame_s = (double)k->m->codec.frame_samples /
                                            ECHO_SAMPLE_RATE };
    if (k->o->stream) {
        k->sample_sink.audio = join;
        if (k->m->dit.has_prefix)
            k->sample_sink.next_block = next_block;
    }
}

static void sum_up(struct speaking *k)
{
    echo_stats *t = &k->total;
    const echo_stats *last = &k->s->stats;

    t->frames = last->frames;
    t->kept = last->kept;
    t->window = last->window;
    t->ended = last->ended;
    t->text_tokens = last->text_tokens;
    t->samples = k->samples;
    t->first_audio_s = k->first_audio ? k->first_audio - k->s->began : 0;
    t->total_s = echo_clock() - k->s->began;
    k->s->stats = *t;
}

echo_status echo_speak(echo_session *s, const char *text, const echo_voice *voice,
                       const echo_params *params, const echo_speak_opts *opts,
                       const echo_speak_sink *sink, echo_error *err)
{
    echo_params defaults = echo_params_default(s->model);
    echo_speak_opts plain = echo_speak_opts_default();
    struct speaking k = { .s = s, .m = s->model, .asked = params ? params : &defaults,
                          .o = opts ? opts : &plain, .sink = sink };
    echo_status status = echo_session_begin(s, sink ? sink->log : NULL,
                                            sink ? sink->user : NULL, err);

    if (status)
        return status;
    pthread_mutex_init(&k.lock, NULL);
    set_up(&k);
    status = open(&k, text, voice, err);
    if (!status)
        status = speak_pieces(&k, err);
    status = settle(&k, status, err);
    close(&k);
    sum_up(&k);
    pthread_mutex_destroy(&k.lock);
    return echo_session_end(s, status);
}

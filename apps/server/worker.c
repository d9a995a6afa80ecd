/* SPDX-License-Identifier: MIT */
#include "worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"

struct worker {
    struct scheduler *scheduler;
    const struct scheduler_opts *opts;
    echo_session *session;
    pthread_t thread;

    /* The task at hand. */
    struct task *task;
    echo_writer *writer;
    struct events events; /* where sound goes if it leaves as events */
    _Atomic double share, left_s; /* of the text, by the library's reckoning */
    echo_error sink_error; /* why sound could not be handed on */
};

static bool is_wanted(const struct worker *w)
{
    return !atomic_load(&w->task->cancelled);
}

/* ---- callbacks of the library ---- */

static bool take_bytes(void *user, const void *bytes, size_t n)
{
    struct worker *w = user;

    if (w->task->speech.sse)
        return !events_hold(&w->events, bytes, n, &w->sink_error);
    return !task_write(w->task, bytes, n, &w->sink_error);
}

static bool take_sound(void *user, const float *pcm, size_t n)
{
    struct worker *w = user;

    if (!w->task->speech.sse)
        task_heard(w->task);
    if (echo_writer_write(w->writer, pcm, n, &w->sink_error))
        return false;
    if (w->task->speech.sse && events_sound(&w->events, &w->sink_error))
        return false;
    return is_wanted(w);
}

static bool show_progress(void *user, echo_stage stage, int done, int total)
{
    struct worker *w = user;
    bool last = stage == ECHO_STAGE_SAMPLE && done == total;

    if (w->task->speech.progress)
        events_progress(&w->events, stage, done, total, w->share, w->left_s);
    if (stage == ECHO_STAGE_DECODE || w->task->speech.delivery == DELIVER_BLOCKS)
        return is_wanted(w) && (stage == ECHO_STAGE_DECODE ||
                                scheduler_offer_turn(w->scheduler, w->task));
    if (last) /* another one may sample while this one is decoded */
        scheduler_leave_turn(w->scheduler, w->task);
    return last ? is_wanted(w) : scheduler_offer_turn(w->scheduler, w->task);
}

static bool show_overall(void *user, double done, double left_s)
{
    struct worker *w = user;

    w->share = done;
    w->left_s = left_s;
    return is_wanted(w);
}

static bool take_piece(void *user, const echo_piece *piece)
{
    struct worker *w = user;

    if (w->task->speech.progress)
        events_piece(&w->events, piece);
    return scheduler_take_turn(w->scheduler, w->task);
}

static void take_line(void *user, echo_log_level level, const char *line)
{
    struct worker *w = user;

    if (level != ECHO_LOG_WARNING)
        return;
    task_warn(w->task, line);
    if (w->task->speech.progress)
        events_warning(&w->events, line);
}

static bool encoding(void *user, echo_stage stage, int done, int total)
{
    struct worker *w = user;

    if (w->task->speech.progress)
        events_progress(&w->events, stage, done, total, 0, -1);
    return scheduler_offer_turn(w->scheduler, w->task);
}

/* ---- a task ---- */

/* A model that lists its words may say others wrong. */
static void warn_of_words(struct worker *w)
{
    const char *text = w->task->speech.text, *word = text;
    char line[512] = "the model may say these words wrong, since it does not know them:";
    size_t n = 0, known = strlen(line), used = known;

    while ((word = echo_model_unknown(w->opts->model, word, &n)) && used < sizeof line - 80) {
        used += (size_t)snprintf(line + used, sizeof line - used, " %.*s",
                                 n < 60 ? (int)n : 60, word);
        word += n;
    }
    if (used > known)
        take_line(w, ECHO_LOG_WARNING, line);
}

/* Voices of a task: of the call, then of each role. */
struct voices {
    const echo_voice *own;
    echo_role roles[ECHO_MAX_ROLES];
    int n;
};

static echo_status take_voices(struct worker *w, struct voices *v, echo_error *err)
{
    const struct speech *s = &w->task->speech;
    echo_encode_opts opts = { .log = take_line, .user = w, .progress = encoding };
    echo_status status;

    *v = (struct voices){ .own = NULL };
    status = voice_shelf_take(w->opts->voices, &s->voice, w->session, &opts, &v->own, err);
    while (!status && v->n < s->n_roles) {
        v->roles[v->n] = s->roles[v->n];
        status = voice_shelf_take(w->opts->voices, &s->role_voices[v->n], w->session, &opts,
                                  &v->roles[v->n].voice, err);
        v->n += !status;
    }
    return status;
}

static void return_voices(struct worker *w, struct voices *v)
{
    voice_shelf_return(w->opts->voices, v->own);
    while (v->n)
        voice_shelf_return(w->opts->voices, v->roles[--v->n].voice);
}

static echo_status speak(struct worker *w, echo_error *err)
{
    struct task *j = w->task;
    const struct speech *s = &j->speech;
    echo_speak_sink sink = { .user = w, .audio = take_sound, .progress = show_progress,
                             .overall = show_overall, .piece = take_piece, .log = take_line };
    echo_speak_opts how = speech_how(s);
    struct voices voices;
    echo_status status = take_voices(w, &voices, err);

    how.cast = voices.roles;
    warn_of_words(w);
    if (!status)
        status = echo_speak(w->session, s->text, voices.own, &s->params, &how, &sink, err);
    return_voices(w, &voices);
    j->stats = echo_session_stats(w->session);
    return status;
}

/* Sentence splitters send what holds no word: a moment without sound is what they expect. */
static echo_status stay_silent(struct worker *w, echo_error *err)
{
    static const float nothing[ECHO_SAMPLE_RATE / 5];

    w->task->silent = true;
    *err = (echo_error){ 0 };
    return take_sound(w, nothing, sizeof nothing / sizeof *nothing)
               ? ECHO_OK
               : echo_fail(err, ECHO_ERR_CANCELLED, "the request was cancelled");
}

static echo_status deliver(struct worker *w, echo_error *err)
{
    struct task *j = w->task;
    echo_status status;

    status = echo_writer_open_callback(&w->writer, take_bytes, w, &j->speech.sound, err);
    if (!status)
        status = speak(w, err);
    if (status == ECHO_ERR_NOTHING)
        status = stay_silent(w, err);
    if (status) {
        echo_writer_abort(&w->writer);
        return status;
    }
    j->sound_s = echo_writer_seconds(w->writer);
    return echo_writer_close(&w->writer, err);
}

static void run(struct worker *w, struct task *j)
{
    echo_error err = { 0 };
    echo_status status;

    w->task = j;
    w->share = 0;
    w->left_s = -1;
    w->sink_error = (echo_error){ 0 };
    w->events = (struct events){ .task = j };
    if (scheduler_take_turn(w->scheduler, j)) {
        if (j->speech.progress)
            events_pieces(&w->events, w->opts->model);
        status = deliver(w, &err);
    } else {
        status = echo_fail(&err, ECHO_ERR_CANCELLED, "the request was cancelled");
    }
    scheduler_leave_turn(w->scheduler, j);
    if (status && w->sink_error.status && is_wanted(w))
        err = w->sink_error; /* it says more than that the sink has stopped it */
    if (!err.status && j->speech.sse)
        events_done(&w->events, &err);
    else if (err.status && j->speech.sse && j->ready)
        events_error(&w->events, &err);
    events_close(&w->events);
    task_finish(j, &err);
    metrics_task(w->opts->metrics, j);
}

static void *work(void *user)
{
    struct worker *w = user;
    struct task *j;

    while ((j = scheduler_next(w->scheduler))) {
        run(w, j);
        scheduler_done(w->scheduler, j);
    }
    return NULL;
}

echo_status worker_open(struct worker **out, struct scheduler *s,
                        const struct scheduler_opts *opts, echo_error *err)
{
    struct worker *w = calloc(1, sizeof *w);
    echo_status status;

    *out = NULL;
    if (!w)
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory for a worker");
    w->scheduler = s;
    w->opts = opts;
    status = echo_session_open(&w->session, opts->model, err);
    if (!status && pthread_create(&w->thread, NULL, work, w))
        status = echo_fail(err, ECHO_ERR_MEMORY, "a thread cannot be made");
    if (status) {
        echo_session_close(&w->session);
        free(w);
        return status;
    }
    *out = w;
    return ECHO_OK;
}

void worker_close(struct worker **worker)
{
    struct worker *w = *worker;

    *worker = NULL;
    if (!w)
        return;
    pthread_join(w->thread, NULL);
    echo_session_close(&w->session);
    free(w);
}

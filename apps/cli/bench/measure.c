/* SPDX-License-Identifier: MIT */
/* measure.c - voices, then texts, each several times: the rows come from here. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/bench.h"
#include "common/clock.h"
#include "common/failure.h"
#include "signals.h"

enum { SEED = 0 };

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Leaves v sorted. */
static double median(double *v, int n)
{
    qsort(v, (size_t)n, sizeof *v, compare);
    return (v[(n - 1) / 2] + v[n / 2]) / 2;
}

/* The head of what is drawn while a row of a place is measured. */
static void draw_head(struct bench *b, struct bench_place *p, const char *what)
{
    for (int i = 0; i < b->n_places; i++) /* they draw on the same line */
        progress_clear(&b->places[i].runtime.bar);
    signals_watch(p->runtime.session);
    if (b->n_places > 1)
        progress_head(&p->runtime.bar, "%s%s ", what, p->name);
    else
        progress_head(&p->runtime.bar, "%s", what);
}

static echo_status encode_once(struct bench *b, struct bench_place *p, int clip,
                               const float *pcm, size_t n, double *took, echo_error *err)
{
    echo_encode_opts opts = { .progress = progress_stage, .user = &p->runtime.bar };
    struct bench_clip *c = &p->voices[clip];
    double began = clock_now();
    echo_status status;
    char what[24];

    snprintf(what, sizeof what, "%d s of voice: ", b->clips.items[clip]);
    draw_head(b, p, what);
    echo_voice_close(&c->voice);
    status = echo_voice_encode(&c->voice, p->runtime.session, pcm, n, ECHO_SAMPLE_RATE, &opts,
                               err);
    *took = clock_now() - began;
    return status;
}

/* Every voice as often as every row, so that its time is a median of as many. */
static echo_status encode_voice(struct bench *b, int clip, echo_error *err)
{
    echo_status status = ECHO_OK;
    double took;
    size_t n;
    float *pcm;

    if (!b->clips.items[clip])
        return ECHO_OK;
    if (!(pcm = bench_voice_sound(b->clips.items[clip], &n)))
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory for %d s of voice",
                         b->clips.items[clip]);
    for (int i = -1; i < b->runs; i++)
        for (int p = 0; p < b->n_places && !status; p++) {
            status = encode_once(b, &b->places[p], clip, pcm, n, &took, err);
            if (i >= 0)
                b->places[p].voices[clip].encode_s[i] = took;
        }
    free(pcm);
    return status;
}

static echo_status encode_voices(struct bench *b, echo_error *err)
{
    for (int i = 0; i < b->clips.n; i++)
        if (encode_voice(b, i, err))
            return err->status;
    return ECHO_OK;
}

/* The measurements of a run. */
enum { TOTAL,
       TEXT,
       SAMPLE,
       DECODE,
       OVERLAP,
       MEASURES };

struct measured {
    double s[MEASURES][BENCH_RUNS];
};

/* A text, and a voice by its place in the list. */
struct task {
    const struct bench_text *text;
    int clip;
};

static bool swallow(void *user, const float *pcm, size_t n)
{
    (void)user, (void)pcm, (void)n;
    return true;
}

/* How much of what was made is speech, or would be if the model could speak. */
static void find_length(const struct bench *b, struct bench_row *row, double frame_s)
{
    double expected_s = (double)row->characters / BENCH_CHARACTERS_A_SECOND;

    row->estimated = !b->blocks.n && (b->synthetic || !row->kept);
    if (row->estimated)
        row->kept = (int)fmin(ceil(expected_s / frame_s), row->frames);
    row->audio_s = row->kept * frame_s;
    if (row->estimated && row->audio_s > expected_s)
        row->audio_s = expected_s;
}

static echo_status decode_latents(struct runtime *e, const struct bench_row *row,
                                  const echo_sink *sink, echo_error *err)
{
    echo_voice *heard = NULL;
    echo_status status =
        echo_voice_from_latent(&heard, echo_session_latent(e->session, NULL), row->kept,
                               e->info.latent_size, err);

    if (!status)
        status = echo_decode(e->session, heard, sink, err);
    echo_voice_close(&heard);
    return status;
}

/* Latents first, then the sound of those that count: what a sink for audio makes of one call,
 * but for a text without an end, too.  Blocks are one call, and all of them are decoded: the
 * same work on every device. */
static echo_status speak(struct bench *b, struct bench_place *p, const struct task *task,
                         struct bench_row *row, double s[MEASURES], echo_error *err)
{
    struct runtime *e = &p->runtime;
    echo_params params = echo_params_default(e->model);
    echo_sink sink = { .user = &e->bar, .progress = progress_stage };
    double began = clock_now();
    echo_status status;
    echo_stats stats;

    params.rng_seed = SEED;
    params.num_steps = row->steps;
    params.sequence_length = b->frames;
    params.block_sizes = b->blocks;
    params.trim = !b->synthetic && !b->blocks.n;
    sink.audio = b->blocks.n ? swallow : NULL;
    e->hushed = true; /* a window may be too short for its text: its time is asked for */
    status = echo_generate(e->session, task->text->words, p->voices[task->clip].voice, &params,
                           &sink, err);
    e->hushed = false;
    if (status)
        return status;
    stats = echo_session_stats(e->session);
    row->frames = stats.frames;
    row->kept = stats.kept;
    find_length(b, row, e->bar.frame_s);
    sink.audio = swallow;
    if (!b->blocks.n && (status = decode_latents(e, row, &sink, err)))
        return status;
    s[TOTAL] = clock_now() - began;
    s[TEXT] = stats.text_s;
    s[SAMPLE] = stats.sample_s;
    s[DECODE] = echo_session_stats(e->session).decode_s;
    s[OVERLAP] = stats.overlap_s;
    return ECHO_OK;
}

static void fill_row(const struct bench *b, struct bench_row *row, const struct bench_place *p,
                     const struct bench_clip *voice, struct measured *m)
{
    double encode_s[BENCH_RUNS];

    for (int i = 0; i < b->runs; i++) {
        encode_s[i] = voice->encode_s[i];
        m->s[TOTAL][i] += encode_s[i];
    }
    row->total_s = median(m->s[TOTAL], b->runs);
    row->total_min_s = m->s[TOTAL][0];
    row->total_max_s = m->s[TOTAL][b->runs - 1];
    row->text_s = median(m->s[TEXT], b->runs);
    row->sample_s = median(m->s[SAMPLE], b->runs);
    row->decode_s = median(m->s[DECODE], b->runs);
    row->overlap_s = median(m->s[OVERLAP], b->runs);
    row->voice_s = median(encode_s, b->runs);
    row->load_s = p->info.load_s;
    row->step_ms = row->sample_s / row->steps / (b->blocks.n ? b->blocks.n : 1) * 1e3;
    row->rtf = row->total_s / row->audio_s;
}

/* A row of each place.  They are run in turns: a noisy machine hits all alike. */
static echo_status measure(struct bench *b, const struct task *task, int steps,
                           struct bench_row *rows, echo_error *err)
{
    struct measured m[BENCH_PLACES];
    double one[MEASURES];
    char what[24];

    for (int i = 0; i < b->runs; i++)
        for (int p = 0; p < b->n_places; p++) {
            rows[p].steps = steps;
            snprintf(what, sizeof what, "%d/%d ", b->n_rows + p + 1, bench_row_count(b));
            draw_head(b, &b->places[p], what);
            if (speak(b, &b->places[p], task, &rows[p], one, err))
                return err->status;
            for (int k = 0; k < MEASURES; k++)
                m[p].s[k][i] = one[k];
        }
    for (int p = 0; p < b->n_places; p++) {
        fill_row(b, &rows[p], &b->places[p], &b->places[p].voices[task->clip], &m[p]);
        rows[p].speedup = rows[0].total_s / rows[p].total_s;
    }
    return ECHO_OK;
}

/* Whatever is cold or must grow is so for the text and the voice, not for the steps: the fewest
 * of them warm up for all. */
static echo_status warm_up(struct bench *b, const struct task *task, struct bench_row *rows,
                           echo_error *err)
{
    double unused[MEASURES];

    for (int p = 0; p < b->n_places; p++) {
        rows[p].steps = b->steps.items[0];
        for (int i = 1; i < b->steps.n; i++)
            if (b->steps.items[i] < rows[p].steps)
                rows[p].steps = b->steps.items[i];
        draw_head(b, &b->places[p], "warming up: ");
        if (speak(b, &b->places[p], task, &rows[p], unused, err))
            return err->status;
    }
    return ECHO_OK;
}

/* One text with one voice, in every number of steps and in every place. */
static echo_status measure_task(struct bench *b, const struct task *task, bench_show *show,
                                echo_error *err)
{
    struct bench_row rows[BENCH_PLACES];

    for (int p = 0; p < b->n_places; p++)
        rows[p] = (struct bench_row){ .text = task->text->name,
                                      .characters = task->text->length,
                                      .clip_s = b->clips.items[task->clip],
                                      .devices = b->places[p].name };
    if (warm_up(b, task, rows, err))
        return err->status;
    for (int i = 0; i < b->steps.n; i++) {
        if (measure(b, task, b->steps.items[i], rows, err))
            return err->status;
        for (int p = 0; p < b->n_places; p++)
            progress_clear(&b->places[p].runtime.bar);
        for (int p = 0; p < b->n_places; p++) {
            b->rows[b->n_rows++] = rows[p];
            if (show(b, err))
                return err->status;
        }
    }
    return ECHO_OK;
}

echo_status bench_measure(struct bench *b, bench_show *show, echo_error *err)
{
    if (encode_voices(b, err))
        return err->status;
    for (int t = 0; t < b->n_texts; t++)
        for (int c = 0; c < b->clips.n; c++)
            if (measure_task(b, &(struct task){ b->texts[t], c }, show, err))
                return err->status;
    return ECHO_OK;
}

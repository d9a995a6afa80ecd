/* SPDX-License-Identifier: MIT */
/* measure.c - voices, then texts, each several times: the rows come from here. */
#include <math.h>
#include <stdlib.h>

#include "bench/bench.h"
#include "common/clock.h"
#include "common/failure.h"

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

/* Every voice as often as every row, so that its time is a median of as many. */
static echo_status encode_voice(struct bench *b, struct runtime *e, int clip, echo_error *err)
{
    struct bench_clip *c = &b->voices[clip];
    echo_encode_opts opts = { .progress = progress_stage, .user = &e->bar };
    echo_status status = ECHO_OK;
    size_t n;
    float *pcm;

    if (!b->clips.items[clip])
        return ECHO_OK;
    if (!(pcm = bench_voice_sound(b->clips.items[clip], &n)))
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory for %d s of voice",
                         b->clips.items[clip]);
    for (int i = -1; i < b->runs && !status; i++) {
        double began = clock_now();

        progress_head(&e->bar, "%d s of voice: ", b->clips.items[clip]);
        echo_voice_close(&c->voice);
        status = echo_voice_encode(&c->voice, e->session, pcm, n, ECHO_SAMPLE_RATE, &opts, err);
        if (i >= 0)
            c->encode_s[i] = clock_now() - began;
    }
    free(pcm);
    return status;
}

static echo_status encode_voices(struct bench *b, struct runtime *e, echo_error *err)
{
    for (int i = 0; i < b->clips.n; i++)
        if (encode_voice(b, e, i, err))
            return err->status;
    return ECHO_OK;
}

/* The measurements of a run. */
enum { TOTAL,
       TEXT,
       SAMPLE,
       DECODE,
       MEASURES };

static bool swallow(void *user, const float *pcm, size_t n)
{
    (void)user, (void)pcm, (void)n;
    return true;
}

/* How much of what was made is speech, or would be if the model could speak. */
static void find_length(const struct bench *b, struct bench_row *row, double frame_s)
{
    double expected_s = (double)row->characters / BENCH_CHARACTERS_A_SECOND;

    row->estimated = b->synthetic || !row->kept;
    if (row->estimated)
        row->kept = (int)fmin(ceil(expected_s / frame_s), row->frames);
    row->audio_s = row->kept * frame_s;
    if (row->estimated && row->audio_s > expected_s)
        row->audio_s = expected_s;
}

/* Latents first, then the sound of those that count: what a sink for audio makes of one call,
 * but for a text without an end, too. */
static echo_status speak(struct bench *b, struct runtime *e, struct bench_row *row,
                         const char *words, const echo_voice *voice, double s[MEASURES],
                         echo_error *err)
{
    echo_params params = echo_params_default(e->model);
    echo_sink sink = { .user = &e->bar, .progress = progress_stage };
    double began = clock_now();
    echo_voice *heard = NULL;
    echo_status status;
    echo_stats stats;

    params.rng_seed = SEED;
    params.num_steps = row->steps;
    params.sequence_length = b->frames;
    params.trim = !b->synthetic;
    e->hushed = true; /* a window may be too short for its text: its time is asked for */
    status = echo_generate(e->session, words, voice, &params, &sink, err);
    e->hushed = false;
    if (status)
        return status;
    stats = echo_session_stats(e->session);
    row->frames = stats.frames;
    row->kept = stats.kept;
    find_length(b, row, e->bar.frame_s);
    sink.audio = swallow;
    status = echo_voice_from_latent(&heard, echo_session_latent(e->session, NULL), row->kept,
                                    e->info.latent_size, err);
    if (!status)
        status = echo_decode(e->session, heard, &sink, err);
    echo_voice_close(&heard);
    s[TOTAL] = clock_now() - began;
    s[TEXT] = stats.text_s;
    s[SAMPLE] = stats.sample_s;
    s[DECODE] = echo_session_stats(e->session).decode_s;
    return status;
}

static echo_status measure(struct bench *b, struct runtime *e, struct bench_row *row,
                           const char *words, const struct bench_clip *voice, echo_error *err)
{
    double all[MEASURES][BENCH_RUNS], encode_s[BENCH_RUNS], one[MEASURES];

    for (int i = 0; i < b->runs; i++) {
        progress_head(&e->bar, "%d/%d ", b->n_rows + 1, bench_row_count(b));
        if (speak(b, e, row, words, voice->voice, one, err))
            return err->status;
        for (int k = 0; k < MEASURES; k++)
            all[k][i] = one[k];
        encode_s[i] = voice->encode_s[i];
        all[TOTAL][i] += encode_s[i];
    }
    row->total_s = median(all[TOTAL], b->runs);
    row->total_min_s = all[TOTAL][0];
    row->total_max_s = all[TOTAL][b->runs - 1];
    row->text_s = median(all[TEXT], b->runs);
    row->sample_s = median(all[SAMPLE], b->runs);
    row->decode_s = median(all[DECODE], b->runs);
    row->voice_s = median(encode_s, b->runs);
    row->load_s = b->info.load_s;
    row->step_ms = row->sample_s / row->steps * 1e3;
    row->rtf = row->total_s / row->audio_s;
    return ECHO_OK;
}

/* One text with one voice, in every number of steps.  What is cold or must grow is so for the
 * text and the voice, not for the steps: the fewest of them warm up for all. */
static echo_status measure_steps(struct bench *b, struct runtime *e,
                                 const struct bench_text *text, int clip, bench_show *show,
                                 echo_error *err)
{
    struct bench_row row = {
        .text = text->name,
        .characters = text->length,
        .clip_s = b->clips.items[clip],
        .steps = b->steps.items[0],
    };
    double unused[MEASURES];

    for (int i = 1; i < b->steps.n; i++)
        row.steps = b->steps.items[i] < row.steps ? b->steps.items[i] : row.steps;
    progress_head(&e->bar, "warming up: ");
    if (speak(b, e, &row, text->words, b->voices[clip].voice, unused, err))
        return err->status;
    for (int i = 0; i < b->steps.n; i++) {
        row.steps = b->steps.items[i];
        if (measure(b, e, &row, text->words, &b->voices[clip], err))
            return err->status;
        b->rows[b->n_rows++] = row;
        progress_clear(&e->bar);
        if (show(b, err))
            return err->status;
    }
    return ECHO_OK;
}

echo_status bench_measure(struct bench *b, struct runtime *e, bench_show *show, echo_error *err)
{
    if (encode_voices(b, e, err))
        return err->status;
    for (int t = 0; t < b->n_texts; t++)
        for (int c = 0; c < b->clips.n; c++)
            if (measure_steps(b, e, b->texts[t], c, show, err))
                return err->status;
    return ECHO_OK;
}

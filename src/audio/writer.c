/* SPDX-License-Identifier: MIT */
/*
 * writer.c - sound, as it is made, through what was asked for and into a file: each stage hands
 * on what it has got, so memory does not grow.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/audio.h"
#include "audio/encoder.h"
#include "audio/level.h"
#include "audio/resample.h"
#include "audio/tempo.h"
#include "base/error.h"

#define BLOCK ((size_t)4096)

struct echo_writer {
    char *name; /* for messages */
    struct encoding how;
    struct outlet to;
    struct tags tags;
    struct encoder encoder;
    /* NULL: nothing to do */
    struct tempo *tempo;
    struct resampler *rate;
    struct level *level;
    uint64_t pushed, samples; /* that came in, and that came out of the change of speed */
    echo_error failed;        /* of the first call that did */
    float block[BLOCK];
};

static const echo_writer_opts no_opts = { 0 };

/* ---- the options ---- */

static echo_status check_number(const char *name, float value, double min, double max,
                                const char *unit, echo_error *err)
{
    if (value == 0 || (value >= min && value <= max))
        return ECHO_OK;
    return echo_fail_field(err, name, "a %s of %g%s is outside %g to %g", name, value, unit,
                           min, max);
}

static echo_status check(struct encoding *how, const char *path, const echo_writer_opts *o,
                         echo_error *err)
{
    echo_status s = echo_encoding_choose(how, path, o, err);

    if (s || (s = check_number("loudness", o->loudness, -40, -5, " LUFS", err)) ||
        (s = check_number("true_peak", o->true_peak, -20, 0, " dB", err)))
        return s;
    if (o->true_peak != 0 && o->loudness == 0)
        return echo_fail_field(err, "true_peak", "true_peak: it goes with a loudness");
    return check_number("speed", o->speed, 0.25, 4, "", err);
}

echo_status echo_writer_check(const char *path, const echo_writer_opts *opts, echo_error *err)
{
    const echo_writer_opts *o = opts ? opts : &no_opts;
    struct encoding how;
    struct tags tags;
    echo_status s = check(&how, path, o, err);

    if (s)
        return s;
    s = echo_tags_take(&tags, o->tags, o->n_tags, err);
    echo_tags_close(&tags);
    return s;
}

/* ---- the stages, the last one first ---- */

static echo_status to_file(void *writer, const float *pcm, size_t n, echo_error *err)
{
    echo_writer *w = writer;

    return echo_encoder_write(&w->encoder, pcm, n, err);
}

static echo_status to_level(echo_writer *w, const float *pcm, size_t n, echo_error *err)
{
    return w->level ? echo_level_push(w->level, pcm, n, err) : to_file(w, pcm, n, err);
}

static echo_status to_rate(echo_writer *w, const float *pcm, size_t n, echo_error *err)
{
    const float *made;
    echo_status s;

    w->samples += n;
    if (!w->rate)
        return to_level(w, pcm, n, err);
    if ((s = echo_resampler_push(w->rate, pcm, n, err)))
        return s;
    made = echo_resampler_take(w->rate, &n);
    return to_level(w, made, n, err);
}

/* pcm NULL: the end. */
static echo_status to_tempo(echo_writer *w, const float *pcm, size_t n, echo_error *err)
{
    echo_status s;

    if (!w->tempo)
        return to_rate(w, pcm, n, err);
    if ((s = echo_tempo_push(w->tempo, pcm, n, err)))
        return s;
    while (!s && (n = echo_tempo_take(w->tempo, w->block, BLOCK)))
        s = to_rate(w, w->block, n, err);
    return s;
}

/* ---- opening ---- */

static void discard(echo_writer **writer)
{
    echo_writer *w = *writer;

    if (!w)
        return;
    w->to.refused = true; /* an encoder that is closed has last words */
    echo_encoder_close(&w->encoder);
    echo_outlet_close(&w->to);
    echo_tempo_close(&w->tempo);
    echo_resampler_close(&w->rate);
    echo_level_close(&w->level);
    echo_tags_close(&w->tags);
    free(w->name);
    free(w);
    *writer = NULL;
}

static echo_status open_stages(echo_writer *w, const echo_writer_opts *o, echo_error *err)
{
    float peak = o->true_peak != 0 ? o->true_peak : -1;
    echo_status s = ECHO_OK;

    if (o->speed != 0 && o->speed != 1)
        s = echo_tempo_open(&w->tempo, ECHO_SAMPLE_RATE, o->speed, err);
    if (!s && w->how.rate != ECHO_SAMPLE_RATE)
        s = echo_resampler_open(&w->rate, ECHO_SAMPLE_RATE, w->how.rate, BLOCK, err);
    if (!s && o->loudness != 0)
        s = echo_level_open(&w->level, w->how.rate, o->loudness, peak, w->how.stream, to_file,
                            w, err);
    return s;
}

/* path NULL: to a function, which is in `to` already. */
static echo_status open_writer(echo_writer **out, const char *path, struct outlet to,
                               const echo_writer_opts *opts, echo_error *err)
{
    const echo_writer_opts *o = opts ? opts : &no_opts;
    echo_writer *w = calloc(1, sizeof *w);
    echo_status s;

    *out = NULL;
    if (!w)
        return echo_fail_memory(err, sizeof *w, "a writer");
    w->to = to;
    w->to.kept = -1;
    if (!(w->name = strdup(path && strcmp(path, "-") ? path
                           : path                    ? "standard output"
                                                     : "the sound")))
        s = echo_fail_memory(err, 16, "a writer");
    else
        s = check(&w->how, path, o, err);
    if (s || (s = echo_tags_take(&w->tags, o->tags, o->n_tags, err)) ||
        (path && (s = echo_out_open(&w->to.out, path, err))))
        goto fail;
    w->to.name = w->name;
    w->to.stream = w->how.stream;
    if ((s = echo_outlet_open(&w->to, err)) || (s = open_stages(w, o, err)) ||
        (s = echo_encoder_open(&w->encoder, &w->how, &w->tags, &w->to, err)))
        goto fail;
    *out = w;
    return ECHO_OK;
fail:
    discard(&w);
    return s;
}

echo_status echo_writer_open(echo_writer **out, const char *path, const echo_writer_opts *opts,
                             echo_error *err)
{
    return open_writer(out, path, (struct outlet){ 0 }, opts, err);
}

echo_status echo_writer_open_callback(echo_writer **out,
                                      bool (*write)(void *user, const void *bytes, size_t n),
                                      void *user, const echo_writer_opts *opts, echo_error *err)
{
    return open_writer(out, NULL, (struct outlet){ .write = write, .user = user }, opts, err);
}

/* ---- writing ---- */

/* The first failure stays. */
static echo_status outcome(echo_writer *w, echo_status s, echo_error *err)
{
    if (s && err)
        *err = w->failed;
    w->failed.status = s;
    return s;
}

static echo_status check_finite(const echo_writer *w, const float *pcm, size_t n,
                                echo_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(pcm[i]))
            return echo_fail_field(err, "pcm", "%s: sample %llu is infinite or not a number",
                                   w->name, (unsigned long long)w->pushed + i);
    return ECHO_OK;
}

echo_status echo_writer_write(echo_writer *w, const float *pcm, size_t n, echo_error *err)
{
    echo_status s = w->failed.status;

    if (!s && n && !(s = check_finite(w, pcm, n, &w->failed)))
        s = to_tempo(w, pcm, n, &w->failed);
    w->pushed += n;
    return outcome(w, s, err);
}

static echo_status finish(echo_writer *w, echo_error *err)
{
    echo_status s = w->tempo ? to_tempo(w, NULL, 0, err) : ECHO_OK;
    const float *rest;
    size_t n;

    if (!s && w->rate && !(s = echo_resampler_end(w->rate, err))) {
        rest = echo_resampler_take(w->rate, &n);
        s = to_level(w, rest, n, err);
    }
    if (!s && w->level)
        s = echo_level_finish(w->level, err);
    if (!s && !(s = echo_encoder_finish(&w->encoder, err)))
        s = echo_outlet_commit(&w->to, err);
    return s;
}

echo_status echo_writer_close(echo_writer **writer, echo_error *err)
{
    echo_writer *w = *writer;
    echo_status s;

    if (!w)
        return ECHO_OK;
    if (!(s = w->failed.status))
        s = finish(w, &w->failed);
    s = outcome(w, s, err);
    discard(writer);
    return s;
}

void echo_writer_abort(echo_writer **w)
{
    discard(w);
}

double echo_writer_seconds(const echo_writer *w)
{
    return (double)w->samples / ECHO_SAMPLE_RATE;
}

echo_status echo_wav_write(const char *path, const float *pcm, size_t n, echo_wav_format format,
                           echo_error *err)
{
    echo_writer_opts opts = { .format = "wav", .as_float = format == ECHO_WAV_FLOAT };
    echo_writer *w = NULL;
    echo_status s = echo_writer_open(&w, path, &opts, err);

    if (!s && (s = echo_writer_write(w, pcm, n, err)))
        echo_writer_abort(&w);
    return s ? s : echo_writer_close(&w, err);
}

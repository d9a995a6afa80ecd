/* SPDX-License-Identifier: MIT */
/*
 * read.c - sound of any kind to mono at 44.1 kHz.
 *
 * Goes through it in small pieces and keeps only what comes out of the resampler, so memory
 * follows max_seconds, not the file.  Nothing in a header is believed: the number of frames is
 * what can be read.
 */
#include <math.h>
#include <string.h>

#include "audio/audio.h"
#include "audio/convert.h"
#include "audio/decoder.h"
#include "audio/flat.h"
#include "audio/mix.h"
#include "audio/resample.h"
#include "base/error.h"
#include "base/memory.h"

#define CHUNK       65536   /* samples read at a time, all channels together */
#define MAX_SECONDS 86400.0 /* nobody means more than a day */

struct reading {
    struct source *source;
    struct decoder from;
    struct mix mix;
    struct flat flat;
    struct resampler *to;
    float *chunk;   /* CHUNK */
    double seconds; /* at most */
    uint64_t done;  /* frames */
    echo_error *err;
};

static echo_status too_long(const struct reading *r)
{
    return echo_fail(r->err, ECHO_ERR_FILE, "%s: longer than %g hours", r->source->name,
                     MAX_SECONDS / 3600);
}

/* Frames to read at most. */
static uint64_t limit(const struct reading *r)
{
    return (uint64_t)ceil(r->seconds * r->from.rate);
}

static echo_status pump(struct reading *r)
{
    size_t capacity = (size_t)(CHUNK / r->from.channels), got, good;
    echo_status s;

    for (r->done = 0; r->done < limit(r); r->done += got) {
        if (limit(r) - r->done < capacity)
            capacity = (size_t)(limit(r) - r->done);
        if (!(got = echo_decoder_read(&r->from, r->chunk, capacity)))
            break;
        if ((good = echo_mix_frames(&r->mix, r->chunk, got)) < got)
            return echo_fail(r->err, ECHO_ERR_FILE,
                             "%s: sample %llu is infinite or not a number", r->source->name,
                             (unsigned long long)r->done + (unsigned long long)good);
        echo_flat_watch(&r->flat, r->chunk, got);
        if ((s = echo_resampler_push(r->to, r->chunk, got, r->err)))
            return s;
    }
    if (r->source->error)
        return echo_fail(r->err, ECHO_ERR_FILE, "%s: cannot be read to its end: %s",
                         r->source->name, strerror(r->source->error));
    if (!r->done)
        return echo_fail(r->err, ECHO_ERR_FILE, "%s: there are no samples in it",
                         r->source->name);
    return ECHO_OK;
}

/* From the beginning: the mean of the channels, or one of them. */
static echo_status run(struct reading *r, int only)
{
    uint64_t expected;
    echo_status s;

    echo_decoder_close(&r->from);
    echo_resampler_close(&r->to);
    if ((s = echo_decoder_open(&r->from, r->source, r->err)))
        return s;
    expected = r->from.frames > 0 ? (uint64_t)r->from.frames : 0;
    if (r->seconds == MAX_SECONDS && expected > limit(r)) /* known before reading it all */
        return too_long(r);
    if (expected > limit(r))
        expected = limit(r);
    if (expected > 600 * (uint64_t)r->from.rate) /* a header may promise anything */
        expected = 600 * (uint64_t)r->from.rate;
    echo_mix_start(&r->mix, r->from.channels, only);
    r->flat = (struct flat){ 0 };
    if ((s = echo_resampler_open(&r->to, r->from.rate, ECHO_SAMPLE_RATE, (size_t)expected,
                                 r->err)))
        return s;
    return pump(r);
}

/* Describe the source and its channels.  Nothing is read from it any more. */
static void describe(struct reading *r, struct audio_about *about)
{
    int64_t frames = (int64_t)r->done;

    about->longer = r->done == limit(r) && echo_decoder_read(&r->from, r->chunk, 1);
    if (about->longer && echo_decoder_length(&r->from) > frames) {
        frames = echo_decoder_length(&r->from);
        about->known = true;
    }
    about->known |= !about->longer;
    about->seconds = (double)frames / r->from.rate;
    about->channels = r->from.channels;
    about->channel = r->mix.only + 1;
    about->clipped = echo_flat_is_clipped(&r->flat, r->from.rate);
}

echo_status echo_audio_load_source(float **pcm, size_t *n, struct source *source,
                                   double max_seconds, struct audio_about *about,
                                   echo_error *err)
{
    struct reading r = { .source = source, .err = err, .seconds = MAX_SECONDS };
    struct audio_about found = { 0 };
    struct source converted = { .fd = -1 };
    echo_status s;
    int only;

    *pcm = NULL;
    *n = 0;
    if (max_seconds > 0 && max_seconds < MAX_SECONDS)
        r.seconds = max_seconds;
    if (!(r.chunk = echo_alloc(CHUNK * sizeof *r.chunk)))
        return echo_fail_memory(err, CHUNK * sizeof *r.chunk, source->name);
    if ((s = echo_convert(&converted, source, r.seconds, err)))
        goto done;
    if (converted.bytes)
        r.source = &converted;
    if ((s = run(&r, -1)) ||
        ((only = echo_mix_cancelled(&r.mix)) >= 0 && (s = run(&r, only))))
        goto done;
    describe(&r, &found);
    if (found.longer && r.seconds == MAX_SECONDS)
        s = too_long(&r);
    else
        s = echo_resampler_finish(r.to, pcm, n, err);
    if (about)
        *about = found;
done:
    echo_resampler_close(&r.to);
    echo_decoder_close(&r.from);
    echo_source_close(&converted);
    echo_free(r.chunk);
    return s;
}

echo_status echo_audio_load(float **pcm, size_t *n, const char *path, double max_seconds,
                            echo_error *err)
{
    struct source source;
    echo_status s;

    *pcm = NULL;
    *n = 0;
    if (!(s = echo_source_open(&source, path, NULL, err)))
        s = echo_audio_load_source(pcm, n, &source, max_seconds, NULL, err);
    echo_source_close(&source);
    return s;
}

echo_status echo_audio_load_memory(float **pcm, size_t *n, const void *data, size_t bytes,
                                   const char *name, double max_seconds, echo_error *err)
{
    struct source source;

    echo_source_memory(&source, data, bytes, name);
    return echo_audio_load_source(pcm, n, &source, max_seconds, NULL, err);
}

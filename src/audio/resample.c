/* SPDX-License-Identifier: MIT */
/*
 * resample.c - libsoxr's very high quality, one channel, one thread: the same bits everywhere.
 * A poor resampler is heard by the encoder: with a linear one voices lose their likeness.
 */
#include "audio/resample.h"

#include <soxr.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "audio/audio.h"
#include "base/error.h"
#include "base/memory.h"

#define STEP ((size_t)1 << 16) /* room for output of one call to libsoxr */

struct resampler {
    soxr_t soxr; /* NULL: the rate is right already */
    int from, to;
    uint64_t n_in, taken;
    float *out;
    size_t n, capacity;
};

static echo_status reserve(struct resampler *r, size_t more, echo_error *err)
{
    size_t capacity = r->capacity + r->capacity / 2;
    float *grown;

    if (more <= r->capacity - r->n)
        return ECHO_OK;
    if (capacity < r->n + more)
        capacity = r->n + more;
    if (!(grown = echo_alloc(echo_product(capacity, sizeof *grown))))
        return echo_fail_memory(err, echo_product(capacity, sizeof *grown), "audio");
    if (r->n)
        memcpy(grown, r->out, r->n * sizeof *grown);
    echo_free(r->out);
    r->out = grown;
    r->capacity = capacity;
    return ECHO_OK;
}

static uint64_t length_after(uint64_t n, int from, int to)
{
    return (n * (uint64_t)to + (uint64_t)from / 2) / (uint64_t)from;
}

static echo_status failed(const struct resampler *r, soxr_error_t why, echo_error *err)
{
    return echo_fail(err, ECHO_ERR_MEMORY, "resampling from %d to %d Hz: %s", r->from, r->to,
                     why);
}

echo_status echo_resampler_open(struct resampler **out, int from, int to, size_t expected,
                                echo_error *err)
{
    soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
    soxr_quality_spec_t quality = soxr_quality_spec(SOXR_VHQ, 0);
    soxr_runtime_spec_t threads = soxr_runtime_spec(1);
    struct resampler *r = calloc(1, sizeof *r);
    soxr_error_t why = NULL;
    echo_status s;

    ECHO_ASSERT(from >= AUDIO_MIN_RATE && from <= AUDIO_MAX_RATE);
    ECHO_ASSERT(to >= AUDIO_MIN_RATE && to <= AUDIO_MAX_RATE);
    *out = NULL;
    if (!r)
        return echo_fail_memory(err, sizeof *r, "a resampler");
    r->from = from;
    r->to = to;
    if (from != to)
        r->soxr = soxr_create(from, to, 1, &why, &io, &quality, &threads);
    if (why) {
        s = failed(r, why, err);
        goto fail;
    }
    if ((s = reserve(r, (size_t)length_after(expected, from, to) + STEP, err)))
        goto fail;
    *out = r;
    return ECHO_OK;
fail:
    echo_resampler_close(&r);
    return s;
}

/* pcm NULL: everything is in, fetch the rest. */
static echo_status process(struct resampler *r, const float *pcm, size_t n, echo_error *err)
{
    size_t used = 0, made;
    echo_status s;

    do {
        size_t took = 0;
        soxr_error_t why;

        if ((s = reserve(r, STEP, err)))
            return s;
        why = soxr_process(r->soxr, pcm ? pcm + used : NULL, n - used, &took, r->out + r->n,
                           STEP, &made);
        if (why)
            return failed(r, why, err);
        used += took;
        r->n += made;
    } while (pcm ? used < n : made > 0);
    return ECHO_OK;
}

echo_status echo_resampler_push(struct resampler *r, const float *pcm, size_t n,
                                echo_error *err)
{
    echo_status s;

    r->n_in += n;
    if (r->soxr)
        return n ? process(r, pcm, n, err) : ECHO_OK;
    if ((s = reserve(r, n, err)))
        return s;
    if (n)
        memcpy(r->out + r->n, pcm, n * sizeof *pcm);
    r->n += n;
    return ECHO_OK;
}

const float *echo_resampler_take(struct resampler *r, size_t *n)
{
    *n = r->n;
    r->taken += r->n;
    r->n = 0;
    return r->out;
}

echo_status echo_resampler_end(struct resampler *r, echo_error *err)
{
    uint64_t all = length_after(r->n_in, r->from, r->to);
    size_t want = all > r->taken ? (size_t)(all - r->taken) : 0;
    echo_status s;

    if (r->soxr && (s = process(r, NULL, 0, err)))
        return s;
    if (want > r->n) { /* libsoxr rounds its length down now and then */
        if ((s = reserve(r, want - r->n, err)))
            return s;
        memset(r->out + r->n, 0, (want - r->n) * sizeof *r->out);
    }
    r->n = want;
    return ECHO_OK;
}

echo_status echo_resampler_finish(struct resampler *r, float **out, size_t *n, echo_error *err)
{
    echo_status s = echo_resampler_end(r, err);

    if (s)
        return s;
    *out = r->out;
    *n = r->n;
    r->out = NULL;
    r->n = r->capacity = 0;
    return ECHO_OK;
}

void echo_resampler_close(struct resampler **r)
{
    if (!*r)
        return;
    soxr_delete((*r)->soxr);
    echo_free((*r)->out);
    free(*r);
    *r = NULL;
}

echo_status echo_audio_resample(float **out, size_t *n_out, const float *pcm, size_t n,
                                int rate, echo_error *err)
{
    struct resampler *r = NULL;
    echo_status s;

    *out = NULL;
    *n_out = 0;
    if (rate < AUDIO_MIN_RATE || rate > AUDIO_MAX_RATE)
        return echo_fail_field(err, "rate", "a sample rate of %d Hz is outside %d to %d", rate,
                               AUDIO_MIN_RATE, AUDIO_MAX_RATE);
    if (!(s = echo_resampler_open(&r, rate, ECHO_SAMPLE_RATE, n, err)) &&
        !(s = echo_resampler_push(r, pcm, n, err)))
        s = echo_resampler_finish(r, out, n_out, err);
    echo_resampler_close(&r);
    return s;
}

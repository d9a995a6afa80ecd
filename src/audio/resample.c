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
    int rate;
    uint64_t n_in;
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

static size_t length_after(uint64_t n, int rate)
{
    return (size_t)((n * ECHO_SAMPLE_RATE + (uint64_t)rate / 2) / (uint64_t)rate);
}

echo_status echo_resampler_open(struct resampler **out, int rate, size_t expected,
                                echo_error *err)
{
    soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
    soxr_quality_spec_t quality = soxr_quality_spec(SOXR_VHQ, 0);
    soxr_runtime_spec_t threads = soxr_runtime_spec(1);
    struct resampler *r = calloc(1, sizeof *r);
    soxr_error_t why = NULL;
    echo_status s;

    ECHO_ASSERT(rate >= AUDIO_MIN_RATE && rate <= AUDIO_MAX_RATE);
    *out = NULL;
    if (!r)
        return echo_fail_memory(err, sizeof *r, "a resampler");
    r->rate = rate;
    if (rate != ECHO_SAMPLE_RATE)
        r->soxr = soxr_create(rate, ECHO_SAMPLE_RATE, 1, &why, &io, &quality, &threads);
    if (why) {
        s = echo_fail(err, ECHO_ERR_MEMORY, "resampling from %d Hz: %s", rate, why);
        goto fail;
    }
    if ((s = reserve(r, length_after(expected, rate) + STEP, err)))
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
            return echo_fail(err, ECHO_ERR_MEMORY, "resampling from %d Hz: %s", r->rate, why);
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

echo_status echo_resampler_finish(struct resampler *r, float **out, size_t *n, echo_error *err)
{
    size_t want = length_after(r->n_in, r->rate);
    echo_status s;

    if (r->soxr && (s = process(r, NULL, 0, err)))
        return s;
    if (want > r->n) { /* libsoxr rounds its length down now and then */
        if ((s = reserve(r, want - r->n, err)))
            return s;
        memset(r->out + r->n, 0, (want - r->n) * sizeof *r->out);
    }
    *out = r->out;
    *n = want;
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
        return echo_fail(err, ECHO_ERR_ARG, "a sample rate of %d Hz is outside %d to %d", rate,
                         AUDIO_MIN_RATE, AUDIO_MAX_RATE);
    if (!(s = echo_resampler_open(&r, rate, n, err)) &&
        !(s = echo_resampler_push(r, pcm, n, err)))
        s = echo_resampler_finish(r, out, n_out, err);
    echo_resampler_close(&r);
    return s;
}

/* SPDX-License-Identifier: MIT */
#include "recording.h"

#include <stdlib.h>
#include <string.h>

#include "common/failure.h"
#include "common/output.h"

static bool collect(void *user, const float *pcm, size_t n)
{
    struct recording *r = user;

    if (n > r->capacity - r->n) {
        size_t capacity = 2 * r->capacity + n;
        float *grown = realloc(r->pcm, capacity * sizeof *pcm);

        r->out_of_memory = !grown;
        if (!grown)
            return false;
        r->pcm = grown;
        r->capacity = capacity;
    }
    memcpy(r->pcm + r->n, pcm, n * sizeof *pcm);
    r->n += n;
    return true;
}

static bool show(void *user, echo_stage stage, int done, int total)
{
    struct recording *r = user;

    return progress_stage(r->bar, stage, done, total);
}

echo_sink recording_sink(struct recording *r, bool with_audio)
{
    return (echo_sink){ .user = r, .audio = with_audio ? collect : NULL, .progress = show };
}

echo_status recording_status(const struct recording *r, echo_status status, echo_error *err)
{
    if (status == ECHO_ERR_CANCELLED && r->out_of_memory)
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory after %.1f s of audio",
                         recording_seconds(r));
    return status;
}

echo_status recording_save(const struct recording *r, const char *path, bool as_float,
                           echo_error *err)
{
    echo_writer_opts opts = { .as_float = as_float };

    return recording_write(r, path, &opts, err);
}

echo_status recording_write(const struct recording *r, const char *path,
                            const echo_writer_opts *opts, echo_error *err)
{
    echo_writer *w = NULL;
    echo_status status = echo_writer_open(&w, path, opts, err);

    if (!status && (status = echo_writer_write(w, r->pcm, r->n, err)))
        echo_writer_abort(&w);
    return status ? status : echo_writer_close(&w, err);
}

void recording_summary(const struct recording *r, const char *path, double work_s,
                       const char *more)
{
    double audio_s = recording_seconds(r);

    progress_done(r->bar, "%s  %.2f s of audio in %.1f s (%.2fx)%s", output_name(path), audio_s,
                  work_s, audio_s > 0 ? work_s / audio_s : 0, more);
}

double recording_seconds(const struct recording *r)
{
    return (double)r->n / ECHO_SAMPLE_RATE;
}

void recording_close(struct recording *r)
{
    free(r->pcm);
    *r = (struct recording){ 0 };
}

/* SPDX-License-Identifier: MIT */
#include "delivery.h"

#include <string.h>

#include "common/failure.h"
#include "signals.h"

/* From the writer to the loudspeaker: samples in float. */
static bool play(void *user, const void *bytes, size_t n)
{
    struct delivery *d = user;

    return player_write(d->player, bytes, n / sizeof(float));
}

/* The same speed and loudness as a file would have, and samples as the player wants them. */
static echo_status open_live(struct delivery *d, echo_error *err)
{
    echo_writer_opts opts = { .format = "pcm", .as_float = true, .stream = true,
                              .speed = d->opts.speed, .loudness = d->opts.loudness,
                              .true_peak = d->opts.true_peak };
    echo_status status = player_open(&d->player, signals_stopped, err);

    return status ? status : echo_writer_open_callback(&d->live, play, d, &opts, err);
}

echo_status delivery_open(struct delivery *d, echo_error *err)
{
    echo_status status = d->play ? open_live(d, err) : ECHO_OK;

    if (!status && d->path && !d->job)
        status = echo_writer_open(&d->file, d->path, &d->opts, err);
    return status;
}

/* A loudspeaker that goes away takes no file with it: the rest is written, and the last line
 * tells. */
static bool play_on(struct delivery *d, const float *pcm, size_t n)
{
    if (!d->live || !echo_writer_write(d->live, pcm, n, &d->why))
        return true;
    if (!d->file || signals_stopped())
        return false;
    echo_writer_abort(&d->live);
    /* Only the player itself knows why it takes no more. */
    if (!player_finish(&d->player, &d->silenced))
        d->silenced = d->why;
    return true;
}

bool delivery_audio(void *user, const float *pcm, size_t n)
{
    struct delivery *d = user;

    d->samples += n;
    d->failed = (d->job && job_write(d->job, pcm, n, &d->why)) ||
                (d->file && echo_writer_write(d->file, pcm, n, &d->why)) ||
                !play_on(d, pcm, n);
    return !d->failed && !signals_stopped();
}

static echo_status finish_file(struct delivery *d, echo_error *err)
{
    echo_status status = ECHO_OK;

    if (d->job && d->path) {
        status = echo_writer_open(&d->file, d->path, &d->opts, err);
        if (!status)
            status = job_copy(d->job, d->file, 0, SIZE_MAX, err);
    }
    if (!status && d->file)
        status = echo_writer_close(&d->file, err);
    return status;
}

static echo_status finish_playing(struct delivery *d, echo_error *err)
{
    if (d->live && echo_writer_close(&d->live, err)) {
        player_finish(&d->player, err);
        return err->status;
    }
    if (player_drain(d->player, err))
        return err->status;
    d->starved = player_starved(d->player, &d->starved_s);
    return player_finish(&d->player, err);
}

static echo_status finish(struct delivery *d, echo_error *err)
{
    echo_status status = finish_file(d, err);

    if (status)
        return status;
    if (d->player)
        finish_playing(d, &d->silenced);
    if (!d->silenced.status)
        return ECHO_OK;
    if (!d->path)
        *err = d->silenced;
    else
        echo_fail(err, d->silenced.status, "%.700s (%.200s is written all the same)",
                  d->silenced.text, d->path);
    return err->status;
}

echo_status delivery_close(struct delivery *d, echo_status status, echo_error *err)
{
    echo_error why;

    if (status && d->failed && !signals_stopped()) {
        *err = d->why;
        status = d->why.status;
        /* Only the player itself knows why it takes no more. */
        if (d->player && player_finish(&d->player, &why))
            *err = why;
    }
    if (!status)
        status = finish(d, err);
    if (d->file)
        echo_writer_abort(&d->file);
    if (d->live)
        echo_writer_abort(&d->live);
    if (d->player)
        player_abort(&d->player);
    return status;
}

double delivery_seconds(const struct delivery *d)
{
    return (double)d->samples / ECHO_SAMPLE_RATE;
}

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

bool delivery_audio(void *user, const float *pcm, size_t n)
{
    struct delivery *d = user;

    d->samples += n;
    d->failed = (d->job && job_write(d->job, pcm, n, &d->why)) ||
                (d->file && echo_writer_write(d->file, pcm, n, &d->why)) ||
                (d->live && echo_writer_write(d->live, pcm, n, &d->why));
    return !d->failed && !signals_stopped();
}

static echo_status finish(struct delivery *d, echo_error *err)
{
    echo_status status = ECHO_OK;

    if (d->job) {
        status = echo_writer_open(&d->file, d->path, &d->opts, err);
        if (!status)
            status = job_copy(d->job, d->file, err);
    }
    if (!status && d->file)
        status = echo_writer_close(&d->file, err);
    if (!status && d->live)
        status = echo_writer_close(&d->live, err);
    if (status || !d->player)
        return status;
    status = player_drain(d->player, err);
    d->starved = player_starved(d->player, &d->starved_s);
    return status ? status : player_finish(&d->player, err);
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

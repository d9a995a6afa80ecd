/* SPDX-License-Identifier: MIT */
#include "sound_options.h"

#include "common/output.h"

echo_writer_opts sound_options(const struct sound_opts *o)
{
    return (echo_writer_opts){ .format = o->format, .rate = o->rate, .as_float = o->as_float,
                               .bitrate = o->bitrate, .quality = o->quality,
                               .loudness = o->loudness, .true_peak = o->true_peak,
                               .speed = o->speed };
}

echo_status sound_options_check(const struct sound_opts *o, const char *path, echo_error *err)
{
    echo_writer_opts opts = sound_options(o);
    echo_status s = echo_writer_check(path, &opts, err);

    return s ? s : output_check_sound(path, err);
}

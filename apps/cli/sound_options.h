/* SPDX-License-Identifier: MIT */
/* sound_options.h - the options of every command that writes sound, once. */
#ifndef CLI_SOUND_OPTIONS_H
#define CLI_SOUND_OPTIONS_H

#include "options.h"

/* Zero: not given. */
struct sound_opts {
    const char *format;
    int rate, bitrate;
    float quality, loudness, true_peak, speed;
    bool as_float;
};

#define SOUND_AT(base, field) ((base) + offsetof(struct sound_opts, field))

/* Rows for a table of options; base: where the struct is in the job. */
#define SOUND_OPTION_ROWS(base)                                                                \
    { .name = "format", .kind = OPTION_STRING, .at = SOUND_AT(base, format), .value = "NAME",  \
      .help = "wav, flac, mp3, ogg, opus, aac, pcm; default: FILE's ending" },                 \
    { .name = "rate", .kind = OPTION_INT, .at = SOUND_AT(base, rate), .value = "HZ",           \
      .min = 8000, .max = 48000, .help = "default: 44100, Opus 48000" },                       \
    { .name = "float", .kind = OPTION_ON, .at = SOUND_AT(base, as_float),                      \
      .help = "32-bit float samples instead of 16-bit (wav, pcm)" },                           \
    { .name = "bitrate", .kind = OPTION_INT, .at = SOUND_AT(base, bitrate), .value = "KBIT",   \
      .min = 6, .max = 320, .help = "kbit/s of mp3, ogg, opus, aac" },                         \
    { .name = "quality", .kind = OPTION_FLOAT, .at = SOUND_AT(base, quality), .value = "F",    \
      .max = 1, .help = "quality, instead of a bitrate; default: 0.5" },                       \
    { .name = "loudness", .kind = OPTION_FLOAT, .at = SOUND_AT(base, loudness),                \
      .value = "LUFS", .min = -40, .max = -5,                                                  \
      .help = "bring the whole to this loudness; podcasts: -16" },                             \
    { .name = "true-peak", .kind = OPTION_FLOAT, .at = SOUND_AT(base, true_peak),              \
      .value = "DB", .min = -20, .help = "peak limit of --loudness; default: -1" },            \
    { .name = "speed", .kind = OPTION_FLOAT, .at = SOUND_AT(base, speed), .value = "F",        \
      .min = 0.25, .max = 4, .help = "faster or slower, the pitch stays" }

/* As the library takes them. */
echo_writer_opts sound_options(const struct sound_opts *o);

/* Would they work for this path, and can it be written? */
echo_status sound_options_check(const struct sound_opts *o, const char *path, echo_error *err);

#endif

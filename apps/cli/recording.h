/* SPDX-License-Identifier: MIT */
/* recording.h - sound, collected as the library makes it, on its way to a file. */
#ifndef CLI_RECORDING_H
#define CLI_RECORDING_H

#include "runtime.h"

struct recording {
    struct progress *bar;
    float *pcm;
    size_t n, capacity;
    bool out_of_memory;
};

/* A sink that fills the recording (or makes latents only) and moves its bar. */
echo_sink recording_sink(struct recording *r, bool with_audio);

/* The status of a call with that sink: the recording's own reason, if that made it stop. */
echo_status recording_status(const struct recording *r, echo_status status, echo_error *err);

echo_status recording_save(const struct recording *r, const char *path, bool as_float,
                           echo_error *err);
echo_status recording_write(const struct recording *r, const char *path,
                            const echo_writer_opts *opts, echo_error *err);
/* If the bar is shown: "out.wav  2.97 s of audio in 1.8 s (0.61x)", and what more there is. */
void recording_summary(const struct recording *r, const char *path, double work_s,
                       const char *more);
double recording_seconds(const struct recording *r);
void recording_close(struct recording *r);

#endif

/* SPDX-License-Identifier: MIT */
/* format.h - the formats that sound is written in, and what can be asked of each. */
#ifndef ECHO_FORMAT_H
#define ECHO_FORMAT_H

#include <stdbool.h>

#include "echotts.h"

struct format {
    echo_format about;
    const char *also;          /* another ending, or NULL */
    int sndfile;               /* as libsndfile calls it; 0: written by wav.c */
    bool header;               /* else the samples are all there is */
    int rate;                  /* unless another is asked for */
    const int *rates;          /* the only ones, up to a 0; NULL: any */
    const struct bitrate *bitrates;
    double (*level)(double quality); /* 1 (best) to 0 as libsndfile's compression, 0 to 1 */
    bool by_ffmpeg;
};

/* The options about the format, with nothing left open. */
struct encoding {
    const struct format *format;
    int rate;
    bool as_float, stream;
    bool constant; /* in bitrate */
    double level;  /* of compression; of lossy formats */
    int bitrate;   /* kbit/s of by_ffmpeg */
};

/* Check the options that are about the format.  path may be NULL. */
echo_status echo_encoding_choose(struct encoding *e, const char *path,
                                 const echo_writer_opts *opts, echo_error *err);

#endif

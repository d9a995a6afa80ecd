/* SPDX-License-Identifier: MIT */
/* ffmpeg.h - which program reads and writes the formats that no library of ours does. */
#ifndef ECHO_FFMPEG_H
#define ECHO_FFMPEG_H

#include <stdbool.h>

/* $ECHOTTS_FFMPEG, or "ffmpeg"; empty: none is wanted. */
const char *echo_ffmpeg(void);

/* Whether it can be found: by its path, or on PATH. */
bool echo_ffmpeg_is_there(void);

#endif

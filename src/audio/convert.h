/* SPDX-License-Identifier: MIT */
/*
 * convert.h - sound of the formats that no library of ours reads (AAC, WebM, WMA, ...), by
 * ffmpeg, if it is there: a helper that is never required.
 */
#ifndef ECHO_CONVERT_H
#define ECHO_CONVERT_H

#include <stdbool.h>

#include "base/source.h"

/*
 * If the source is of such a format, make *to of its first seconds: a WAV file in a nameless
 * file, for echo_source_close().  Else, and where there is no ffmpeg, to->bytes stays 0.
 * $ECHOTTS_FFMPEG names another program; empty: none.
 */
echo_status echo_convert(struct source *to, struct source *from, double seconds,
                         echo_error *err);

#endif

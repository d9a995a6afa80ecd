/* SPDX-License-Identifier: MIT */
/*
 * voice_cache.h - clips of voice files that were encoded before.
 *
 * A file's name is what its latents depend on: the clip, and all that encodes it.  Whatever is
 * wrong with it, it counts as missing.  A failure to write is a line of the log.
 */
#ifndef ECHO_ENGINE_VOICE_CACHE_H
#define ECHO_ENGINE_VOICE_CACHE_H

#include "engine/voice.h"
#include "engine/voice_file.h"

#define VOICE_CACHE_MOST ((uint64_t)256 << 20) /* bytes: hours of speech */

/* The clip of a file, encoded or from the cache, or its latents; `v` is verified here. */
echo_status echo_voice_of_file(echo_voice **out, echo_session *s, const struct voice_file *v,
                               const echo_encode_opts *opts, echo_error *err);

/* Remove what was made of this clip. */
void echo_voice_cache_forget(const struct voice_file *v);

/* Remove the files of a folder that were not used for longest, until there are `most` bytes. */
void echo_voice_cache_trim(const char *folder, uint64_t most);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * voice_file.h - a voice in a file of its own (docs/VOICES.md): a clip or latents, and notes.
 *
 * Such files come from anywhere, so each number and note is checked before use.
 */
#ifndef ECHO_ENGINE_VOICE_FILE_H
#define ECHO_ENGINE_VOICE_FILE_H

#include "base/source.h"
#include "weights/safetensors.h"

#define VOICE_FILE_MOST ((uint64_t)64 << 20) /* bytes: five minutes have up to 41 MB */

struct voice_file {
    const char *path; /* for messages */
    echo_voice_info about;
    struct array array; /* "clip", U8, or "latent", F32 */
    /* Of a file that was read; the last two are its own. */
    const struct json_t *notes;
    unsigned char *bytes;
    struct safetensors *file;
};

/* Is it meant to be one? */
bool echo_voice_file_is(const struct safetensors *f);

/* Take the notes of a file that is open, which must outlive v and stays the caller's. */
echo_status echo_voice_file_parse(struct voice_file *v, const struct safetensors *f,
                                  echo_error *err);

/* Read from anywhere, at most VOICE_FILE_MOST; of the data nothing if `notes_only`.  On
 * failure, too, for echo_voice_file_close(). */
echo_status echo_voice_file_read(struct voice_file *v, struct source *in, bool notes_only,
                                 echo_error *err);

/* Compare everything that was read with the checksum. */
echo_status echo_voice_file_verify(const struct voice_file *v, echo_error *err);

/* The clip as sound, by echo_alloc(). */
echo_status echo_voice_file_sound(const struct voice_file *v, float **pcm, size_t *n,
                                  echo_error *err);

/* Write about and array; the checksum is computed, and set. */
echo_status echo_voice_file_write(const char *path, struct voice_file *v, echo_error *err);

/* A number that other clips or latents do not have, whatever their notes: 32 digits. */
#define VOICE_CONTENT 33
void echo_voice_file_content(char out[VOICE_CONTENT], const struct voice_file *v);

void echo_voice_file_close(struct voice_file *v);

#endif

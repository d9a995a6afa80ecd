/* SPDX-License-Identifier: MIT */
/* voice_name.h - how a voice of the library may be called, and how its file is then called. */
#ifndef ECHO_ENGINE_VOICE_NAME_H
#define ECHO_ENGINE_VOICE_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "echotts.h"

#define VOICE_ENDING  ".voice"
#define VOICE_LETTERS 64  /* of a name, at most */
#define VOICE_FILE    240 /* bytes of a file's name, with the final 0; 255 with ".PID.part" */

/* Compose a name, or refuse it: field "name". */
echo_status echo_voice_name(char out[ECHO_VOICE_NAME], const char *given, echo_error *err);

/* The name of its file.  Where a file system might mind a letter, it is as "%3a". */
void echo_voice_name_file(char out[VOICE_FILE], const char *name);

/* The other way round; false if this is no file of a voice. */
bool echo_voice_name_of_file(char out[ECHO_VOICE_NAME], const char *file);

/* Is this UTF-8 without control characters, of less than `size` bytes? */
bool echo_voice_is_line(const char *text, size_t size);

#endif

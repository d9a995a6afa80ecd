/* SPDX-License-Identifier: MIT */
/* library.h - what the handle of a library is made of. */
#ifndef ECHO_ENGINE_LIBRARY_H
#define ECHO_ENGINE_LIBRARY_H

#include <pthread.h>

#include "engine/shelf.h"
#include "engine/voice_file.h"

struct echo_library {
    char *folder; /* "": there is none */
    pthread_mutex_t lock; /* of what follows */
    struct known_voice *known; /* as listed last, in order of files' names */
    int n, room;
};

/* Read the file of a voice; it is verified unless notes_only.  On failure, too, v is for
 * echo_voice_file_close().  *path, by malloc(), is what v calls it. */
echo_status echo_library_read(struct voice_file *v, char **path, const echo_library *lib,
                              const struct shelf_file *f, bool notes_only, echo_error *err);

/* The file of a voice that there is; ECHO_ERR_ARG, field "voice". */
echo_status echo_library_seek(struct shelf_file *out, const echo_library *lib, const char *name,
                              echo_error *err);

#endif

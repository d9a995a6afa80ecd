/* SPDX-License-Identifier: MIT */
/* clip_files.h - paths of recordings, folders among them, to a list of files. */
#ifndef ECHO_ENGINE_CLIP_FILES_H
#define ECHO_ENGINE_CLIP_FILES_H

#include "echotts.h"

struct clip_files {
    char **paths; /* "-" is standard input */
    int n, capacity;
};

/* A folder stands for its sound files, in the order of their names.  ECHO_ERR_FILE for what is
 * not there, and for a folder without sound.  Give them back after failures, too. */
echo_status echo_clip_files(struct clip_files *f, const char *const *paths, int n,
                            echo_error *err);
void echo_clip_files_free(struct clip_files *f);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * shelf.h - the folder that a library is: which files there are, and who may change them.
 *
 * Files appear by rename, so readers need no lock.  Writers hold one (flock() on .lock), so
 * that nobody comes between the look for a name and the new file of that name; the kernel lets
 * go of it with the process.
 */
#ifndef ECHO_ENGINE_SHELF_H
#define ECHO_ENGINE_SHELF_H

#include <sys/stat.h>

#include "engine/voice_name.h"

/* A file of a voice. */
struct shelf_file {
    char name[ECHO_VOICE_NAME]; /* that it means */
    char file[VOICE_FILE];      /* in the folder */
    struct stat st;
};

/* Call each(), until it returns false.  A folder that is not there is empty. */
echo_status echo_shelf_each(const char *folder,
                            bool (*each)(void *user, const struct shelf_file *f), void *user,
                            echo_error *err);

/* The file of a name; where two fold alike, the exact one.  out->file is "" if there is
 * none. */
echo_status echo_shelf_find(struct shelf_file *out, const char *folder, const char *name,
                            echo_error *err);

#define SHELF_PATIENCE_S 10.0

/* Make the folder, wait for the lock, and remove what a writer that was killed left behind.
 * *lock is for echo_shelf_unlock(). */
echo_status echo_shelf_lock(int *lock, const char *folder, double patience_s, echo_error *err);
void echo_shelf_unlock(int lock);

/* "FOLDER/file", for free(); NULL without memory. */
char *echo_shelf_path(const char *folder, const char *file);

#endif

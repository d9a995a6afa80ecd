/* SPDX-License-Identifier: MIT */
/* folders.h - folders of the user: where they are, and how they come about. */
#ifndef ECHO_BASE_FOLDERS_H
#define ECHO_BASE_FOLDERS_H

#include <stdbool.h>
#include <stddef.h>

/* $VARIABLE/name, or ~/preset/name where that is no absolute path; false: there is no home. */
bool echo_folder_of_user(char *path, size_t size, const char *variable, const char *preset,
                         const char *name);

/* Make it, and those that it is in.  False: errno says why. */
bool echo_folder_make(const char *path, unsigned mode);

#endif

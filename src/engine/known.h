/* SPDX-License-Identifier: MIT */
/* known.h - what earlier runs found out about this machine's devices. */
#ifndef ECHO_ENGINE_KNOWN_H
#define ECHO_ENGINE_KNOWN_H

#include "backend/gpu.h"

/*
 * A file of lines "name fact" in $XDG_CACHE_HOME/echotts, or ~/.cache/echotts.  Where there is
 * none, or it cannot be written, nothing is known, and measured again.
 */
const struct memo *echo_known(void);

/* Where the file is; false: there is no such place. */
bool echo_known_path(char *path, size_t size);

#endif

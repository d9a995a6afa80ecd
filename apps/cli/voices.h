/* SPDX-License-Identifier: MIT */
/* voices.h - clips that lie beside a model, and are named without path and ending. */
#ifndef CLI_VOICES_H
#define CLI_VOICES_H

#include <stddef.h>

#include "report.h"

/*
 * The file that a voice's name means: name itself if it is a path or there is such a file, else
 * name.wav and the like beside the model, written to out; name again if there is none.
 */
const char *voices_find(char *out, size_t size, const echo_model_info *m, const char *name);

/* Their names in order: an array of strings, empty if there is none. */
json_t *voices_array(const echo_model_info *m);

#endif

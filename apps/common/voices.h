/* SPDX-License-Identifier: MIT */
/* voices.h - what a voice's name on the command line means. */
#ifndef COMMON_VOICES_H
#define COMMON_VOICES_H

#include "common/report.h"

enum voice_source {
    VOICE_FILE,     /* a clip or latents at this path */
    VOICE_OF_MODEL, /* one that the model brings */
    VOICE_UNKNOWN,  /* neither */
};

/*
 * A name without a slash means the model's voice of that name; what has an ending (slt.wav)
 * means the file here before it.  *hidden: a file of that name lies here, and is not meant.
 */
enum voice_source voices_choose(const echo_model *m, const char *name, bool *hidden);

/* Says that there is no such voice, which ones there are, and which may have been meant. */
echo_status voices_unknown(const echo_model *m, const char *name, echo_error *err);

/* Their names in order: an array of strings, empty if there is none. */
json_t *voices_array(const echo_model *m);

#endif

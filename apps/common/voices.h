/* SPDX-License-Identifier: MIT */
/* voices.h - what a voice's name on the command line means. */
#ifndef COMMON_VOICES_H
#define COMMON_VOICES_H

#include "common/report.h"

enum voice_source {
    VOICE_FILE,       /* a clip or latents at this path */
    VOICE_OF_LIBRARY, /* one that the user keeps by name */
    VOICE_OF_MODEL,   /* one that the model brings */
    VOICE_UNKNOWN,    /* none of these */
};

/* The meaning of a name, and others that it could have. */
struct voice_choice {
    enum voice_source source;
    bool hidden;   /* a file of that name lies here, and is not meant */
    bool shadowed; /* nor is a voice of the model, but one of the library */
};

/*
 * A name without a slash means the library's voice of that name, or else the model's; what has
 * an ending (slt.wav) means the file here before them.  ECHO_ERR_FILE: the library cannot be
 * read.
 */
echo_status voices_choose(struct voice_choice *out, const echo_model *m, echo_library *lib,
                          const char *name, echo_error *err);

/* Says that there is no such voice, which ones there are, and which may have been meant. */
echo_status voices_unknown(const echo_model *m, echo_library *lib, const char *name,
                           echo_error *err);

/* Says the same where a name cannot be that of a file: ECHO_ERR_ARG with field "voice". */
echo_status voices_unknown_name(const echo_model *m, echo_library *lib, const char *name,
                                echo_error *err);

/* Says the same of a library alone, unless err is about something else than the name. */
echo_status voices_unknown_there(echo_library *lib, const char *name, echo_error *err);

/* The names of the model's voices in order: an array of strings, empty if there is none. */
json_t *voices_array(const echo_model *m);

/* Those of a library, the ones that can be used. */
json_t *voices_of_library(echo_library *lib);

#endif

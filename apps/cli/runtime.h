/* SPDX-License-Identifier: MIT */
/* runtime.h - a model, a session, and the terminal they report to. */
#ifndef CLI_RUNTIME_H
#define CLI_RUNTIME_H

#include "options.h"
#include "progress.h"

struct runtime {
    echo_model *model;
    echo_session *session;
    echo_library *library; /* of voices; open wherever the model was to be */
    echo_model_info info;
    struct progress bar;
    bool profile;
    bool hushed; /* no warnings of the library: what they tell is meant */
};

/* On failure, too, the engine is for runtime_close(). */
echo_status runtime_open(struct runtime *e, const struct common *common, echo_error *err);
void runtime_close(struct runtime *e);

/* A line on stderr, quiet or not. */
__attribute__((format(printf, 2, 3))) void runtime_warn(struct runtime *e, const char *fmt,
                                                        ...);

/* The same for what is no fault. */
__attribute__((format(printf, 2, 3))) void runtime_note(struct runtime *e, const char *fmt,
                                                        ...);

/* Audio, saved latents or a voice of the library or the model, by path or name, with progress.
 * *seconds, if not NULL, is what it took. */
echo_status runtime_voice(struct runtime *e, echo_voice **out, const char *path,
                          echo_encode_opts opts, double *seconds, echo_error *err);

/* The model alone, for looking at; `describe`: without its weights. */
echo_status runtime_open_model(struct runtime *e, const struct common *common, bool describe,
                               echo_error *err);

#endif

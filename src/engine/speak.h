/* SPDX-License-Identifier: MIT */
/* speak.h - echo_speak(): a text of any length, piece by piece. */
#ifndef ECHO_ENGINE_SPEAK_H
#define ECHO_ENGINE_SPEAK_H

#include "text/script.h"

/* Of all that decides what is spoken: a number of it; 0 means that memory ran out. */
uint64_t echo_speak_job(const echo_model *m, const struct script *script,
                        const echo_voice *voice, const echo_params *params,
                        const echo_speak_opts *opts);

#endif

/* SPDX-License-Identifier: MIT */
/* speak.h - echo_speak(): a text of any length, piece by piece. */
#ifndef ECHO_ENGINE_SPEAK_H
#define ECHO_ENGINE_SPEAK_H

#include "echotts.h"

/* ECHO_ERR_ARG names the option that is out of its range. */
echo_status echo_speak_opts_check(const echo_speak_opts *o, echo_error *err);

#endif

/* SPDX-License-Identifier: MIT */
/* utterance.h - one text in one voice: latents, block by block, and on to sound. */
#ifndef ECHO_ENGINE_UTTERANCE_H
#define ECHO_ENGINE_UTTERANCE_H

#include "engine/pace.h"
#include "engine/session.h"

struct utterance {
    const char *text;         /* as echo_generate() takes it */
    const echo_voice *voice;  /* NULL: the model picks one */
    const echo_voice *speech; /* to go on from; NULL: from silence */
    const echo_params *params;
    const echo_sink *sink;    /* NULL, or without audio: only latents are made */
    struct pace *pace;        /* of this speaker, which learns from it; NULL: none is known */
};

/*
 * Make it, between echo_session_begin() and _end().  The session has its latents then, and its
 * stats are those of this utterance.
 */
echo_status echo_utter(echo_session *s, const struct utterance *u, echo_error *err);

#endif

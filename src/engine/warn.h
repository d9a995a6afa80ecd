/* SPDX-License-Identifier: MIT */
/* warn.h - speech that is perhaps not all of the text, or more: nobody else would notice. */
#ifndef ECHO_ENGINE_WARN_H
#define ECHO_ENGINE_WARN_H

#include "engine/session.h"

/* Look at the trimmed speech of the last generation, of a text of so many bytes and letters.
 * Its first `start` frames were given. */
void echo_warn_of_speech(echo_session *s, int bytes, int letters, int start);

#endif

/* SPDX-License-Identifier: MIT */
/* trouble.h - speech of a session that may not be all that was to be said. */
#ifndef ECHO_ENGINE_TROUBLE_H
#define ECHO_ENGINE_TROUBLE_H

#include "engine/session.h"

enum trouble_kind {
    TROUBLE_NONE,
    TROUBLE_SILENT, /* nothing was said */
    TROUBLE_CUT,    /* no end was found, or it comes too soon */
    TROUBLE_LONG,   /* it goes on for much longer than the text can take */
    TROUBLE_MORE,   /* speech goes on behind the end */
};

struct trouble {
    enum trouble_kind kind;
    char line[400]; /* says what, and what to do */
};

/* Of the last utterance, of a text of so many bytes and letters, behind `start` frames. */
struct trouble echo_find_trouble(const echo_session *s, int bytes, int letters, int start);

#endif

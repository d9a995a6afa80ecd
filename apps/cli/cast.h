/* SPDX-License-Identifier: MIT */
/* cast.h - who speaks, and in which voice: --cast. */
#ifndef CLI_CAST_H
#define CLI_CAST_H

#include "runtime.h"

struct cast {
    echo_role roles[ECHO_MAX_ROLES]; /* as the library takes them */
    char *names[ECHO_MAX_ROLES], *voices[ECHO_MAX_ROLES]; /* as given; "": the narrator's */
    echo_voice *own[ECHO_MAX_ROLES]; /* a voice that two have is here once */
    int n;
};

/* NAME=VOICE,NAME=VOICE or, without a "=", a file of lines "NAME = VOICE".  NULL: nobody.  The
 * roles have no voices yet.  Close it in any case. */
echo_status cast_read(struct cast *c, const char *given, echo_error *err);

/* Their voices, as runtime_voice() finds them. */
echo_status cast_load(struct cast *c, struct runtime *e, echo_encode_opts opts, double *seconds,
                      echo_error *err);

/* The voice as it was given for the role of this name; NULL: the narrator's. */
const char *cast_voice(const struct cast *c, const char *role);

/* "joe, deep": all voices, once each.  narrator: that of the call, or NULL. */
void cast_list_voices(const struct cast *c, const char *narrator, char *out, size_t size);

void cast_close(struct cast *c);

#endif

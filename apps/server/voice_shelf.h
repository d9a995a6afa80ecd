/* SPDX-License-Identifier: MIT */
/*
 * voice_shelf.h - voices as the model hears them, kept while they are used and a while longer.
 *
 * Voices of the library are looked up at each use, so one that was added, replaced or removed
 * counts at once.  Clips that come with requests are known by their content.
 */
#ifndef SERVER_VOICE_SHELF_H
#define SERVER_VOICE_SHELF_H

#include "speech.h"

struct voice_shelf;

echo_status voice_shelf_open(struct voice_shelf **out, const echo_model *m, echo_library *lib,
                             const char *preferred, echo_error *err);
void voice_shelf_close(struct voice_shelf **s);

/* The voice that a name means: an own name first, then OpenAI's names, which stand for the
 * default voice.  ECHO_ERR_ARG lists the voices that there are. */
echo_status voice_shelf_find(struct voice_shelf *s, const char *name, struct voice_spec *out,
                             echo_error *err);
/* The voice of just this name, in the library or else in the model.  False: there is none. */
bool voice_shelf_has(struct voice_shelf *s, const char *name, struct voice_spec *out);
/* The default voice; VOICE_NONE where there is no voice at all. */
struct voice_spec voice_shelf_default(struct voice_shelf *s);

/* Tell of each voice: those of the library that can be used, then those of the model, of which
 * `kept` is NULL. */
typedef void voice_shelf_taker(void *user, const char *name, const echo_voice_info *kept);
void voice_shelf_each(struct voice_shelf *s, voice_shelf_taker *take, void *user);

/* Encode it, or take it from the shelf.  *out is NULL for VOICE_NONE; else give it back. */
echo_status voice_shelf_take(struct voice_shelf *s, const struct voice_spec *spec,
                             echo_session *session, const echo_encode_opts *opts,
                             const echo_voice **out, echo_error *err);
void voice_shelf_return(struct voice_shelf *s, const echo_voice *v);

#endif

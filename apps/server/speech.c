/* SPDX-License-Identifier: MIT */
#include "speech.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void speech_close(struct speech *s)
{
    for (int i = 0; i < s->n_roles; i++) {
        free((char *)(uintptr_t)s->roles[i].name);
        free(s->role_voices[i].clip);
    }
    free(s->roles);
    free(s->role_voices);
    free(s->text);
    free(s->voice.clip);
    *s = (struct speech){ 0 };
}

bool speech_add_role(struct speech *s, const char *name, const struct voice_spec *voice)
{
    if (!s->roles) {
        s->roles = calloc(ECHO_MAX_ROLES, sizeof *s->roles);
        s->role_voices = calloc(ECHO_MAX_ROLES, sizeof *s->role_voices);
    }
    if (!s->roles || !s->role_voices || s->n_roles == ECHO_MAX_ROLES ||
        !(s->roles[s->n_roles].name = strdup(name)))
        return false;
    s->role_voices[s->n_roles++] = *voice;
    return true;
}

echo_speak_opts speech_how(const struct speech *s)
{
    echo_speak_opts how = s->how;

    how.markup = *s->markup ? s->markup : NULL;
    how.language = *s->language ? s->language : NULL;
    how.cast = s->roles;
    how.roles = s->n_roles;
    return how;
}

int speech_rate(const struct speech *s)
{
    if (s->sound.rate)
        return s->sound.rate;
    return strcmp(s->format.name, "opus") ? ECHO_SAMPLE_RATE : 48000;
}

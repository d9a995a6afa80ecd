/* SPDX-License-Identifier: MIT */
/* voices.h - the voices that a model brings: clips beside its files, or in a packed one. */
#ifndef ECHO_ENGINE_VOICES_H
#define ECHO_ENGINE_VOICES_H

#include "weights/safetensors.h"

/* How arrays of a packed file begin that are clips: "voice.NAME". */
#define VOICE_ARRAY "voice."

/* One of them; name and path by malloc(). */
struct named_clip {
    char *name;               /* in composed form, of its file without the ending */
    char *path;               /* of the file; NULL in a packed model */
    int rank;                 /* of its ending: the lower, the better */
    const struct array *data; /* in a packed model */
};

/* In order of names. */
struct voices {
    struct named_clip *clips;
    int n, capacity;
};

/* The clips in the folder in which `file` lies.  Give them back after failures, too. */
echo_status echo_voices_beside(struct voices *v, const char *file, echo_error *err);
/* Those in a packed model, which must outlive them. */
echo_status echo_voices_packed(struct voices *v, const struct safetensors *f, echo_error *err);
void echo_voices_free(struct voices *v);

/* Does the name of this file end as a clip's does? */
bool echo_is_clip_name(const char *file);

/* The one that a name means, -1: none. */
int echo_voices_find(const struct voices *v, const char *name);

#endif

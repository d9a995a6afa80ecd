/* SPDX-License-Identifier: MIT */
/* speech.h - what a client asks to be said, and how: a request in plain values. */
#ifndef SERVER_SPEECH_H
#define SERVER_SPEECH_H

#include "common/failure.h"

/* When sound leaves. */
enum delivery {
    DELIVER_WHOLE,  /* all at once: lengths are exact, failures are plain answers */
    DELIVER_PIECES, /* after each piece of a long text */
    DELIVER_BLOCKS, /* within pieces, while the rest is sampled */
};

enum voice_kind {
    VOICE_NONE,    /* the model picks one */
    VOICE_LIBRARY, /* by name */
    VOICE_MODEL,
    VOICE_CLIP,    /* sound that came with the request */
};

struct voice_spec {
    enum voice_kind kind;
    char name[ECHO_VOICE_NAME];
    void *clip; /* a file of sound, in memory */
    size_t clip_bytes;
};

struct speech {
    char *text;
    struct voice_spec voice;
    echo_role *roles; /* of a cast, by name; a role's voice is told beside it */
    struct voice_spec *role_voices;
    int n_roles;
    echo_params params;
    echo_speak_opts how;    /* without its strings: speech_how() */
    char markup[16], language[40];
    echo_writer_opts sound;
    echo_format format;
    enum delivery delivery;
    bool sse;      /* events instead of bytes */
    bool progress; /* and more of them */
    bool longer;   /* than one pass: it shares the device with shorter ones */
    char ignored[256]; /* names of fields that mean nothing here, "a, b" */
};

void speech_close(struct speech *s);

/* One more role, in this voice, which is taken over.  False: out of memory. */
bool speech_add_role(struct speech *s, const char *name, const struct voice_spec *voice);

/* How it is spoken; strings and roles in it belong to the speech.  No role has a voice yet. */
echo_speak_opts speech_how(const struct speech *s);

/* Hertz that the sound will have. */
int speech_rate(const struct speech *s);

#endif

/* SPDX-License-Identifier: MIT */
/* settings.h - a model's own echotts.json: defaults, how long its speech is, its vocabulary. */
#ifndef ECHO_ENGINE_SETTINGS_H
#define ECHO_ENGINE_SETTINGS_H

#include "text/vocabulary.h"

struct settings {
    echo_params defaults;
    struct vocabulary vocabulary;
    /* Frames that nearly every text fits into: so many a byte, and so many more. */
    float frames_per_byte, frames_margin;
    char license[64];
    int max_sequence_length; /* the largest window that the model knows */
    int piece_length; /* frames that pieces of a long text are cut for; 0: as many */
};

/* The reference's, without a vocabulary. */
struct settings echo_settings_reference(void);
/* Give back the vocabulary. */
void echo_settings_free(struct settings *s);

/* Change what the JSON object in the file names; also after a failure it is to be freed. */
echo_status echo_settings_read(struct settings *s, const char *path, echo_error *err);
/* The same from its text; path is for messages. */
echo_status echo_settings_parse(struct settings *s, const char *path, const char *text,
                                echo_error *err);

#endif

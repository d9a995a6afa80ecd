/* SPDX-License-Identifier: MIT */
/* say.h - the job of echotts say: what is asked, and what it has while running. */
#ifndef CLI_SAY_H
#define CLI_SAY_H

#include "cast.h"
#include "characters.h"
#include "commands.h"
#include "delivery.h"
#include "speak_options.h"
#include "tags.h"
#include "text_input.h"
#include "turns.h"
#include "words.h"

struct say {
    struct common common;
    const char *file, *voice, *continue_from;              /* to read */
    /* To write; NULL: not wanted. */
    const char *output, *latent_out, *subtitles, *chapters, *split_turns;
    const char *title;
    bool play, stream, lift, tags, resume;
    struct speak_opts how;
    struct sound_opts sound;
    echo_params params;

    /* Had while running. */
    struct text_input input;
    echo_speak_opts speaking;
    struct words unknown;
    struct characters unusual;
    echo_voice *like, *before, *own;
    double voice_s;
    const char *exact; /* the option that asks for one pass, echo_continue(); NULL: none */
    struct tags about;
    struct cast cast;
    char voices[500]; /* all of them, for the tags */
    struct turns turns;
    struct delivery delivery;
    char *kept_as; /* what the names of the job's files begin with */
    struct job *job;
    bool not_ours; /* the interrupted job is of something else */
    echo_checkpoint from;
    struct subtitles cues;
    struct runtime *runtime;
    echo_error piece_failed;
};

bool say_given(const struct say *say, const char *name);

/* Faults that can be known before anything is loaded.  Chooses where the sound goes, too. */
echo_status say_check(struct say *say, echo_error *err);

/* The option that asks for one pass, exactly as it says; NULL: none. */
const char *say_what_is_exact(const struct say *say);

/* Whether what is to be made fits behind the frames before it. */
echo_status say_check_length(const struct say *say, int patch, echo_error *err);

#endif

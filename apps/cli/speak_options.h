/* SPDX-License-Identifier: MIT */
/* speak_options.h - how a text becomes speech: options of all commands that read one. */
#ifndef CLI_SPEAK_OPTIONS_H
#define CLI_SPEAK_OPTIONS_H

#include "options.h"

struct speak_opts {
    const char *clean, *markup, *language, *cast;
    float pause_sentence, pause_paragraph, pause_turn, crossfade;
    int retakes, first_block;
    bool match_levels;
};

#define SPEAK_AT(base, field) ((base) + offsetof(struct speak_opts, field))

/* Rows for tables of options; base: where the struct is in the job. */
#define TEXT_OPTION_ROWS(base)                                                                 \
    { .name = "clean", .kind = OPTION_STRING, .at = SPEAK_AT(base, clean), .value = "WHEN",    \
      .values = "auto,on,off", .preset = "auto",                                               \
      .help = "markup, numbers and signs become words",                                        \
      .details = "auto: on, but for one exact pass, which --sequence-length N, "               \
                 "--block-sizes, --continue, --latent-out and --no-trim ask for." },           \
    { .name = "markup", .kind = OPTION_STRING, .at = SPEAK_AT(base, markup), .value = "NAME",  \
      .values = "auto,plain,markdown,html,ssml", .preset = "auto",                             \
      .help = "of the text",                                                                   \
      .details = "auto: by the ending of the file, else by what the text looks like." },       \
    { .name = "language", .kind = OPTION_STRING, .at = SPEAK_AT(base, language),               \
      .value = "TAG", .preset = "en", .help = "of the text, as en, en-GB, de" },               \
    { .name = "pause-sentence", .kind = OPTION_FLOAT, .at = SPEAK_AT(base, pause_sentence),    \
      .value = "S", .like = "pause_sentence", .help = "seconds between pieces; default: 0.4",  \
      .details = "A text is said in pieces of some sentences. Within a piece the model "       \
                 "pauses as it likes." },                                                      \
    { .name = "pause-paragraph", .kind = OPTION_FLOAT, .at = SPEAK_AT(base, pause_paragraph),  \
      .value = "S", .like = "pause_paragraph",                                                 \
      .help = "seconds between paragraphs; default: 0.8" },                                    \
    { .name = "cast", .kind = OPTION_STRING, .at = SPEAK_AT(base, cast), .value = "FILE",      \
      .help = "who speaks: NAME=VOICE,NAME=VOICE, or a file",                                  \
      .details = "A line of the text that begins with one of the names and a colon is a turn " \
                 "of that role, in its voice. VOICE is anything that -v takes; none is the "   \
                 "narrator's, whose all other lines are. A value without a \"=\" names a "     \
                 "file of lines NAME = VOICE; in it # begins a comment." },                    \
    { .name = "pause-turn", .kind = OPTION_FLOAT, .at = SPEAK_AT(base, pause_turn),            \
      .value = "S", .like = "pause_turn", .help = "seconds between turns; default: 0.3",       \
      .details = "Below 0 they overlap: the next one begins so long before the end. A job "    \
                 "cannot be gone on with between turns that overlap." }

#define PIECE_OPTION_ROWS(base)                                                                \
    { .name = "crossfade", .kind = OPTION_FLOAT, .at = SPEAK_AT(base, crossfade),              \
      .value = "S", .like = "crossfade",                                                       \
      .help = "seconds that pieces without a pause overlap" },                                 \
    { .name = "match-levels", .kind = OPTION_SWITCH, .at = SPEAK_AT(base, match_levels),       \
      .help = "make pieces as loud as those before (default)" },                               \
    { .name = "retakes", .kind = OPTION_INT, .at = SPEAK_AT(base, retakes), .value = "N",      \
      .like = "retakes", .help = "more tries for a piece that failed; default: 2",             \
      .details = "A piece fails if it is silent, cut or far too long." },                      \
    { .name = "first-block", .kind = OPTION_INT, .at = SPEAK_AT(base, first_block),            \
      .value = "N", .like = "first_block",                                                     \
      .help = "frames a stream begins with; default: 32" }

/* Refuses words that stand for nothing. */
echo_status speak_options_check(const struct speak_opts *o, echo_error *err);

/* As the library takes them: `command` says which were given in its job.  file: its ending says
 * what markup is in it; NULL: none. */
echo_speak_opts speak_options(const struct command *command, const void *job,
                              const struct speak_opts *o, const char *file);

#endif

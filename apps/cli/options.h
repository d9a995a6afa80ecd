/* SPDX-License-Identifier: MIT */
/*
 * options.h - a command and its options, as tables.
 *
 * The same rows parse the command line, print the help, the manual (manual.c), what shells
 * complete (completion.c) and the settings (config.c).  A row says where its value goes as an
 * offset into the command's job: a struct that starts as zeros, has struct common as its first
 * member, and is filled before the command runs.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stddef.h>

#include "echotts.h"

enum option_kind {
    OPTION_ON,     /* bool, set; takes no value */
    OPTION_SWITCH, /* bool, set, or cleared by --no-NAME; takes no value */
    OPTION_STRING, /* const char *, as given */
    OPTION_INT,    /* int */
    OPTION_FLOAT,  /* float */
    OPTION_SEED,   /* uint64_t, all of it */
    OPTION_LIST,   /* echo_list, "128,128,64" */
};

struct option {
    const char *name;
    const char *alias; /* another spelling, or NULL */
    char letter;       /* 0: none */
    enum option_kind kind;
    size_t at;         /* of the value in the job */
    const char *value; /* as the help calls it; "FILE..." and "DIR..." are completed as such */
    const char *help;
    const char *values;   /* the usual ones, "auto,cpu,vulkan"; NULL: any */
    const char *ask;      /* what lists more of them: echotts completion `ask`; NULL: nothing */
    const char *preset;   /* if it is not given: "auto", "2", "on"; NULL: it depends */
    const char *variable; /* of the environment, that counts before the preset; NULL */
    const char *details;  /* for the manual, behind the help: whole sentences; NULL */
    double min, max;      /* of numbers */
    const char *like;     /* the library's parameter whose range it is instead; NULL: none */
    const echo_param_word *words; /* may stand in for numbers; NULL: none */
    bool once; /* of this run alone, such as its output: not for a file of settings */
};

struct option_group {
    const char *title;
    const struct option *rows; /* the last one has no name; NULL: the parameters of speech */
};

enum { MOST_OPTIONS = 96 }; /* of a command */

/* Where a value comes from. */
enum origin_kind {
    ORIGIN_NONE, /* not given: the environment, the model or the program has one */
    ORIGIN_LINE, /* the command line */
    ORIGIN_FILE,   /* a file of settings (config_file.h) */
    ORIGIN_PRESET, /* the preset, wherever that was named */
};

struct origin {
    enum origin_kind kind;
    int layer, line; /* of the file */
    const char *table; /* of the file: a command, or, in the first layer, a model; NULL: none */
};

struct common {
    const char *model, *voices, *lora, *device, *codec_device, *isa, *precision;
    const char *codec_precision;
    int threads;
    bool json, profile, print_config, quiet, help;
    const char *word; /* the argument that is no option, the first of them; NULL: none */
    char **words;     /* all of them; of a command with actions, those behind the action */
    int n_words;
    const char *preset, *config;
    struct origin origins[MOST_OPTIONS]; /* for each row, over all groups */
};

/* A line to type, "say \"Hello.\" -o hello.wav", and why. */
struct example {
    const char *line, *purpose;
};

enum { ANY_NUMBER = 1 << 20 };

/* The first word of a command that does several things: "voices add". */
struct action {
    const char *name;
    const char *words;    /* behind it, as the help calls them: "NAME FILE...", "" */
    int least, most;      /* how many these may be; ANY_NUMBER */
    const char *options;  /* of the command's own those that it knows, "lift,trim"; NULL */
    const char *summary;
    echo_status (*run)(void *job, echo_error *err);
};

struct command {
    const char *name;
    const char *word;     /* its argument that is no option; NULL: takes none */
    const char *words;    /* what it may be: "FILE", or "bash,zsh,fish"; NULL: any */
    const struct action *actions; /* instead of both, and of run; the last one has no name */
    const char *synopsis; /* what comes after the name */
    const char *summary;
    const char *details;  /* for the manual: paragraphs, a line of its own each; NULL: none */
    const struct example *examples; /* the last one has no line; NULL: none */
    bool may_lack_model; /* though it has options for one */
    bool measured; /* its result is compared, or kept: of a file of settings only its section */
    size_t job_size;
    size_t params; /* where echo_params is in the job, if a group is of the parameters */
    const struct option_group *groups; /* the last one has no title */
    echo_status (*run)(void *job, echo_error *err);
};

/* The folder of the library, which commands without a model have, too. */
#define VOICES_OPTION_ROW(place)                                                               \
    { .name = "voices", .kind = OPTION_STRING, .at = (place), .value = "DIR",                  \
      .variable = "ECHOTTS_VOICES",                                                            \
      .help = "the folder of your voices by name",                                             \
      .details = "See echotts-voices(1). Without it: ~/.local/share/echotts/voices." }

/* Groups for commands that open a model, and for all. */
extern const struct option common_model_options[];
extern const struct option common_options[];

/* Fill the job from the words after the command's name.  --help ends the reading. */
echo_status options_parse(const struct command *c, int argc, char **argv, void *job,
                          echo_error *err);

/* On the command line, or by what fills the job after it. */
bool options_given(const struct command *c, const void *job, const char *name);

/* On the command line alone. */
bool options_typed(const struct command *c, const void *job, const char *name);

/* Copy to `to`, another job of the command, what was given. */
void options_copy_given(const struct command *c, const void *from, void *to);

/* Copy the value of one row. */
void options_copy(const struct command *c, int row, const void *from, void *to);

void options_help(const struct command *c);

/* ---- for what else is made of the tables ---- */

const struct option *options_rows(const struct option_group *g);

/* Row i over all groups, NULL past the last.  *at, unless NULL, is its value in the job. */
const struct option *options_at(const struct command *c, int i, size_t *at);

/* The row of this name or alias, or -1; *cleared: it is the --no-NAME of a switch. */
int options_find(const struct command *c, const char *name, size_t length, bool *cleared);

/* Read a value as from the command line, for a switch "no" or NULL.  ECHO_ERR_ARG begins with
 * the name as it is given, behind `before`. */
echo_status options_read(const struct option *o, const char *before, const char *given,
                         const char *text, void *at, echo_error *err);

/* "string", "number"; NULL: no value follows. */
const char *options_noun(const struct option *o);

/* Does a value follow? */
bool options_takes_value(const struct option *o);

/* "1 to 256", or "" for what is no number. */
void options_range(const struct option *o, char *out, size_t size);

/* How it is spelled: "-s, --num-steps N", "--[no-]trim". */
void options_spelling(const struct option *o, char *out, size_t size);

#endif

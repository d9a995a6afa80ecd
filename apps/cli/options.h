/* SPDX-License-Identifier: MIT */
/*
 * options.h - a command and its options, as tables.
 *
 * The same rows parse the command line and print the help.  A row says where its value goes
 * as an offset into the command's job: a struct that starts as zeros, has struct common as
 * its first member, and is filled before the command runs.
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
    const char *value; /* as the help calls it */
    const char *help;
    double min, max;   /* of numbers */
    const echo_param_word *words; /* may stand in for numbers; NULL: none */
};

struct option_group {
    const char *title;
    const struct option *rows; /* the last one has no name; NULL: the parameters of speech */
};

struct common {
    const char *model, *device, *codec_device, *isa, *precision, *codec_precision;
    int threads;
    bool json, profile, quiet, help;
    const char *word; /* the argument that is no option; NULL: none */
    uint64_t given;   /* a bit for each row, over all groups */
};

struct command {
    const char *name;
    const char *word;     /* its argument that is no option; NULL: takes none */
    const char *synopsis; /* what comes after the name */
    const char *summary;
    size_t job_size;
    size_t params; /* where echo_params is in the job, if a group is of the parameters */
    const struct option_group *groups; /* the last one has no title */
    echo_status (*run)(void *job, echo_error *err);
};

/* Groups for commands that open a model, and for all. */
extern const struct option common_model_options[];
extern const struct option common_options[];

/* Fill the job from the words after the command's name.  --help ends the reading. */
echo_status options_parse(const struct command *c, int argc, char **argv, void *job,
                          echo_error *err);

bool options_given(const struct command *c, const void *job, const char *name);

/* Copy to `to`, another job of the command, what was given on the command line. */
void options_copy_given(const struct command *c, const void *from, void *to);

void options_help(const struct command *c);

#endif

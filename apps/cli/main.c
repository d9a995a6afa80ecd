/* SPDX-License-Identifier: MIT */
/*
 * main.c - echotts COMMAND: finds the command, fills its job from the command line, runs it.
 *
 * Commands return an echo_status and one line; what that means to a terminal and a shell is
 * decided here and in failure.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actions.h"
#include "commands.h"
#include "common/failure.h"
#include "common/output.h"
#include "config.h"
#include "config_file.h"
#include "presets.h"
#include "signals.h"

static void print_help(void)
{
    const struct command *c;

    printf("echotts %s - text to speech with Echo-TTS\n\n"
           "usage: echotts COMMAND ...\n\n",
           echo_version());
    for (int i = 0; (c = commands_at(i)); i++)
        printf("  %-10s %s\n", c->name, c->summary);
    puts("\n"
         "echotts COMMAND --help lists its options.\n"
         "Exit status: 0 done, 1 failed, 2 usage error, 130 interrupted.");
}

static echo_status run_configured(const struct command *c, struct common *job,
                                  struct config_file **settings, echo_error *err)
{
    echo_status status = ECHO_OK;

    if (config_file_is_for(c))
        status = config_file_open(settings, job->config, err);
    if (!status)
        status = config_file_apply(*settings, c, job, err);
    if (status)
        return status;
    if (job->print_config)
        status = config_print(c, job, err);
    else if (job->preset && !strcmp(job->preset, "list"))
        status = presets_print(job, err);
    else
        status = c->actions ? actions_run(c, job, err) : c->run(job, err);
    if (status)
        config_file_explain(*settings, c, job, err);
    return status;
}

static echo_status run(const struct command *c, int argc, char **argv, echo_error *err)
{
    struct common *job = calloc(1, c->job_size);
    struct config_file *settings = NULL;
    echo_status status;

    if (!job)
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory");
    status = options_parse(c, argc, argv, job, err);
    if (!status && job->help) {
        options_help(c);
        status = output_flush(err);
    } else if (!status) {
        status = run_configured(c, job, &settings, err);
    }
    config_file_close(&settings);
    free(job);
    return status;
}

static echo_status help(int argc, char **argv, echo_error *err)
{
    const struct command *c;

    if (argc == 0) {
        print_help();
        return output_flush(err);
    }
    if (commands_find(&c, argv[0], err))
        return err->status;
    options_help(c);
    return output_flush(err);
}

static echo_status version(int argc, char **argv, echo_error *err)
{
    (void)argc, (void)argv;
    printf("echotts %s\n", echo_version());
    return output_flush(err);
}

/* First words that are no command. */
static const struct {
    const char *name;
    echo_status (*answer)(int argc, char **argv, echo_error *err);
} questions[] = {
    { "help", help },
    { "--help", help },
    { "-h", help },
    { "version", version },
    { "--version", version },
    { "-V", version },
};

static echo_status dispatch(int argc, char **argv, echo_error *err)
{
    const struct command *c;

    if (argc < 2)
        return echo_fail(err, ECHO_ERR_ARG,
                       "usage: echotts COMMAND ..., as in: echotts say \"Hello.\" -o hello.wav "
                       "(echotts --help lists the commands)");
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
        if (!strcmp(argv[1], questions[i].name))
            return questions[i].answer(argc - 2, argv + 2, err);
    if (commands_find(&c, argv[1], err))
        return err->status;
    return run(c, argc - 2, argv + 2, err);
}

int main(int argc, char **argv)
{
    echo_error err = { 0 };
    echo_status status;

    signals_install();
    status = dispatch(argc, argv, &err);
    /* Whatever broke after the work was told to stop, broke because of that. */
    if (signals_lost_file())
        status = echo_fail(&err, ECHO_ERR_FILE, "%.900s: this file was cut short, or could not "
                                                "be read any more, while it was in use",
                           signals_lost_file());
    else if (status && signals_stopped())
        echo_fail(&err, ECHO_ERR_CANCELLED, "stopped");
    return status ? failure_print(&err) : EXIT_DONE;
}

/* SPDX-License-Identifier: MIT */
#include "commands.h"

#include "common/failure.h"
#include "common/spelling.h"

static const struct command *const commands[] = {
    &say_command,
    &text_command,
    &serve_command,
    &voices_command,
    &encode_command,
    &decode_command,
    &info_command,
    &pull_command,
    &models_command,
    &pack_command,
    &convert_command,
    &merge_command,
    &synth_command,
    &bench_command,
    &manual_command,
    &completion_command,
};

enum { COMMANDS = sizeof commands / sizeof *commands };

const struct command *commands_at(int i)
{
    return i < COMMANDS ? commands[i] : NULL;
}

echo_status commands_find(const struct command **out, const char *name, echo_error *err)
{
    struct spelling meant = spelling_of(name);

    for (int i = 0; i < COMMANDS; i++) {
        spelling_offer(&meant, commands[i]->name);
        if (!meant.distance) {
            *out = commands[i];
            return ECHO_OK;
        }
    }
    if (meant.nearest)
        return echo_fail(err, ECHO_ERR_ARG, "'%.60s': unknown command; did you mean %s?", name,
                         meant.nearest);
    return echo_fail(err, ECHO_ERR_ARG, "'%.60s': unknown command (echotts --help lists them)",
                     name);
}

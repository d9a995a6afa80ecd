/* SPDX-License-Identifier: MIT */
/* commands.h - what the program can do: one file each. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "options.h"

extern const struct command say_command, encode_command, decode_command, info_command,
    pack_command, convert_command, merge_command, synth_command, bench_command,
    manual_command, completion_command, text_command, pull_command, models_command,
    voices_command, serve_command;

/* Command i as the help lists them, NULL past the last. */
const struct command *commands_at(int i);

/* By name; ECHO_ERR_ARG says which one may have been meant. */
echo_status commands_find(const struct command **out, const char *name, echo_error *err);

#endif

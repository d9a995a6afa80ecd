/* SPDX-License-Identifier: MIT */
/* commands.h - what the program can do: one file each. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "options.h"

extern const struct command say_command, encode_command, decode_command, info_command,
    pack_command, synth_command, bench_command;

#endif

/* SPDX-License-Identifier: MIT */
/* actions.h - the first word of a command that does several things: "voices add". */
#ifndef CLI_ACTIONS_H
#define CLI_ACTIONS_H

#include "options.h"

/* Run the action that the job's first word names.  ECHO_ERR_ARG: there is none of this name, or
 * it does not take so many words, or an option that was given. */
echo_status actions_run(const struct command *c, void *job, echo_error *err);

#endif

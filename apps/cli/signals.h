/* SPDX-License-Identifier: MIT */
/*
 * signals.h - Ctrl-C, told to whatever is running, and files that shrink while they are read.
 *
 * The one place of the program with state of its own: a signal handler can be given no
 * argument.  The first SIGINT or SIGTERM asks the work to stop, a second one ends the
 * program as if nothing had been installed.
 */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

#include "echotts.h"

/* Also turns a closed pipe from a silent death into an error of the write. */
void signals_install(void);

/* The session to cancel from now on; NULL: none. */
void signals_watch(echo_session *s);

/* Threads that start between these two leave the signals to the main thread, which alone
 * opens and closes what the handler cancels. */
void signals_hold(void);
void signals_release(void);

bool signals_stopped(void);

/* The mapped file, a model's, that was cut short while it was read: the work was asked to stop,
 * and what it made is worth nothing.  NULL: none was. */
const char *signals_lost_file(void);

#endif

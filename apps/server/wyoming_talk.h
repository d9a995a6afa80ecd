/* SPDX-License-Identifier: MIT */
/* wyoming_talk.h - one client of the Wyoming protocol, from its first event to its last. */
#ifndef SERVER_WYOMING_TALK_H
#define SERVER_WYOMING_TALK_H

#include "state.h"

/* Answer what comes from a connected socket, until the client leaves, or is refused. */
void wyoming_talk(struct server *s, int fd, const char *client);

#endif

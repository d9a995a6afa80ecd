/* SPDX-License-Identifier: MIT */
/*
 * wyoming.h - speech for Home Assistant and its like: the Wyoming protocol, over TCP.
 *
 * Each connection has a thread.  Its speech is a task like any other.
 */
#ifndef SERVER_WYOMING_H
#define SERVER_WYOMING_H

#include "state.h"

struct wyoming;

/* fd is a listening socket, and taken over. */
echo_status wyoming_open(struct wyoming **out, struct server *s, int fd, echo_error *err);
/* Take no new connections. */
void wyoming_quiet(struct wyoming *w);
/* End all connections, those of HTTP, too. */
void wyoming_close(struct wyoming **w);

#endif

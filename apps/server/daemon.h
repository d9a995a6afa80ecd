/* SPDX-License-Identifier: MIT */
/* daemon.h - libmicrohttpd, which moves the bytes of all connections in one thread. */
#ifndef SERVER_DAEMON_H
#define SERVER_DAEMON_H

#include "state.h"

struct daemon;

echo_status daemon_open(struct daemon **out, struct server *s, int fd, echo_error *err);
/* Take no new connections. */
void daemon_quiet(struct daemon *d);
/* Wait until all answers have gone, so many seconds at most; the rest is cut off. */
void daemon_close(struct daemon **d, double seconds);

#endif

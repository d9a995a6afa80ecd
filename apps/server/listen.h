/* SPDX-License-Identifier: MIT */
/* listen.h - sockets that clients come to: our own, or those that systemd hands over. */
#ifndef SERVER_LISTEN_H
#define SERVER_LISTEN_H

#include <sys/socket.h>

#include "common/failure.h"

/* A listening socket at this address ("127.0.0.1", "::1", "localhost", "0.0.0.0"); port 0: any
 * that is free. */
echo_status listen_at(int *out, const char *host, int port, echo_error *err);

/* Socket i of those that systemd has opened for us, named so in its unit, or the first one if
 * none is; below 0: there is none. */
int listen_activated(const char *name);

/* "http://127.0.0.1:8080" */
void listen_url(int fd, const char *scheme, char *out, size_t size);
/* "192.168.1.7", or "local"; a may be NULL. */
void listen_client(const struct sockaddr *a, char *out, size_t size);
int listen_port(int fd);

/* Does only this machine reach it? */
bool listen_is_loopback(int fd);

/* Tell systemd "READY=1"; nothing happens elsewhere. */
void listen_notify(const char *state);

#endif

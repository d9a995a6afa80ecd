/* SPDX-License-Identifier: MIT */
/*
 * watch.h - connections, while nobody reads or writes them: clients that go away, and clients
 * that take for ever to ask.
 */
#ifndef SERVER_WATCH_H
#define SERVER_WATCH_H

#include <stdint.h>

#include "common/failure.h"

struct watch;
struct watched; /* a connection */

/* timeout_s: in which a request must have arrived, and a second more for each 64 kB of it. */
echo_status watch_open(struct watch **out, double timeout_s, echo_error *err);
void watch_close(struct watch **w);

/* A connection begins and ends.  NULL: out of memory. */
struct watched *watch_add(struct watch *w, int fd);
void watch_remove(struct watch *w, struct watched *c);

/* So many bytes of its request have come. */
void watch_received(struct watch *w, struct watched *c, uint64_t bytes);
/* The request is whole.  gone() is told, once and from another thread, if the client leaves
 * before watch_answered(). */
void watch_asked(struct watch *w, struct watched *c, void (*gone)(void *user), void *user);
/* No call of gone() comes later. */
void watch_answered(struct watch *w, struct watched *c);

/* Is there a request that was asked and not answered? */
bool watch_busy(struct watch *w);

/* End all connections: their sockets are shut. */
void watch_shut(struct watch *w);

#endif

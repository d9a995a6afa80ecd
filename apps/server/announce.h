/* SPDX-License-Identifier: MIT */
/*
 * announce.h - tell the local network about a service, by zeroconf.
 *
 * avahi-publish of Avahi does it, as a process of its own; it is looked for at run time.
 */
#ifndef SERVER_ANNOUNCE_H
#define SERVER_ANNOUNCE_H

#include "log.h"

struct announcement;

/*
 * A service of this type ("_wyoming._tcp") at this port, until it is closed.  The log is told
 * of it once the network is; it must outlive the announcement.  ECHO_ERR_FILE: there is no
 * avahi-publish.
 */
echo_status announce_open(struct announcement **out, const struct log *log, const char *type,
                          int port, echo_error *err);
void announce_close(struct announcement **a);

#endif

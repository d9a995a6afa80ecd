/* SPDX-License-Identifier: MIT */
/* hub.h - the hub, as one command talks to it: settings, and whom to tell what happens. */
#ifndef HUB_HUB_H
#define HUB_HUB_H

#include "hub/settings.h"

/* All are needed. */
struct hub_watch {
    void *user;
    bool (*stopped)(void *user);
    /* Bytes of all files that are there; false: stop. */
    bool (*progress)(void *user, const char *file, uint64_t done, uint64_t total);
    bool (*checking)(void *user, const char *file, double done);
    void (*note)(void *user, const char *line); /* something that the user should know */
};

struct hub {
    struct hub_settings settings;
    const struct hub_watch *watch;
    int connections;
};

/* Can this build fetch at all?  ECHO_ERR_DEVICE says why not. */
echo_status hub_can_fetch(echo_error *err);

/* A line for the user. */
__attribute__((format(printf, 2, 3))) void hub_note(const struct hub *h, const char *fmt, ...);

/* ECHO_ERR_CANCELLED as soon as the user wants to stop. */
echo_status hub_wait(const struct hub *h, double seconds, echo_error *err);

/* Before try i, from 0, where a server asked for at least `asked` seconds. */
double hub_backoff(const struct hub *h, int i, double asked);

#endif

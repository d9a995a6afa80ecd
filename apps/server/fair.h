/* SPDX-License-Identifier: MIT */
/*
 * fair.h - who is next: start-time fair queueing in two levels.
 *
 * Clients share the device, and within a client each long task shares it with all its short
 * ones.  Each level counts the seconds of computing it has used.  The one with the least is
 * next; of equals, the one that came first.  A newcomer begins at the least of those who are
 * there, so it neither waits for what others had before nor outruns them.
 *
 * No threads in here: the scheduler has the lock.
 */
#ifndef SERVER_FAIR_H
#define SERVER_FAIR_H

#include <stdbool.h>
#include <stdint.h>

struct fair_client;

/* The share of one long task, or of the short ones of a client. */
struct fair_flow {
    struct fair_flow *next;
    struct fair_client *client;
    double used;
    int members;
    bool shorts;
};

struct fair_client {
    struct fair_client *next;
    struct fair_flow *flows;
    double used;
    char name[64];
};

struct fair {
    struct fair_client *clients;
    uint64_t order;
};

/* A task's place in it. */
struct fair_place {
    struct fair_flow *flow;
    uint64_t order; /* of arrival */
};

/* False: out of memory. */
bool fair_join(struct fair *f, struct fair_place *p, const char *client, bool is_short);
void fair_leave(struct fair *f, struct fair_place *p);
void fair_charge(struct fair_place *p, double seconds);

/* Is a before b, by more than so many seconds? */
bool fair_before(const struct fair_place *a, const struct fair_place *b, double slack);

#endif

/* SPDX-License-Identifier: MIT */
/* metrics.h - what the server did so far, for Prometheus. */
#ifndef SERVER_METRICS_H
#define SERVER_METRICS_H

#include <stdio.h>

#include "task.h"

struct metrics;

struct metrics *metrics_new(void); /* NULL: out of memory */
void metrics_free(struct metrics **m);

/* A task has ended, one way or another. */
void metrics_task(struct metrics *m, const struct task *j);
enum { CLIENT_GONE = 499 }; /* a status, as nginx logs it */

/* A request was answered.  route is a pattern, not what a client wrote. */
void metrics_request(struct metrics *m, const char *route, unsigned status);

/* State of the moment, beside what was counted. */
struct gauges {
    int waiting, running, connections;
    const char *model, *device, *precision, *version;
};

/* In Prometheus's text format. */
void metrics_print(struct metrics *m, const struct gauges *now, FILE *out);

#endif

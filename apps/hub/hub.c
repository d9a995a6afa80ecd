/* SPDX-License-Identifier: MIT */
#include "hub/hub.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "common/clock.h"
#include "common/failure.h"

#define LONGEST_BACKOFF 30.0
#define LONGEST_ASKED   300.0 /* a server that asks for more is asked again then */

void hub_note(const struct hub *h, const char *fmt, ...)
{
    char line[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    h->watch->note(h->watch->user, line);
}

echo_status hub_wait(const struct hub *h, double seconds, echo_error *err)
{
    double end = clock_now() + seconds, left;

    while ((left = end - clock_now()) > 0 && !h->watch->stopped(h->watch->user)) {
        double nap = left < 0.05 ? left : 0.05;

        nanosleep(&(struct timespec){ .tv_nsec = (long)(nap * 1e9) }, NULL);
    }
    if (h->watch->stopped(h->watch->user))
        return echo_fail(err, ECHO_ERR_CANCELLED, "stopped");
    return ECHO_OK;
}

double hub_backoff(const struct hub *h, int i, double asked)
{
    double wait = h->settings.backoff_s * (double)(1 << (i < 10 ? i : 10));

    wait = wait < LONGEST_BACKOFF ? wait : LONGEST_BACKOFF;
    asked = asked < LONGEST_ASKED ? asked : LONGEST_ASKED;
    return wait > asked ? wait : asked;
}

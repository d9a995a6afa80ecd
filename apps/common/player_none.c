/* SPDX-License-Identifier: MIT */
/* player_none.c - the player of a program that was built without PortAudio's header. */
#include "common/player.h"

#include <stdio.h>
#include <string.h>

#include "common/failure.h"

static const char none[] = "sound cannot be played: this program was built without PortAudio "
                           "(ECHOTTS_PLAY); -o FILE writes a file instead";

bool player_available(char *why, size_t size)
{
    snprintf(why, size, "%s", none);
    return false;
}

echo_status player_open(struct player **out, bool (*stopped)(void), echo_error *err)
{
    (void)stopped;
    *out = NULL;
    return echo_fail(err, ECHO_ERR_DEVICE, "%s", none);
}

/* None is ever open, so nobody calls the rest. */
bool player_write(struct player *p, const float *pcm, size_t n)
{
    (void)p, (void)pcm, (void)n;
    return false;
}

double player_ahead(const struct player *p)
{
    (void)p;
    return 0;
}

int player_starved(const struct player *p, double *seconds)
{
    (void)p;
    if (seconds)
        *seconds = 0;
    return 0;
}

echo_status player_drain(struct player *p, echo_error *err)
{
    (void)p;
    return echo_fail(err, ECHO_ERR_DEVICE, "%s", none);
}

echo_status player_finish(struct player **p, echo_error *err)
{
    *p = NULL;
    return player_drain(*p, err);
}

void player_abort(struct player **p)
{
    *p = NULL;
}

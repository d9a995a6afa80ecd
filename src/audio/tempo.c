/* SPDX-License-Identifier: MIT */
#include "audio/tempo.h"

#include <math.h>
#include <sonic.h>
#include <stdlib.h>

#include "base/error.h"

#define BLOCK    4096
#define HEADROOM 2 /* libsonic counts in 16 bits, and wraps what is above 1 */

struct tempo {
    sonicStream sonic;
    float block[BLOCK];
};

echo_status echo_tempo_open(struct tempo **out, int rate, float speed, echo_error *err)
{
    struct tempo *t = calloc(1, sizeof *t);

    *out = NULL;
    if (!t || !(t->sonic = sonicCreateStream(rate, 1))) {
        free(t);
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory for changing the speed");
    }
    sonicSetSpeed(t->sonic, speed);
    sonicSetQuality(t->sonic, 1);
    *out = t;
    return ECHO_OK;
}

echo_status echo_tempo_push(struct tempo *t, const float *pcm, size_t n, echo_error *err)
{
    int good = pcm ? 1 : sonicFlushStream(t->sonic);

    for (size_t i = 0, some; pcm && good && i < n; i += some) {
        some = n - i < BLOCK ? n - i : BLOCK;
        for (size_t j = 0; j < some; j++)
            t->block[j] = fminf(fmaxf(pcm[i + j] / HEADROOM, -1), 1);
        good = sonicWriteFloatToStream(t->sonic, t->block, (int)some);
    }
    return good ? ECHO_OK
                : echo_fail(err, ECHO_ERR_MEMORY, "out of memory for changing the speed");
}

size_t echo_tempo_take(struct tempo *t, float *out, size_t n)
{
    int got = sonicReadFloatFromStream(t->sonic, out, (int)n);

    for (int i = 0; i < got; i++)
        out[i] *= HEADROOM;
    return got > 0 ? (size_t)got : 0;
}

void echo_tempo_close(struct tempo **t)
{
    if (!*t)
        return;
    sonicDestroyStream((*t)->sonic);
    free(*t);
    *t = NULL;
}

/* SPDX-License-Identifier: MIT */
#include "engine/revive.h"

#include <time.h>

#define PATIENCE_S 30 /* for calls that still use the lost device */

static bool is_lost(const echo_model *m)
{
    return m->broken || device_lost(m->device) || device_lost(m->codec_device);
}

/* With nobody else inside. */
static echo_status revive(echo_model *m, echo_error *err)
{
    echo_status s;

    if (!is_lost(m)) /* somebody else did it */
        return ECHO_OK;
    if (!m->broken)
        echo_log(m, ECHO_LOG_WARNING, "%s was lost in an earlier call: it is opened again",
                 device_lost(m->device) ? m->device->name : m->codec_device->name);
    m->broken = true;
    if ((s = echo_model_load_again(m, err)))
        return s;
    m->broken = false;
    m->revival++;
    return ECHO_OK;
}

echo_status echo_model_enter(echo_model *m, echo_error *err)
{
    struct timespec end;
    echo_status s;

    pthread_rwlock_rdlock(&m->inside);
    while (is_lost(m)) {
        pthread_rwlock_unlock(&m->inside);
        clock_gettime(CLOCK_REALTIME, &end);
        end.tv_sec += PATIENCE_S;
        if (pthread_rwlock_timedwrlock(&m->inside, &end))
            return echo_fail(err, ECHO_ERR_DEVICE,
                             "a device was lost, and other calls still use it");
        s = revive(m, err);
        pthread_rwlock_unlock(&m->inside);
        if (s)
            return s;
        pthread_rwlock_rdlock(&m->inside);
    }
    return ECHO_OK;
}

void echo_model_leave(echo_model *m)
{
    pthread_rwlock_unlock(&m->inside);
}

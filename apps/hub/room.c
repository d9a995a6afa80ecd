/* SPDX-License-Identifier: MIT */
#include "hub/room.h"

#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "common/failure.h"

#define SPARE ((uint64_t)16 << 20) /* for folders, lists and what else is written meanwhile */

echo_status room_check(const char *folder, uint64_t bytes, echo_error *err)
{
    char path[4096];
    struct statvfs v;

    snprintf(path, sizeof path, "%s", folder);
    while (statvfs(path, &v)) { /* the folder may not be there yet */
        char *slash = strrchr(path, '/');

        if (!slash || slash == path)
            return ECHO_OK; /* writing will tell */
        *slash = 0;
    }
    uint64_t block = v.f_frsize ? v.f_frsize : v.f_bsize;
    uint64_t room = v.f_bavail > UINT64_MAX / block ? UINT64_MAX : (uint64_t)v.f_bavail * block;

    if (bytes && (room < SPARE || bytes > room - SPARE))
        return echo_fail(err, ECHO_ERR_FILE,
                         "%.600s: %.2f GB are needed, and %.2f GB are free: make room, or set "
                         "HF_HUB_CACHE to a directory on another disk", folder,
                         (double)bytes / 1e9, (double)room / 1e9);
    return ECHO_OK;
}

/* SPDX-License-Identifier: MIT */
#include "audio/ffmpeg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *echo_ffmpeg(void)
{
    const char *name = getenv("ECHOTTS_FFMPEG");

    return name ? name : "ffmpeg";
}

static bool can_run(const char *path)
{
    struct stat st;

    return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

bool echo_ffmpeg_is_there(void)
{
    const char *name = echo_ffmpeg(), *folders = getenv("PATH");
    char path[4096];
    size_t n;

    if (!*name || strchr(name, '/'))
        return *name && can_run(name);
    for (; folders && *folders; folders += n + (folders[n] == ':')) {
        n = strcspn(folders, ":");
        snprintf(path, sizeof path, "%.*s/%s", (int)n, n ? folders : ".", name);
        if (can_run(path))
            return true;
    }
    return false;
}

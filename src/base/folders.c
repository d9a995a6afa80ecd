/* SPDX-License-Identifier: MIT */
#include "base/folders.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

bool echo_folder_of_user(char *path, size_t size, const char *variable, const char *preset,
                         const char *name)
{
    const char *base = getenv(variable), *home = getenv("HOME");
    int n = 0;

    if (base && *base == '/')
        n = snprintf(path, size, "%s/%s", base, name);
    else if (home && *home == '/')
        n = snprintf(path, size, "%s/%s/%s", home, preset, name);
    return n > 0 && (size_t)n < size;
}

/* Whatever keeps it from being made does not matter where it is there already. */
static bool make_one(const char *path, unsigned mode)
{
    struct stat st;
    int why;

    if (!mkdir(path, mode))
        return true;
    why = errno;
    if (!stat(path, &st) && S_ISDIR(st.st_mode))
        return true;
    errno = why == EEXIST ? ENOTDIR : why;
    return false;
}

bool echo_folder_make(const char *path, unsigned mode)
{
    char part[PATH_MAX];
    int n = snprintf(part, sizeof part, "%s", path);

    if (n < 0 || (size_t)n >= sizeof part) {
        errno = ENAMETOOLONG;
        return false;
    }
    for (char *p = part + 1; *p; p++)
        if (*p == '/') {
            *p = '\0';
            if (!make_one(part, 0755))
                return false;
            *p = '/';
        }
    return make_one(part, mode);
}

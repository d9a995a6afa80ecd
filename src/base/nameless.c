/* SPDX-License-Identifier: MIT */
#include "base/nameless.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int open_in(const char *folder)
{
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
    char path[4096];

    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
        return fd;
    if ((size_t)snprintf(path, sizeof path, "%s/echotts-XXXXXX", folder) >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

int echo_nameless_open(const char **folder)
{
    *folder = getenv("TMPDIR");
    if (!*folder || !**folder)
        *folder = "/tmp";
    return open_in(*folder);
}

bool echo_write_at(int fd, uint64_t at, const void *data, size_t n)
{
    const char *from = data;

    while (n) {
        ssize_t some = pwrite(fd, from, n, (off_t)at);

        if (some < 0 && errno != EINTR)
            return false;
        if (some > 0) {
            from += some;
            at += (uint64_t)some;
            n -= (size_t)some;
        }
    }
    return true;
}

size_t echo_read_at(int fd, uint64_t at, void *out, size_t n)
{
    size_t got = 0;

    while (got < n) {
        ssize_t some = pread(fd, (char *)out + got, n - got, (off_t)(at + got));

        if (some < 0 && errno == EINTR)
            continue;
        if (some <= 0)
            break;
        got += (size_t)some;
    }
    return got;
}

/* SPDX-License-Identifier: MIT */
#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *spool_folder(void)
{
    const char *named = getenv("TMPDIR");

    return named && *named ? named : "/tmp";
}

int spool_nameless(void)
{
    char path[4096];
    int fd = open(spool_folder(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd >= 0) /* not every file system has nameless files */
        return fd;
    if (snprintf(path, sizeof path, "%s/echotts-XXXXXX", spool_folder()) >= (int)sizeof path)
        return -1;
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

echo_status spool_write(struct spool *s, const void *bytes, size_t n, echo_error *err)
{
    const char *p = bytes;

    if (s->fd < 0)
        s->fd = spool_nameless();
    while (s->fd >= 0 && n) {
        ssize_t done = pwrite(s->fd, p, n, (off_t)s->size);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            break;
        p += done;
        n -= (size_t)done;
        s->size += (uint64_t)done;
    }
    if (n)
        return echo_fail(err, ECHO_ERR_FILE, "%.200s has no room for the sound: %s",
                         spool_folder(), strerror(errno));
    return ECHO_OK;
}

ssize_t spool_read(const struct spool *s, uint64_t at, void *bytes, size_t n)
{
    ssize_t done;

    do
        done = pread(s->fd, bytes, n, (off_t)at);
    while (done < 0 && errno == EINTR);
    return done;
}

void spool_close(struct spool *s)
{
    if (s->fd >= 0)
        close(s->fd);
    *s = SPOOL_EMPTY;
}

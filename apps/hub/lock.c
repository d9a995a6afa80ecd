/* SPDX-License-Identifier: MIT */
#include "hub/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/failure.h"

#define ASK_AGAIN_S 0.1

/* Some versions of filelock remove the file: then the lock is on one that nobody finds. */
static bool is_there(int fd, const char *path)
{
    struct stat own, found;

    return !fstat(fd, &own) && !stat(path, &found) && own.st_ino == found.st_ino &&
           own.st_dev == found.st_dev;
}

static echo_status wait_for(int fd, const struct hub *h, const char *name, echo_error *err)
{
    bool told = false;

    while (flock(fd, LOCK_EX | LOCK_NB)) {
        if (errno == EINTR)
            continue;
        if (errno != EWOULDBLOCK) /* a file system without locks: checksums still hold */
            return ECHO_OK;
        if (!told)
            hub_note(h, "another program is fetching %.200s: waiting for it", name);
        told = true;
        if (hub_wait(h, ASK_AGAIN_S, err))
            return err->status;
    }
    return ECHO_OK;
}

echo_status lock_open(int *out, const struct hub *h, const struct cache *c, const char *hash,
                      const char *name, echo_error *err)
{
    char folder[HUB_PATH], path[HUB_PATH];

    *out = -1;
    if (snprintf(folder, sizeof folder, "%s/.locks%s", c->root, strrchr(c->folder, '/')) >=
            HUB_PATH ||
        snprintf(path, sizeof path, "%s/%s.lock", folder, hash) >= HUB_PATH)
        return echo_fail(err, ECHO_ERR_FILE, "%.200s...: the path is too long", c->root);
    if (cache_make_folder(folder, err))
        return err->status;
    do {
        lock_close(out);
        *out = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0664);
        if (*out < 0)
            return echo_fail(err, ECHO_ERR_FILE, "%.600s: cannot be opened: %s", path,
                             strerror(errno));
        if (wait_for(*out, h, name, err)) {
            lock_close(out);
            return err->status;
        }
    } while (!is_there(*out, path));
    return ECHO_OK;
}

void lock_close(int *lock)
{
    if (*lock >= 0)
        close(*lock);
    *lock = -1;
}

/* SPDX-License-Identifier: MIT */
#include "hub/blob.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/failure.h"
#include "hub/checksum.h"
#include "hub/lock.h"

#define UNFINISHED ".echotts.incomplete"
#define PARTS      ".echotts.parts"

/* A file on its way. */
struct blob {
    const struct hub *h;
    struct hub_file *f;
    struct cache cache;
    char path[HUB_PATH], unfinished[HUB_PATH], list[HUB_PATH];
};

static echo_status name_paths(struct blob *b, echo_error *err)
{
    const char *hash = b->f->hash;

    if (cache_open(&b->cache, b->h->settings.cache, b->f->repository, err) ||
        cache_blob(b->path, &b->cache, hash, "", err) ||
        cache_blob(b->unfinished, &b->cache, hash, UNFINISHED, err))
        return err->status;
    b->cache.no_links = b->h->settings.no_links;
    return cache_blob(b->list, &b->cache, hash, PARTS, err);
}

static bool is_whole(const char *path, uint64_t size)
{
    struct stat st;

    return !stat(path, &st) && S_ISREG(st.st_mode) && (uint64_t)st.st_size == size;
}

static echo_status find(bool *there, const struct blob *b, echo_error *err)
{
    const struct hub_file *f = b->f;

    *there = cache_has(&b->cache, f->commit, f->name, f->size);
    if (*there || !is_whole(b->path, f->size))
        return ECHO_OK;
    *there = true;
    if (cache_make(&b->cache, f->commit, f->name, err))
        return err->status;
    return cache_link(&b->cache, f->commit, f->name, f->hash, false, err);
}

echo_status blob_find(bool *there, const struct hub *h, const struct hub_file *f,
                      echo_error *err)
{
    struct hub_file copy = *f;
    struct blob b = { .h = h, .f = &copy };

    return name_paths(&b, err) ? err->status : find(there, &b, err);
}

uint64_t blob_begun(const struct hub *h, const struct hub_file *f)
{
    struct hub_file copy = *f;
    struct blob b = { .h = h, .f = &copy };
    echo_error ignored;
    struct stat st;
    uint64_t bytes;

    if (name_paths(&b, &ignored) || stat(b.unfinished, &st))
        return 0;
    bytes = (uint64_t)st.st_blocks * 512;
    return bytes < f->size ? bytes : f->size;
}

/* The unfinished file, as long as the whole: its room is taken now, so that a full disk shows
 * before the transfer rather than in it. */
static int open_unfinished(const struct blob *b, bool *fresh, echo_error *err)
{
    int fd = open(b->unfinished, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    struct stat st;
    off_t size = (off_t)b->f->size;

    if (fd < 0 || fstat(fd, &st))
        goto fail;
    *fresh = *fresh || st.st_size != size;
    if (*fresh && (ftruncate(fd, 0) || ftruncate(fd, size)))
        goto fail;
    if (size && fallocate(fd, 0, 0, size) && errno != EOPNOTSUPP && errno != ENOSYS &&
        errno != EINTR)
        goto fail;
    return fd;
fail:
    echo_fail(err, ECHO_ERR_FILE, "%.600s: cannot be written: %s", b->unfinished,
              strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static echo_status fetch(const struct blob *b, bool fresh, uint64_t before, uint64_t total,
                         uint64_t *fetched, echo_error *err)
{
    int fd = open_unfinished(b, &fresh, err);
    struct parts parts;

    if (fd < 0)
        return err->status;
    if (!parts_open(&parts, b->list, b->f->size, fresh, err)) {
        if (!fetch_file(b->h, b->f, fd, &parts, before, total, fetched, err) && fsync(fd))
            echo_fail(err, ECHO_ERR_FILE, "%.600s: cannot be written: %s", b->unfinished,
                      strerror(errno));
        parts_close(&parts);
    }
    close(fd);
    return err->status;
}

struct check {
    const struct hub *h;
    const char *name;
};

static bool checking(void *user, double done)
{
    const struct check *c = user;
    const struct hub_watch *w = c->h->watch;

    return w->checking(w->user, c->name, done) && !w->stopped(w->user);
}

/* Fetch and check, and once more if the bytes are not what they should be. */
static echo_status fetch_right(const struct blob *b, uint64_t before, uint64_t total,
                               uint64_t *fetched, echo_error *err)
{
    struct check check = { b->h, b->f->name };
    bool good = false;

    for (int i = 0; i < 2; i++) {
        if (fetch(b, i > 0, before, total, fetched, err) ||
            checksum_file(&good, b->unfinished, b->f->hash, checking, &check, err))
            return err->status;
        if (good)
            return ECHO_OK;
        if (i == 0)
            hub_note(b->h, "%s: its checksum is wrong: fetching it again", b->f->name);
    }
    unlink(b->unfinished);
    unlink(b->list);
    return echo_fail(err, ECHO_ERR_FILE, "%.200s: what the hub sends is not what it says: its "
                     "checksum is wrong twice (nothing of it was kept)", b->f->name);
}

static echo_status settle(const struct blob *b, echo_error *err)
{
    if (rename(b->unfinished, b->path))
        return echo_fail(err, ECHO_ERR_FILE, "%.600s: cannot be renamed: %s", b->unfinished,
                         strerror(errno));
    unlink(b->list);
    return cache_link(&b->cache, b->f->commit, b->f->name, b->f->hash, true, err);
}

echo_status blob_fetch(bool *there, const struct hub *h, struct hub_file *f, uint64_t before,
                       uint64_t total, uint64_t *fetched, echo_error *err)
{
    struct blob b = { .h = h, .f = f };
    int lock = -1;

    if (name_paths(&b, err) || cache_make(&b.cache, f->commit, f->name, err) ||
        lock_open(&lock, h, &b.cache, f->hash, f->name, err))
        return err->status;
    if (!find(there, &b, err) && !*there &&
        !fetch_right(&b, before, total, fetched, err))
        settle(&b, err);
    lock_close(&lock);
    return err->status;
}

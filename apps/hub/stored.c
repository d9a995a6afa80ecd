/* SPDX-License-Identifier: MIT */
#include "hub/stored.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/failure.h"

enum { DEEPEST = 32 };

typedef bool each_file(void *user, const char *path, const struct stat *st);

static bool is_folder(const char *path)
{
    struct stat st;

    return !lstat(path, &st) && S_ISDIR(st.st_mode);
}

/* Calls each() with everything below a folder, what is in a folder before the folder itself;
 * false: it ended that. */
static bool walk(const char *folder, int depth, each_file *each, void *user)
{
    DIR *d = depth < DEEPEST ? opendir(folder) : NULL;
    struct dirent *entry;
    char path[HUB_PATH];
    struct stat st;
    bool go = true;

    while (d && go && (entry = readdir(d))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= HUB_PATH ||
            lstat(path, &st))
            continue;
        if (S_ISDIR(st.st_mode))
            go = walk(path, depth + 1, each, user);
        go = go && each(user, path, &st);
    }
    if (d)
        closedir(d);
    return go;
}

static bool below(char out[HUB_PATH], const struct cache *c, const char *what)
{
    return snprintf(out, HUB_PATH, "%s/%s", c->folder, what) < HUB_PATH;
}

bool stored_is_there(const struct cache *c)
{
    return is_folder(c->folder);
}

static bool is_held(void *user, const char *path, const struct stat *st)
{
    int fd = S_ISREG(st->st_mode) ? open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW) : -1;

    if (fd >= 0) {
        if (flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
            *(bool *)user = true;
        close(fd);
    }
    return true;
}

static bool locks_of(char out[HUB_PATH], const struct cache *c)
{
    return snprintf(out, HUB_PATH, "%s/.locks%s", c->root, strrchr(c->folder, '/')) < HUB_PATH;
}

bool stored_is_busy(const struct cache *c)
{
    char folder[HUB_PATH];
    bool held = false;

    if (locks_of(folder, c) && is_folder(folder))
        walk(folder, 0, is_held, &held);
    return held;
}

/* ---- who links to what ---- */

/* Blobs are known by their names, which links end with. */
struct reference {
    const char *hash, *without; /* of which snapshot links do not count; NULL: none */
    bool found;
};

static bool refers(void *user, const char *path, const struct stat *st)
{
    struct reference *r = user;
    char target[HUB_PATH];
    ssize_t n = S_ISLNK(st->st_mode) ? readlink(path, target, sizeof target - 1) : -1;
    size_t length = strlen(r->without);

    if (n < 0 || (!strncmp(path, r->without, length) && path[length] == '/'))
        return true;
    target[n] = 0;
    r->found = strrchr(target, '/') && !strcmp(strrchr(target, '/') + 1, r->hash);
    return !r->found;
}

/* Does another snapshot than this folder's link to the blob? */
static bool is_shared(const struct cache *c, const char *hash, const char *snapshot)
{
    struct reference r = { .hash = hash, .without = snapshot };
    char all[HUB_PATH];

    if (below(all, c, "snapshots"))
        walk(all, 0, refers, &r);
    return r.found;
}

/* Calls each() with the blobs that leave with a snapshot, and with its own entries. */
static bool walk_snapshot(const struct cache *c, const char *commit, each_file *each,
                          void *user)
{
    char snapshot[HUB_PATH], blobs[HUB_PATH], path[HUB_PATH];
    struct dirent *entry;
    struct stat st;
    bool go = true;
    DIR *d;

    if (snprintf(snapshot, sizeof snapshot, "%s/snapshots/%s", c->folder, commit) >= HUB_PATH ||
        !below(blobs, c, "blobs") || !is_folder(snapshot) || !is_folder(blobs))
        return true;
    d = opendir(blobs);
    while (d && go && (entry = readdir(d)))
        if (entry->d_name[0] != '.' &&
            snprintf(path, sizeof path, "%s/%s", blobs, entry->d_name) < HUB_PATH &&
            !lstat(path, &st) && !S_ISDIR(st.st_mode) &&
            !is_shared(c, entry->d_name, snapshot))
            go = each(user, path, &st);
    if (d)
        closedir(d);
    return go && walk(snapshot, 0, each, user) &&
           (lstat(snapshot, &st) || each(user, snapshot, &st));
}

static bool add(void *user, const char *path, const struct stat *st)
{
    (void)path;
    if (S_ISREG(st->st_mode))
        *(uint64_t *)user += (uint64_t)st->st_size;
    return true;
}

uint64_t stored_bytes(const struct cache *c, const char *commit)
{
    uint64_t sum = 0;

    if (commit)
        walk_snapshot(c, commit, add, &sum);
    else if (stored_is_there(c))
        walk(c->folder, 0, add, &sum);
    return sum;
}

/* ---- removal ---- */

static bool drop(void *user, const char *path, const struct stat *st)
{
    echo_error *err = user;

    if (!(S_ISDIR(st->st_mode) ? rmdir(path) : unlink(path)) || errno == ENOENT)
        return true;
    echo_fail(err, ECHO_ERR_FILE, "%.600s: cannot be removed: %s", path, strerror(errno));
    return false;
}

struct pointer {
    const char *commit;
    echo_error *err;
};

/* A branch or tag that means the commit. */
static bool drop_pointer(void *user, const char *path, const struct stat *st)
{
    struct pointer *p = user;
    char text[128] = "";
    FILE *f = S_ISREG(st->st_mode) ? fopen(path, "r") : NULL;
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;

    if (f)
        fclose(f);
    return !n || strncmp(text, p->commit, strlen(p->commit)) || drop(p->err, path, st);
}

static bool any(void *user, const char *path, const struct stat *st)
{
    (void)path, (void)st;
    *(bool *)user = true;
    return false;
}

/* Does a folder have nothing in it? */
static bool is_empty(const char *folder)
{
    bool found = false;

    walk(folder, 0, any, &found);
    return !found;
}

static void drop_folder(const char *path, echo_error *err)
{
    struct stat st;

    if (!walk(path, 0, drop, err) || lstat(path, &st))
        return;
    drop(err, path, &st);
}

static void drop_all(const struct cache *c, echo_error *err)
{
    char locks[HUB_PATH];

    drop_folder(c->folder, err);
    if (!err->status && locks_of(locks, c) && is_folder(locks))
        drop_folder(locks, err);
}

echo_status stored_remove(const struct cache *c, const char *commit, echo_error *err)
{
    struct pointer p = { commit, err };
    char path[HUB_PATH];

    if (!stored_is_there(c))
        return echo_fail(err, ECHO_ERR_FILE,
                         "%.600s: is not there, or no directory", c->folder);
    if (!commit) {
        drop_all(c, err);
        return err->status;
    }
    if (walk_snapshot(c, commit, drop, err) && below(path, c, "refs"))
        walk(path, 0, drop_pointer, &p);
    if (!err->status && below(path, c, "snapshots") && is_empty(path))
        drop_all(c, err);
    return err->status;
}

/* SPDX-License-Identifier: MIT */
#include "hub/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/failure.h"

__attribute__((format(printf, 3, 4))) static echo_status put(char out[HUB_PATH],
                                                             echo_error *err, const char *fmt,
                                                             ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(out, HUB_PATH, fmt, ap);
    va_end(ap);
    if (n < 0 || n >= HUB_PATH)
        return echo_fail(err, ECHO_ERR_FILE, "%.200s...: the path is too long", out);
    return ECHO_OK;
}

bool cache_name_is_safe(const char *name)
{
    const char *part = name;

    for (size_t n; *part; part += n + (part[n] == '/')) {
        n = strcspn(part, "/");
        if (n == 0 || (n == 1 && part[0] == '.') || (n == 2 && !memcmp(part, "..", 2)))
            return false;
        if (part[n] == '/' && !part[n + 1])
            return false;
    }
    for (const char *p = name; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 127 || *p == '\\')
            return false;
    return *name != 0;
}

echo_status cache_make_folder(const char *path, echo_error *err)
{
    char part[HUB_PATH];
    struct stat st;

    if (put(part, err, "%s", path))
        return err->status;
    for (char *p = part + 1;; p++) {
        char end = *p;

        if (end && end != '/')
            continue;
        *p = 0;
        if (mkdir(part, 0777) && errno != EEXIST)
            return echo_fail(err, ECHO_ERR_FILE, "%.600s: cannot be made: %s", part,
                             strerror(errno));
        if (!end)
            break;
        *p = end;
    }
    if (stat(path, &st) || !S_ISDIR(st.st_mode))
        return echo_fail(err, ECHO_ERR_FILE, "%.600s: is in the way of a directory", path);
    return ECHO_OK;
}

echo_status cache_open(struct cache *c, const char *root, const char *repository,
                       echo_error *err)
{
    const char *slash = strchr(repository, '/');

    c->no_links = false;
    if (put(c->root, err, "%s", root))
        return err->status;
    return put(c->folder, err, "%s/models--%.*s--%s", root, (int)(slash - repository),
               repository, slash + 1);
}

echo_status cache_blob(char out[HUB_PATH], const struct cache *c, const char *hash,
                       const char *more, echo_error *err)
{
    return put(out, err, "%s/blobs/%s%s", c->folder, hash, more);
}

static echo_status snapshot(char out[HUB_PATH], const struct cache *c, const char *commit,
                            const char *name, echo_error *err)
{
    return put(out, err, "%s/snapshots/%s/%s", c->folder, commit, name);
}

/* The folder of a file. */
static echo_status make_above(const char *path, echo_error *err)
{
    char folder[HUB_PATH];

    if (put(folder, err, "%.*s", (int)(strrchr(path, '/') - path), path))
        return err->status;
    return cache_make_folder(folder, err);
}

/* By which programs that make backups know a cache. */
static void tag(const struct cache *c)
{
    static const char text[] = "Signature: 8a477f597d28d172789f06886806bc55\n"
                               "# This directory is a cache of models (bford.info/cachedir).\n";
    char path[HUB_PATH];
    echo_error ignored;

    if (!put(path, &ignored, "%s/CACHEDIR.TAG", c->root) && access(path, F_OK))
        echo_file_write(path, text, sizeof text - 1, &ignored);
}

echo_status cache_make(const struct cache *c, const char *commit, const char *name,
                       echo_error *err)
{
    char path[HUB_PATH];

    if (cache_blob(path, c, "x", "", err) || make_above(path, err) ||
        snapshot(path, c, commit, name, err) || make_above(path, err))
        return err->status;
    tag(c);
    return ECHO_OK;
}

/* "../../" and more, for a file in folders of a snapshot. */
static echo_status link_target(char out[HUB_PATH], const char *name, const char *hash,
                               echo_error *err)
{
    char up[HUB_PATH] = "../../";
    size_t n = strlen(up);

    for (; *name; name++)
        if (*name == '/' && n + 4 < sizeof up) {
            memcpy(up + n, "../", 4);
            n += 3;
        }
    return put(out, err, "%.2000sblobs/%.1000s", up, hash);
}

static echo_status copy(const char *from, const char *to, echo_error *err)
{
    int in = open(from, O_RDONLY | O_CLOEXEC), out = -1;
    ssize_t n = -1;
    char part[HUB_PATH];

    if (put(part, err, "%s.incomplete", to))
        return err->status;
    if (in >= 0)
        out = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    while (in >= 0 && out >= 0 && (n = sendfile(out, in, NULL, 1 << 24)) > 0)
        ;
    int failed = n ? errno : 0;

    if (in >= 0)
        close(in);
    if (out >= 0 && close(out) && !failed)
        failed = errno;
    if (!failed && rename(part, to))
        failed = errno;
    if (!failed)
        return ECHO_OK;
    unlink(part);
    return echo_fail(err, ECHO_ERR_FILE, "%.600s: cannot be written: %s", to, strerror(failed));
}

echo_status cache_link(const struct cache *c, const char *commit, const char *name,
                       const char *hash, bool fresh, echo_error *err)
{
    char target[HUB_PATH], path[HUB_PATH], blob[HUB_PATH], have[HUB_PATH];
    ssize_t n;

    if (link_target(target, name, hash, err) || snapshot(path, c, commit, name, err) ||
        cache_blob(blob, c, hash, "", err))
        return err->status;
    n = c->no_links ? -1 : readlink(path, have, sizeof have - 1);
    if (n > 0 && (size_t)n == strlen(target) && !memcmp(have, target, (size_t)n))
        return ECHO_OK;
    unlink(path);
    if (!c->no_links && !symlink(target, path))
        return ECHO_OK;
    if (!c->no_links && errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS)
        return echo_fail(err, ECHO_ERR_FILE, "%.600s: cannot be made: %s", path,
                         strerror(errno));
    /* A file system without links. */
    if (!fresh)
        return copy(blob, path, err);
    if (rename(blob, path))
        return echo_fail(err, ECHO_ERR_FILE, "%.600s: cannot be moved: %s", blob,
                         strerror(errno));
    return ECHO_OK;
}

bool cache_has(const struct cache *c, const char *commit, const char *name, uint64_t size)
{
    char path[HUB_PATH];
    echo_error ignored;
    struct stat st;

    return !snapshot(path, c, commit, name, &ignored) && !stat(path, &st) &&
           S_ISREG(st.st_mode) && (uint64_t)st.st_size == size;
}

echo_status cache_refer(const struct cache *c, const char *revision, const char *commit,
                        echo_error *err)
{
    char path[HUB_PATH];

    if (!strcmp(revision, commit))
        return ECHO_OK;
    if (put(path, err, "%s/refs/%s", c->folder, revision) || make_above(path, err))
        return err->status;
    return echo_file_write(path, commit, strlen(commit), err);
}

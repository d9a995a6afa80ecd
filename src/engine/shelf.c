/* SPDX-License-Identifier: MIT */
#include "engine/shelf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/folders.h"
#include "text/fold.h"

#define LOCK_FILE ".lock"
#define LEFT      ".part" /* how the names of files end that are being written */

static echo_status cannot(const char *what, const char *folder, echo_error *err)
{
    return echo_fail(err, ECHO_ERR_FILE, "%.800s: the library of voices cannot be %s: %s",
                     folder, what, strerror(errno));
}

char *echo_shelf_path(const char *folder, const char *file)
{
    size_t size = strlen(folder) + strlen(file) + 2;
    char *path = malloc(size);

    if (path)
        snprintf(path, size, "%s/%s", folder, file);
    return path;
}

/* ---- reading ---- */

echo_status echo_shelf_each(const char *folder,
                            bool (*each)(void *user, const struct shelf_file *f), void *user,
                            echo_error *err)
{
    const struct dirent *entry;
    struct shelf_file f;
    bool more = true;
    DIR *d;

    if (!*folder || (!(d = opendir(folder)) && errno == ENOENT))
        return ECHO_OK;
    if (!d)
        return cannot("read", folder, err);
    while (more && (errno = 0, entry = readdir(d)))
        if (echo_voice_name_of_file(f.name, entry->d_name) &&
            !fstatat(dirfd(d), entry->d_name, &f.st, 0) && S_ISREG(f.st.st_mode)) {
            strcpy(f.file, entry->d_name);
            more = each(user, &f);
        }
    closedir(d);
    return ECHO_OK;
}

/* Looking for a name. */
struct search {
    char exact[COMPOSED_BYTES], folded[FOLDED_BYTES];
    struct shelf_file *best;
};

static bool compare(void *user, const struct shelf_file *f)
{
    struct search *s = user;
    char folded[FOLDED_BYTES];

    if (!strcmp(f->name, s->exact)) {
        *s->best = *f;
        return false;
    }
    if (echo_fold(folded, f->name, strlen(f->name)) && !strcmp(folded, s->folded) &&
        (!*s->best->file || strcmp(f->name, s->best->name) < 0))
        *s->best = *f;
    return true;
}

echo_status echo_shelf_find(struct shelf_file *out, const char *folder, const char *name,
                            echo_error *err)
{
    struct search s = { .best = out };
    size_t length = strlen(name), ending = strlen(VOICE_ENDING);

    if (length > ending && !strcasecmp(name + length - ending, VOICE_ENDING))
        length -= ending;
    *out->file = '\0';
    if (!echo_compose_name(s.exact, name, length) || !echo_fold(s.folded, name, length))
        return ECHO_OK;
    return echo_shelf_each(folder, compare, &s, err);
}

/* ---- writing ---- */

/* Whoever writes holds the lock, so nobody is at these any more.  An hour is for those that
 * do not, as an export to this folder. */
static void remove_leftovers(const char *folder)
{
    DIR *d = opendir(folder);
    const struct dirent *entry;
    struct stat st;

    while (d && (entry = readdir(d))) {
        size_t n = strlen(entry->d_name), ending = strlen(LEFT);

        if (n > ending && !strcmp(entry->d_name + n - ending, LEFT) &&
            strstr(entry->d_name, VOICE_ENDING ".") &&
            !fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
            st.st_mtime < time(NULL) - 3600)
            unlinkat(dirfd(d), entry->d_name, 0);
    }
    if (d)
        closedir(d);
}

static bool wait_for(int fd, double patience_s)
{
    struct timespec moment = { .tv_nsec = 5000000 };
    double end = echo_clock() + patience_s;

    while (flock(fd, LOCK_EX | LOCK_NB)) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return false;
        if (echo_clock() > end) {
            errno = EWOULDBLOCK;
            return false;
        }
        nanosleep(&moment, NULL);
    }
    return true;
}

echo_status echo_shelf_lock(int *lock, const char *folder, double patience_s, echo_error *err)
{
    char *path;
    int fd;

    *lock = -1;
    if (!*folder)
        return echo_fail(err, ECHO_ERR_FILE, "there is no folder for voices: set "
                                             "ECHOTTS_VOICES, or HOME");
    if (!echo_folder_make(folder, 0755))
        return cannot("made", folder, err);
    if (!(path = echo_shelf_path(folder, LOCK_FILE)))
        return echo_fail_memory(err, strlen(folder), folder);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    free(path);
    if (fd < 0)
        return cannot("changed", folder, err);
    if (!wait_for(fd, patience_s)) {
        echo_status s = errno == EWOULDBLOCK
                            ? echo_fail(err, ECHO_ERR_FILE,
                                        "%.800s: another program has been changing the library "
                                        "of voices for %.0f s; try again later", folder,
                                        patience_s)
                            : cannot("locked", folder, err);

        close(fd);
        return s;
    }
    remove_leftovers(folder);
    *lock = fd;
    return ECHO_OK;
}

void echo_shelf_unlock(int lock)
{
    if (lock >= 0)
        close(lock);
}

/* SPDX-License-Identifier: MIT */
#include "engine/clip_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/signature.h"
#include "engine/voices.h"

void echo_clip_files_free(struct clip_files *f)
{
    for (int i = 0; i < f->n; i++)
        free(f->paths[i]);
    free(f->paths);
    *f = (struct clip_files){ 0 };
}

/* Takes the path over; NULL: there was no memory for it. */
static echo_status add(struct clip_files *f, char *path, echo_error *err)
{
    int capacity = f->capacity ? 2 * f->capacity : 16;
    char **grown = f->paths;

    if (path && f->n == ECHO_CLIPS) { /* a folder may hold any number */
        free(path);
        return echo_fail(err, ECHO_ERR_FILE,
                         "more than %d recordings: a few make a voice, choose the best",
                         ECHO_CLIPS);
    }
    if (path && f->n == f->capacity &&
        (grown = realloc(f->paths, (size_t)capacity * sizeof *grown))) {
        f->paths = grown;
        f->capacity = capacity;
    }
    if (!path || !grown) {
        free(path);
        return echo_fail_memory(err, (size_t)capacity * sizeof *grown, "a list of recordings");
    }
    f->paths[f->n++] = path;
    return ECHO_OK;
}

static char *join(const char *folder, const char *name)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = malloc(size);

    if (path)
        snprintf(path, size, "%s%s%s", folder, folder[strlen(folder) - 1] == '/' ? "" : "/",
                 name);
    return path;
}

/* By its first bytes; by chance two of them may look like sound. */
static bool begins_as_sound(DIR *d, const char *name)
{
    int fd = openat(dirfd(d), name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char head[SIGNATURE_BYTES];
    ssize_t n = fd < 0 ? 0 : read(fd, head, sizeof head);
    struct signature s = echo_signature(head, n > 0 ? (size_t)n : 0);

    if (fd >= 0)
        close(fd);
    return s.bytes > 2 && (s.kind == SIGNATURE_SOUND || s.kind == SIGNATURE_MPEG ||
                           s.kind == SIGNATURE_MEDIA);
}

/* One that is named like sound is never passed over: if it is damaged, its reader says so. */
static bool is_sound(DIR *d, const char *name)
{
    struct stat st;

    return name[0] != '.' && !fstatat(dirfd(d), name, &st, 0) && S_ISREG(st.st_mode) &&
           (echo_is_clip_name(name) || begins_as_sound(d, name));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static echo_status add_folder(struct clip_files *f, const char *folder, echo_error *err)
{
    DIR *d = opendir(folder);
    const struct dirent *entry;
    echo_status status = ECHO_OK;
    int first = f->n;

    if (!d)
        return echo_fail(err, ECHO_ERR_FILE, "%s: %s", folder, strerror(errno));
    while (!status && (entry = readdir(d)))
        if (is_sound(d, entry->d_name))
            status = add(f, join(folder, entry->d_name), err);
    closedir(d);
    if (!status && f->n == first)
        return echo_fail(err, ECHO_ERR_FILE,
                         "%s: there are no sound files in this folder: name the folder that "
                         "has them, or the files", folder);
    if (!status)
        qsort(f->paths + first, (size_t)(f->n - first), sizeof *f->paths, by_name);
    return status;
}

echo_status echo_clip_files(struct clip_files *f, const char *const *paths, int n,
                            echo_error *err)
{
    echo_status status = ECHO_OK;
    bool has_stdin = false;

    *f = (struct clip_files){ 0 };
    if (n < 1)
        return echo_fail_field(err, "paths", "no recordings: give at least one");
    for (int i = 0; i < n && !status; i++) {
        bool is_stdin = !strcmp(paths[i], "-");
        struct stat st;

        if (is_stdin && has_stdin)
            return echo_fail_field(err, "paths", "standard input can be read only once");
        has_stdin |= is_stdin;
        if (!is_stdin && stat(paths[i], &st))
            status = echo_fail(err, ECHO_ERR_FILE, "%s: %s", paths[i], strerror(errno));
        else if (!is_stdin && S_ISDIR(st.st_mode))
            status = add_folder(f, paths[i], err);
        else
            status = add(f, strdup(paths[i]), err);
    }
    return status;
}

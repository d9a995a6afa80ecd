/* SPDX-License-Identifier: MIT */
#include "upload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spool.h"

enum { MOST = 16 }; /* files of one voice */

/* A file of its own with these bytes, since decoders read files by name. */
static bool store(char *path, size_t size, const struct upload *u)
{
    FILE *f;
    int fd;
    bool whole;

    if (snprintf(path, size, "%s/echotts-upload-XXXXXX", spool_folder()) >= (int)size)
        return false;
    if ((fd = mkstemp(path)) < 0 || !(f = fdopen(fd, "wb"))) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    whole = fwrite(u->bytes, 1, u->n, f) == u->n;
    return !fclose(f) && whole;
}

/* Names of our files say nothing to a client: "the sound" stands for each. */
static void rename_in(char *line, size_t size, char (*paths)[512], int n)
{
    static const char name[] = "the sound";
    char *at;

    for (int i = 0; i < n; i++)
        while ((at = strstr(line, paths[i])) != NULL) {
            size_t length = strlen(paths[i]), room = size - (size_t)(at - line);
            char rest[1024];

            snprintf(rest, sizeof rest, "%s", at + length);
            snprintf(at, room, "%s%s", name, rest);
        }
}

struct listener {
    const echo_clips_opts *opts;
    char (*paths)[512];
    int n;
};

static void pass_on(void *user, echo_log_level level, const char *line)
{
    struct listener *l = user;
    char text[1024];

    snprintf(text, sizeof text, "%s", line);
    rename_in(text, sizeof text, l->paths, l->n);
    if (l->opts->log)
        l->opts->log(l->opts->user, level, text);
}

echo_status upload_read(float **pcm, size_t *n, const struct upload *uploads, int n_uploads,
                        const echo_clips_opts *opts, echo_error *err)
{
    char paths[MOST][512] = { "" };
    const char *names[MOST] = { NULL };
    struct listener listener = { opts, paths, n_uploads };
    echo_clips_opts reading = *opts;
    echo_error own;
    echo_status status = ECHO_OK;

    if (n_uploads > MOST)
        return echo_fail_field(err, "file", "%d files were sent: at most %d make a voice",
                               n_uploads, MOST);
    for (int i = 0; i < n_uploads; i++)
        if (!uploads[i].n)
            return echo_fail_field(err, "file", "the sound is empty: 0 bytes arrived");
    reading.log = pass_on;
    reading.user = &listener;
    for (int i = 0; i < n_uploads; i++) {
        if (!status && !store(paths[i], sizeof paths[i], &uploads[i]))
            status = echo_fail(&own, ECHO_ERR_MEMORY, "there is no room for the sound");
        names[i] = paths[i];
    }
    if (!status)
        status = echo_clips_read(pcm, n, names, n_uploads, &reading, &own);
    for (int i = 0; i < n_uploads; i++)
        if (*paths[i])
            unlink(paths[i]);
    if (status) {
        rename_in(own.text, sizeof own.text, paths, n_uploads);
        snprintf(own.field, sizeof own.field, "file");
        *err = own;
    }
    return status;
}

echo_status upload_read_bytes(float **pcm, size_t *n, const void *bytes, size_t size,
                              const echo_clips_opts *opts, echo_error *err)
{
    struct upload one = { bytes, size };

    return upload_read(pcm, n, &one, 1, opts, err);
}

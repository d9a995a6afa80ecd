/* SPDX-License-Identifier: MIT */
#include "base/source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/nameless.h"

#define PATIENCE_MS 100 /* between looks at the flag that stops */

static bool stopped(const struct source *s)
{
    return s->stop && atomic_load(s->stop);
}

static echo_status cannot_read(const struct source *s, int why, echo_error *err)
{
    return echo_fail(err, ECHO_ERR_FILE, "%s: cannot be read: %s", s->name, strerror(why));
}

/* Until n bytes are there, or the stream ends. */
static echo_status fill(struct source *s, unsigned char *out, size_t n, size_t *got,
                        echo_error *err)
{
    for (*got = 0; *got < n && !s->ended;) {
        struct pollfd ready = { .fd = s->fd, .events = POLLIN };
        int there = stopped(s) ? 0 : poll(&ready, 1, PATIENCE_MS);
        ssize_t some = 0;

        if (stopped(s))
            return echo_fail(err, ECHO_ERR_CANCELLED, "stopped while reading %s", s->name);
        if (there > 0 && (some = read(s->fd, out + *got, n - *got)) > 0)
            *got += (size_t)some;
        else if (there > 0 && !some)
            s->ended = true;
        else if (there && errno != EINTR && errno != EAGAIN)
            return cannot_read(s, errno, err);
    }
    return ECHO_OK;
}

static echo_status read_head(struct source *s, echo_error *err)
{
    size_t got;
    echo_status status;

    if (isatty(s->fd))
        return echo_fail(err, ECHO_ERR_FILE,
                         "%s: is a terminal: redirect a file to it, or pipe one into it",
                         s->name);
    if (!(s->head = malloc(SOURCE_HEAD)))
        return echo_fail_memory(err, SOURCE_HEAD, s->name);
    status = fill(s, s->head, SOURCE_HEAD, &got, err);
    s->data = s->head;
    s->bytes = got;
    return status;
}

/* A pipe with a name is opened as soon as somebody writes to it. */
static int open_patiently(const struct source *s, const char *path)
{
    int fd;

    do
        fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd < 0 && errno == EINTR && !stopped(s));
    return fd;
}

echo_status echo_source_open(struct source *s, const char *path, const atomic_bool *stop,
                             echo_error *err)
{
    bool is_stdin = !strcmp(path, "-");
    echo_status status = ECHO_OK;
    struct stat st;

    *s = (struct source){ .name = is_stdin ? "standard input" : path, .fd = -1, .stop = stop };
    s->fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open_patiently(s, path);
    if (s->fd < 0 && errno == EINTR)
        return echo_fail(err, ECHO_ERR_CANCELLED, "stopped while opening %s", s->name);
    if (s->fd < 0 || fstat(s->fd, &st))
        return echo_fail(err, ECHO_ERR_FILE, "%s: %s", s->name, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return echo_fail(err, ECHO_ERR_FILE, "%s: is a directory, not an audio file", s->name);
    if (S_ISREG(st.st_mode)) { /* somebody may have read its beginning already */
        off_t at = is_stdin ? lseek(s->fd, 0, SEEK_CUR) : 0;

        s->start = at > 0 ? (uint64_t)at : 0;
        s->bytes = (uint64_t)st.st_size > s->start ? (uint64_t)st.st_size - s->start : 0;
    } else {
        s->is_stream = true;
        status = read_head(s, err);
    }
    if (!status && !s->bytes)
        status = echo_fail(err, ECHO_ERR_FILE, "%s: %s", s->name,
                           s->is_stream ? "nothing comes from it" : "the file is empty");
    return status;
}

void echo_source_memory(struct source *s, const void *data, size_t bytes, const char *name)
{
    *s = (struct source){ .name = name, .fd = -1, .data = data, .bytes = bytes };
}

static echo_status cannot_keep(const struct source *s, const char *folder, echo_error *err)
{
    return echo_fail(err, ECHO_ERR_FILE,
                     "%s: cannot be kept in %s: %s; TMPDIR can name another folder", s->name,
                     folder, strerror(errno));
}

/* The head is what is written first, and then the room for what comes behind. */
static echo_status copy_rest(struct source *s, int to, const char *folder, echo_error *err)
{
    size_t got = (size_t)s->bytes;
    uint64_t done = 0;
    echo_status status;

    for (;;) {
        if (!echo_write_at(to, done, s->head, got))
            return cannot_keep(s, folder, err);
        done += got;
        if (s->ended)
            break;
        if (done >= SOURCE_SPOOL)
            return echo_fail(err, ECHO_ERR_FILE, "%s: more than %d MiB come from it: save the "
                                                 "part that is wanted to a file",
                             s->name, (int)(SOURCE_SPOOL >> 20));
        if ((status = fill(s, s->head, SOURCE_HEAD, &got, err)))
            return status;
    }
    s->bytes = done;
    return ECHO_OK;
}

echo_status echo_source_spool(struct source *s, echo_error *err)
{
    const char *folder;
    echo_status status;
    int to;

    if (!s->is_stream || s->ended) /* then the head is all there is */
        return ECHO_OK;
    if ((to = echo_nameless_open(&folder)) < 0)
        return cannot_keep(s, folder, err);
    if ((status = copy_rest(s, to, folder, err))) {
        close(to);
        return status;
    }
    close(s->fd);
    s->fd = to;
    s->data = NULL;
    s->is_stream = false;
    return ECHO_OK;
}

size_t echo_source_read(struct source *s, uint64_t at, void *out, size_t n)
{
    size_t got = 0;

    if (at >= s->bytes)
        return 0;
    if (n > s->bytes - at)
        n = (size_t)(s->bytes - at);
    if (s->data) {
        memcpy(out, s->data + at, n);
        return n;
    }
    while (got < n) {
        ssize_t some = pread(s->fd, (char *)out + got, n - got,
                             (off_t)(s->start + at + got));

        if (some < 0 && errno == EINTR)
            continue;
        if (some < 0 && !s->error)
            s->error = errno;
        if (some <= 0) /* 0: it was made shorter meanwhile */
            break;
        got += (size_t)some;
    }
    return got;
}

echo_status echo_source_map(const struct source *s, struct file_map *m,
                            const unsigned char **data, echo_error *err)
{
    echo_status status = ECHO_OK;

    *m = (struct file_map){ 0 };
    *data = s->data;
    if (!s->data && !(status = echo_map_fd(m, s->fd, s->start + s->bytes, s->name, err)))
        *data = m->data + s->start;
    return status;
}

void echo_source_close(struct source *s)
{
    if (s->fd >= 0)
        close(s->fd);
    free(s->head);
    *s = (struct source){ .fd = -1 };
}

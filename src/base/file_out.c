/* SPDX-License-Identifier: MIT */
#include "base/file_out.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/nameless.h"

#define MAX_LINKS 40 /* one after the other, as the kernel has it */

struct file_out {
    int fd;
    int error;          /* errno of the first failure */
    char *given, *path; /* path: behind symbolic links */
    char *beside;       /* NULL: written directly */
};

static void out_free(struct file_out **out)
{
    if (*out) {
        free((*out)->given);
        free((*out)->path);
        free((*out)->beside);
        free(*out);
    }
    *out = NULL;
}

static bool is_stdout(const char *path)
{
    return !strcmp(path, "-");
}

static const char *name_of(const char *path)
{
    return is_stdout(path) ? "standard output" : path;
}

static echo_status cannot_write(const char *path, int why, echo_error *err)
{
    return echo_fail(err, ECHO_ERR_FILE, "%s: cannot be written: %s", name_of(path),
                     why == EFAULT ? "a file that it is made of was cut short meanwhile"
                                   : strerror(why));
}

/* The path that a link's text means, seen from the link; for free(). */
static char *follow(const char *link, const char *text)
{
    const char *slash = *text == '/' ? NULL : strrchr(link, '/');
    size_t folder = slash ? (size_t)(slash + 1 - link) : 0;
    char *path = malloc(folder + strlen(text) + 1);

    if (path) {
        memcpy(path, link, folder);
        strcpy(path + folder, text);
    }
    return path;
}

/* Where the bytes go in the end, be there a file or not; for free().  NULL: errno says why. */
static char *behind_links(const char *path)
{
    char text[PATH_MAX], *at = strdup(path);

    errno = ENOMEM;
    for (int i = 0; at; i++) {
        ssize_t n = readlink(at, text, sizeof text - 1);
        char *next;

        if (n < 0)
            return at;
        text[n] = 0;
        next = i < MAX_LINKS ? follow(at, text) : NULL;
        free(at);
        at = next;
        errno = i < MAX_LINKS ? ENOMEM : ELOOP;
    }
    return NULL;
}

/* Devices and pipes cannot be renamed onto: those are written directly.  So is what only the
 * kernel knows the way to, as behind /dev/stdout if its file was removed. */
static bool is_special(const char *path, const char *behind)
{
    struct stat st, there;

    if (stat(path, &st) || S_ISDIR(st.st_mode))
        return false;
    return !S_ISREG(st.st_mode) || stat(behind, &there) || st.st_ino != there.st_ino ||
           st.st_dev != there.st_dev;
}

static int open_beside(struct file_out *o)
{
    struct stat st;

    if (!stat(o->path, &st) && S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        return -1;
    }
    for (unsigned i = 0; i < 100; i++) {
        sprintf(o->beside, "%s.%ld-%u.part", o->path, (long)getpid(), i);
        int fd = open(o->beside, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

echo_status echo_out_open(struct file_out **out, const char *path, echo_error *err)
{
    struct file_out *o = calloc(1, sizeof *o);
    echo_status s;
    int why;

    *out = NULL;
    if (!o || !(o->given = strdup(path)))
        goto no_memory;
    if (!is_stdout(path) && !(o->path = behind_links(path)) && errno == ENOMEM)
        goto no_memory;
    if (is_stdout(path)) {
        o->fd = dup(STDOUT_FILENO);
    } else if (!o->path) {
        o->fd = -1;
    } else if (is_special(path, o->path)) {
        o->fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    } else {
        if (!(o->beside = malloc(strlen(o->path) + 48)))
            goto no_memory;
        o->fd = open_beside(o);
    }
    if (o->fd >= 0) {
        *out = o;
        return ECHO_OK;
    }
    why = errno;
    out_free(&o);
    return cannot_write(path, why, err);
no_memory:
    s = echo_fail_memory(err, strlen(path) + 48, path);
    out_free(&o);
    return s;
}

echo_status echo_out_check(const char *path, echo_error *err)
{
    struct file_out *o = NULL;
    char *behind;
    bool special;
    echo_status s;

    if (is_stdout(path))
        return fcntl(STDOUT_FILENO, F_GETFD) < 0 ? cannot_write(path, errno, err) : ECHO_OK;
    behind = behind_links(path);
    special = behind && is_special(path, behind);
    free(behind);
    if (special) /* a pipe that is opened and closed would be over for its reader */
        return access(path, W_OK) ? cannot_write(path, errno, err) : ECHO_OK;
    /* Permissions, read-only disks and names too long all look fine until a file is made. */
    if (!(s = echo_out_open(&o, path, err)))
        echo_out_abort(&o);
    return s;
}

void echo_out_write(struct file_out *o, const void *data, size_t bytes)
{
    const char *p = data;

    while (bytes && !o->error) {
        ssize_t n = write(o->fd, p, bytes > (1u << 30) ? 1u << 30 : bytes);

        if (n < 0 && errno != EINTR)
            o->error = errno;
        else if (n > 0) {
            p += n;
            bytes -= (size_t)n;
        }
    }
}

bool echo_out_can_change(const struct file_out *o)
{
    return o->beside != NULL;
}

void echo_out_write_at(struct file_out *o, uint64_t at, const void *data, size_t bytes)
{
    ECHO_ASSERT(echo_out_can_change(o));
    if (!o->error && !echo_write_at(o->fd, at, data, bytes))
        o->error = errno;
}

size_t echo_out_read_at(struct file_out *o, uint64_t at, void *data, size_t bytes)
{
    ECHO_ASSERT(echo_out_can_change(o));
    return echo_read_at(o->fd, at, data, bytes);
}

echo_status echo_out_status(const struct file_out *o, echo_error *err)
{
    return o->error ? cannot_write(o->given, o->error, err) : ECHO_OK;
}

bool echo_out_failed(const struct file_out *o)
{
    return o->error != 0;
}

echo_status echo_out_commit(struct file_out **out, echo_error *err)
{
    struct file_out *o = *out;
    echo_status s = ECHO_OK;

    if (close(o->fd) && !o->error)
        o->error = errno;
    if (!o->error && o->beside && rename(o->beside, o->path))
        o->error = errno;
    if (o->error) {
        s = cannot_write(o->given, o->error, err);
        if (o->beside)
            unlink(o->beside);
    }
    out_free(out);
    return s;
}

void echo_out_abort(struct file_out **out)
{
    if (!*out)
        return;
    close((*out)->fd);
    if ((*out)->beside)
        unlink((*out)->beside);
    out_free(out);
}

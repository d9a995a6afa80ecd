/* SPDX-License-Identifier: MIT */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failure.h"

static bool is_stdout(const char *path)
{
    return !strcmp(path, "-");
}

/* A new file beside path, to be renamed to it.  *name is for free(); -1: errno says why. */
static int open_beside(char **name, const char *path)
{
    size_t size = strlen(path) + 48;

    if (!(*name = malloc(size)))
        return -1;
    snprintf(*name, size, "%s.%ld-cli.part", path, (long)getpid());
    return open(*name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
}

/* Files are written beside and renamed, the library's too; only making one shows that this will
 * work: permissions, read-only disks and names too long all look fine until then. */
static bool can_create_beside(const char *path)
{
    char *beside;
    int fd = open_beside(&beside, path);

    if (fd >= 0) {
        close(fd);
        unlink(beside);
    }
    free(beside);
    return fd >= 0;
}

echo_status output_check(const char *path, echo_error *err)
{
    struct stat st;
    bool good;

    errno = 0;
    if (!*path)
        return failure(err, ECHO_ERR_ARG, "an empty name cannot be written to");
    if (is_stdout(path) && isatty(STDOUT_FILENO))
        return failure(err, ECHO_ERR_ARG, "-o -: sound on a terminal is noise: redirect it, or "
                                          "pipe it into a player");
    if (is_stdout(path))
        good = fcntl(STDOUT_FILENO, F_GETFD) >= 0;
    else if (stat(path, &st))
        good = can_create_beside(path);
    else if (S_ISDIR(st.st_mode))
        errno = EISDIR, good = false;
    else if (S_ISREG(st.st_mode))
        good = can_create_beside(path);
    else
        good = !access(path, W_OK); /* devices and pipes are written to directly */
    if (good)
        return ECHO_OK;
    return failure(err, ECHO_ERR_FILE, "%s: cannot be written: %s", output_name(path),
                   strerror(errno));
}

echo_status output_check_named(const char *path, echo_error *err)
{
    if (is_stdout(path))
        return failure(err, ECHO_ERR_ARG, "latents go to a file, not to standard output");
    return output_check(path, err);
}

static bool write_all(int fd, const char *data, size_t bytes)
{
    while (bytes) {
        ssize_t n = write(fd, data, bytes);

        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0) {
            data += n;
            bytes -= (size_t)n;
        }
    }
    return true;
}

/* Devices and pipes cannot be renamed onto: those are written directly. */
static bool is_special(const char *path)
{
    struct stat st;

    return !stat(path, &st) && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

echo_status output_save(const char *path, const void *data, size_t bytes, echo_error *err)
{
    char *beside = NULL;
    int fd, why = 0;

    if (is_stdout(path)) {
        fwrite(data, 1, bytes, stdout);
        return output_flush(err);
    }
    fd = is_special(path) ? open(path, O_WRONLY | O_CLOEXEC) : open_beside(&beside, path);
    if (fd < 0 || !write_all(fd, data, bytes))
        why = errno;
    if (fd >= 0 && close(fd) && !why)
        why = errno;
    if (!why && beside && rename(beside, path))
        why = errno;
    if (why && fd >= 0 && beside)
        unlink(beside);
    free(beside);
    if (why)
        return failure(err, ECHO_ERR_FILE, "%s: cannot be written: %s", path, strerror(why));
    return ECHO_OK;
}

const char *output_name(const char *path)
{
    return is_stdout(path) ? "standard output" : path;
}

echo_status output_flush(echo_error *err)
{
    if (fflush(stdout) || ferror(stdout))
        return failure(err, ECHO_ERR_FILE, "standard output: cannot be written: %s",
                       strerror(errno));
    return ECHO_OK;
}

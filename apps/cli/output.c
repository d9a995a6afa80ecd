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

/* The library writes a file beside and renames it; only making one shows that this will work:
 * permissions, read-only disks and names too long all look fine until then. */
static bool can_create_beside(const char *path)
{
    size_t size = strlen(path) + 48;
    char *beside = malloc(size);
    bool good = false;

    if (!beside)
        return false;
    snprintf(beside, size, "%s.%ld-test.part", path, (long)getpid());
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd >= 0) {
        good = true;
        close(fd);
        unlink(beside);
    }
    free(beside);
    return good;
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

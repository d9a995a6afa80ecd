/* SPDX-License-Identifier: MIT */
#include "base/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/nameless.h"

#define PATIENCE_MS 100 /* between looks at the flag that stops */

extern char **environ;

/* Its three files, and the signals of a fresh program: one that we ignore would be ignored
 * there, too.  A group of its own, so that the terminal's signals are for us to act upon. */
int echo_helper_spawn(const char *const *words, int in, int out, int err, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t signals;
    int why;

    sigemptyset(&signals);
    if ((why = posix_spawn_file_actions_init(&files)))
        return why;
    if (!(why = posix_spawnattr_init(&attributes))) {
        posix_spawnattr_setsigmask(&attributes, &signals);
        sigaddset(&signals, SIGPIPE);
        posix_spawnattr_setsigdefault(&attributes, &signals);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                  POSIX_SPAWN_SETPGROUP);
        if (!(why = posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO)) &&
            !(why = posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO)) &&
            !(why = posix_spawn_file_actions_adddup2(&files, err, STDERR_FILENO)))
            why = posix_spawnp(pid, words[0], &files, &attributes, (char **)words,
                               environ);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&files);
    return why;
}

/* Of a pipe that has something, or has ended; false: it has ended. */
static bool take(int fd, char *block, size_t size, size_t *got)
{
    ssize_t n;

    do
        n = read(fd, block, size);
    while (n < 0 && errno == EINTR);
    *got = n > 0 ? (size_t)n : 0;
    return n > 0;
}

void echo_helper_listen(char *line, size_t size, const char *said, size_t n)
{
    size_t have = strlen(line);

    for (size_t i = 0; i < n && have + 1 < size; i++) {
        bool ends = have && line[have - 1] == '\n';

        if (!ends && (have || said[i] != '\n'))
            line[have++] = said[i];
    }
    line[have] = 0;
}

/* Until both pipes have ended. */
static enum helper_end attend(struct helper *h, int out, int err)
{
    struct pollfd pipes[2] = { { .fd = out, .events = POLLIN },
                               { .fd = err, .events = POLLIN } };
    double end = echo_clock() + h->seconds;
    static const size_t size = 1 << 16;
    enum helper_end how = HELPER_DONE;
    char *block = malloc(size);
    size_t got;

    if (!block)
        return HELPER_BROKEN;
    while (how == HELPER_DONE && (pipes[0].fd >= 0 || pipes[1].fd >= 0)) {
        int there = poll(pipes, 2, PATIENCE_MS);

        if (h->stop && atomic_load(h->stop))
            how = HELPER_STOPPED;
        else if (echo_clock() > end)
            how = HELPER_LATE;
        if (there <= 0 || how != HELPER_DONE)
            continue;
        if (pipes[1].revents && !take(err, block, size, &got))
            pipes[1].fd = -1;
        else if (pipes[1].revents)
            echo_helper_listen(h->line, sizeof h->line, block, got);
        if (pipes[0].revents && !take(out, block, size, &got))
            pipes[0].fd = -1;
        else if (pipes[0].revents && !echo_write_at(h->out, h->bytes, block, got))
            how = HELPER_BROKEN;
        else if (pipes[0].revents && (h->bytes += got) > h->most)
            how = HELPER_LARGE;
    }
    free(block);
    return how;
}

static bool open_pipe(int ends[2])
{
    return !pipe2(ends, O_CLOEXEC);
}

static void close_pipe(int ends[2])
{
    for (int i = 0; i < 2; i++)
        if (ends[i] >= 0)
            close(ends[i]);
    ends[0] = ends[1] = -1;
}

/* Programs that do not care for their children lose the status: then what came counts. */
static bool ended_well(struct helper *h, pid_t pid)
{
    int status = 0;
    pid_t got;

    do
        got = waitpid(pid, &status, 0);
    while (got < 0 && errno == EINTR);
    return got < 0 ? h->bytes > 0 : WIFEXITED(status) && !WEXITSTATUS(status);
}

enum helper_end echo_helper_run(struct helper *h)
{
    int out[2] = { -1, -1 }, err[2] = { -1, -1 }, why = 0;
    enum helper_end how = HELPER_BROKEN;
    pid_t pid;

    h->bytes = 0;
    h->line[0] = 0;
    if (!open_pipe(out) || !open_pipe(err))
        why = errno;
    else if ((why = echo_helper_spawn(h->words, h->in, out[1], err[1], &pid)))
        how = why == ENOENT || why == EACCES || why == ENOTDIR ? HELPER_ABSENT : HELPER_BROKEN;
    if (!why) {
        close(out[1]);
        close(err[1]);
        out[1] = err[1] = -1;
        how = attend(h, out[0], err[0]);
        why = errno;
        if (how != HELPER_DONE)
            kill(pid, SIGKILL);
        if (!ended_well(h, pid) && how == HELPER_DONE)
            how = HELPER_FAILED;
    }
    close_pipe(out);
    close_pipe(err);
    h->line[strcspn(h->line, "\r\n")] = 0;
    errno = why;
    return how;
}

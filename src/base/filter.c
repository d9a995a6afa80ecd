/* SPDX-License-Identifier: MIT */
#include "base/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/helper.h"

#define STALLED_MS 60000

static bool fail(struct filter *f, const char *why)
{
    if (!f->failed && !*f->line)
        snprintf(f->line, sizeof f->line, "%s", why);
    f->failed = true;
    return false;
}

static void shut(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* A socket to it: writing to one that is gone is then no signal. */
bool echo_filter_open(struct filter *f, const char *const *words)
{
    int in[2] = { -1, -1 }, out[2] = { -1, -1 }, err[2] = { -1, -1 }, why = 0;

    f->pid = 0;
    f->to = f->from = f->says = -1;
    f->failed = false;
    *f->line = 0;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) || pipe2(out, O_CLOEXEC) ||
        pipe2(err, O_CLOEXEC) ||
        (why = echo_helper_spawn(words, in[0], out[1], err[1], &f->pid))) {
        fail(f, strerror(why ? why : errno));
        f->pid = 0;
        shut(&in[1]);
        shut(&out[0]);
        shut(&err[0]);
    }
    shut(&in[0]);
    shut(&out[1]);
    shut(&err[1]);
    f->to = in[1];
    f->from = out[0];
    f->says = err[0];
    return !f->failed;
}

/* One of its pipes has something, or has ended. */
static void receive(struct filter *f, int *fd)
{
    char block[1 << 14];
    ssize_t n;

    do
        n = read(*fd, block, sizeof block);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        shut(fd);
    else if (fd == &f->says)
        echo_helper_listen(f->line, sizeof f->line, block, (size_t)n);
    else
        f->take(f->user, block, (size_t)n);
}

/* Do all that can be done within `ms`.  Returns how many of n bytes were written; -1: nothing
 * could be done. */
static ssize_t attend(struct filter *f, const void *bytes, size_t n, int ms)
{
    struct pollfd p[3] = { { .fd = n ? f->to : -1, .events = POLLOUT },
                           { .fd = f->from, .events = POLLIN },
                           { .fd = f->says, .events = POLLIN } };
    ssize_t sent = 0;
    int ready;

    do
        ready = poll(p, 3, ms);
    while (ready < 0 && errno == EINTR);
    if (ready <= 0)
        return -1;
    if (p[2].revents)
        receive(f, &f->says);
    if (p[1].revents)
        receive(f, &f->from);
    if (p[0].revents)
        sent = send(f->to, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0 || errno == EAGAIN || errno == EINTR)
        return sent > 0 ? sent : 0;
    shut(&f->to);
    return 0;
}

bool echo_filter_write(struct filter *f, const void *bytes, size_t n)
{
    const char *at = bytes;
    ssize_t sent;

    while (n && !f->failed) {
        if (f->to < 0 || f->from < 0)
            break;
        if ((sent = attend(f, at, n, STALLED_MS)) < 0)
            return fail(f, "it does not go on");
        at += sent;
        n -= (size_t)sent;
    }
    while (n && f->says >= 0 && attend(f, NULL, 0, 1000) >= 0)
        continue; /* why it has ended */
    return f->failed || n ? fail(f, "it has ended too early") : true;
}

bool echo_filter_wait(struct filter *f, int ms)
{
    return f->from >= 0 && attend(f, NULL, 0, ms) >= 0;
}

/* False: it failed, or was killed.  Who does not care for children has no status: fine then. */
static bool ended_well(struct filter *f)
{
    int status = 0;
    pid_t got;

    do
        got = waitpid(f->pid, &status, 0);
    while (got < 0 && errno == EINTR);
    f->pid = 0;
    return got < 0 || (WIFEXITED(status) && !WEXITSTATUS(status));
}

bool echo_filter_finish(struct filter *f)
{
    shut(&f->to);
    while (!f->failed && (f->from >= 0 || f->says >= 0))
        if (attend(f, NULL, 0, STALLED_MS) < 0)
            fail(f, "it does not end");
    if (f->failed || !f->pid)
        return false;
    return ended_well(f) || fail(f, "it has ended too early");
}

void echo_filter_close(struct filter *f)
{
    if (f->pid) {
        kill(f->pid, SIGKILL);
        ended_well(f);
        shut(&f->to);
        shut(&f->from);
        shut(&f->says);
    }
    f->pid = 0;
}

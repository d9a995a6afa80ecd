/* SPDX-License-Identifier: MIT */
#include "announce.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/report.h"

#define PROGRAM "avahi-publish"

struct announcement {
    const struct log *log;
    FILE *says; /* what the program writes */
    pid_t pid;
    pthread_t thread;
};

static void *listen_to(void *user)
{
    struct announcement *a = user;
    char line[512];

    while (fgets(line, sizeof line, a->says)) {
        json_t *o = json_object();

        line[strcspn(line, "\n")] = 0;
        report_string(o, "message", line);
        log_event(a->log, "announce", o);
    }
    return NULL;
}

/* "echotts on kitchen": two servers on one network have different names. */
static void name_service(char *out, size_t size)
{
    char host[256] = "";

    if (gethostname(host, sizeof host - 1))
        *host = 0;
    host[strcspn(host, ".")] = 0;
    snprintf(out, size, "echotts on %.40s", *host ? host : "this machine");
}

/* The child, in which nothing may be allocated.  It dies with the server, also by SIGKILL. */
static void become(const char *const *command, int out, int failed, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() == parent && dup2(out, 1) >= 0 && dup2(out, 2) >= 0)
        execvp(command[0], (char *const *)(uintptr_t)command);
    if (write(failed, &errno, sizeof errno) < 0)
        _exit(126);
    _exit(127);
}

/* Start it with its output in a pipe.  0, or why it cannot be started. */
static int start(struct announcement *a, const char *const *command)
{
    int says[2] = { -1, -1 }, failed[2] = { -1, -1 }, error = 0;
    pid_t parent = getpid();

    if (pipe2(says, O_CLOEXEC) || pipe2(failed, O_CLOEXEC) || (a->pid = fork()) < 0)
        error = errno;
    else if (!a->pid)
        become(command, says[1], failed[1], parent);
    if (says[1] >= 0)
        close(says[1]);
    if (failed[1] >= 0)
        close(failed[1]);
    if (!error && read(failed[0], &error, sizeof error) != sizeof error)
        error = 0; /* the pipe was closed by a program that runs */
    if (failed[0] >= 0)
        close(failed[0]);
    if (!error && !(a->says = fdopen(says[0], "r")))
        error = errno;
    if (!a->says && says[0] >= 0)
        close(says[0]);
    return error;
}

echo_status announce_open(struct announcement **out, const struct log *log, const char *type,
                          int port, echo_error *err)
{
    struct announcement *a = calloc(1, sizeof *a);
    char name[64], number[16];
    /* -f: it waits for a daemon that is not there yet; -s: a service */
    const char *command[] = { PROGRAM, "-f", "-s", name, type, number, NULL };
    int error = ENOMEM;

    *out = NULL;
    name_service(name, sizeof name);
    snprintf(number, sizeof number, "%d", port);
    if (a) {
        a->log = log;
        error = start(a, command);
        if (!error && pthread_create(&a->thread, NULL, listen_to, a))
            error = EAGAIN;
    }
    if (!error) {
        *out = a;
        return ECHO_OK;
    }
    if (a && a->pid > 0) {
        kill(a->pid, SIGTERM);
        waitpid(a->pid, NULL, 0);
    }
    if (a && a->says)
        fclose(a->says);
    free(a);
    if (error == ENOENT)
        return echo_fail(err, ECHO_ERR_FILE, "--announce needs " PROGRAM ", which is not "
                                             "installed (on Debian: avahi-utils)");
    return echo_fail(err, ECHO_ERR_FILE, "--announce: " PROGRAM " cannot be started: %s",
                     strerror(error));
}

void announce_close(struct announcement **announcement)
{
    struct announcement *a = *announcement;

    *announcement = NULL;
    if (!a)
        return;
    kill(a->pid, SIGTERM);
    waitpid(a->pid, NULL, 0);
    pthread_join(a->thread, NULL);
    fclose(a->says);
    free(a);
}

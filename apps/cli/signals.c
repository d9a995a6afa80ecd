/* SPDX-License-Identifier: MIT */
#include "signals.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

static struct {
    atomic_bool stopped;
    _Atomic(echo_session *) session;
} flag;

static void stop(int number)
{
    echo_session *s = atomic_load(&flag.session);

    (void)number;
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    atomic_store(&flag.stopped, true);
    if (s)
        echo_cancel(s); /* an atomic store */
}

void signals_install(void)
{
    /* No SA_RESTART: a program that waits for its text on stdin must stop too. */
    struct sigaction act = { .sa_handler = stop };

    sigemptyset(&act.sa_mask);
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    signal(SIGPIPE, SIG_IGN);
}

void signals_watch(echo_session *s)
{
    atomic_store(&flag.session, s);
}

static void mask(int how)
{
    sigset_t both;

    sigemptyset(&both);
    sigaddset(&both, SIGINT);
    sigaddset(&both, SIGTERM);
    pthread_sigmask(how, &both, NULL);
}

void signals_hold(void)
{
    mask(SIG_BLOCK);
}

void signals_release(void)
{
    mask(SIG_UNBLOCK);
}

bool signals_stopped(void)
{
    return atomic_load(&flag.stopped);
}

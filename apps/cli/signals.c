/* SPDX-License-Identifier: MIT */
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct {
    atomic_bool stopped;
    _Atomic(echo_session *) session;
    atomic_bool replaced; /* a page of a file, by zeros */
    atomic_flag naming;   /* one thread writes the name */
    atomic_bool lost;
    char lost_file[1024];
    uintptr_t page_size;
} flag = { .naming = ATOMIC_FLAG_INIT };

static void ask_to_stop(void)
{
    echo_session *s = atomic_load(&flag.session);

    atomic_store(&flag.stopped, true);
    if (s)
        echo_cancel(s); /* an atomic store */
}

static void stop(int number)
{
    (void)number;
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    ask_to_stop();
}

/* ---- a file that shrinks ---- */

struct mapping {
    uintptr_t begin, end;
    bool is_file;  /* shared and only read, as models are mapped */
    bool is_zeros; /* such as take the place of what is lost */
    char name[1024];
};

static uintptr_t read_hex(const char **p)
{
    uintptr_t n = 0;

    for (;; (*p)++) {
        if (**p >= '0' && **p <= '9')
            n = n << 4 | (uintptr_t)(**p - '0');
        else if (**p >= 'a' && **p <= 'f')
            n = n << 4 | (uintptr_t)(**p - 'a' + 10);
        else
            return n;
    }
}

/* "7f00-7f10 r--s 00000000 fd:00 1234   /path": is the address in it? */
static bool is_at(struct mapping *m, const char *line, uintptr_t at)
{
    const char *p = line, *path = strchr(line, '/');

    m->begin = read_hex(&p);
    p += *p == '-';
    m->end = read_hex(&p);
    m->is_file = path && !strncmp(p, " r--s ", 6);
    m->is_zeros = !path && !strncmp(p, " r--p ", 6);
    if (path)
        memcpy(m->name, path, strlen(path) + 1);
    return at >= m->begin && at < m->end;
}

/* Find the mapping at an address.  All that is called may be called in a handler. */
static bool find_mapping(struct mapping *m, uintptr_t at)
{
    int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    char line[sizeof m->name], block[1024];
    size_t used = 0;
    ssize_t n;
    bool found = false;

    while (fd >= 0 && !found && (n = read(fd, block, sizeof block)) > 0)
        for (ssize_t i = 0; i < n && !found; i++) {
            if (block[i] != '\n') {
                if (used < sizeof line - 1)
                    line[used++] = block[i];
                continue;
            }
            line[used] = 0;
            used = 0;
            found = is_at(m, line, at);
        }
    if (fd >= 0)
        close(fd);
    return found;
}

/*
 * A page of a mapped file is gone: somebody cut the file short, or its disk failed.  Zeros take
 * the place of what is lost, so that the work comes to where it can stop, and cleans up behind
 * itself.  Any other SIGBUS ends the program as ever.  Where threads lose pages together, one
 * of them may find the zeros of another.
 */
static void page_lost(int number, siginfo_t *info, void *context)
{
    uintptr_t at = (uintptr_t)info->si_addr, page = at / flag.page_size * flag.page_size;
    int before = errno;
    struct mapping m;
    bool known = info->si_code == BUS_ADRERR && find_mapping(&m, at);

    (void)context;
    if (known && m.is_zeros && atomic_load(&flag.replaced)) {
        errno = before;
        return;
    }
    if (known && m.is_file)
        atomic_store(&flag.replaced, true);
    if (!known || !m.is_file ||
        mmap((void *)page, m.end - page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
             0) == MAP_FAILED) {
        signal(number, SIG_DFL);
        raise(number);
        return;
    }
    if (!atomic_flag_test_and_set(&flag.naming)) {
        memcpy(flag.lost_file, m.name, strlen(m.name) + 1);
        atomic_store(&flag.lost, true);
    }
    ask_to_stop();
    errno = before;
}

const char *signals_lost_file(void)
{
    return atomic_load(&flag.lost) ? flag.lost_file : NULL;
}

/* ---- */

void signals_install(void)
{
    /* No SA_RESTART: a program that waits for its text on stdin must stop too. */
    struct sigaction act = { .sa_handler = stop };
    struct sigaction lost = { .sa_sigaction = page_lost, .sa_flags = SA_SIGINFO | SA_RESTART };

    flag.page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
    sigemptyset(&act.sa_mask);
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    sigemptyset(&lost.sa_mask);
    sigaction(SIGBUS, &lost, NULL);
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

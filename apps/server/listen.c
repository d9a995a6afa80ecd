/* SPDX-License-Identifier: MIT */
#include "listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST_ACTIVATED = 3 }; /* by systemd's protocol: sd_listen_fds(3) */

echo_status listen_at(int *out, const char *host, int port, echo_error *err)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE }, *list;
    char service[16];
    int why, fd = -1, yes = 1, error = 0;

    snprintf(service, sizeof service, "%d", port);
    if ((why = getaddrinfo(host, service, &hints, &list)))
        return echo_fail(err, ECHO_ERR_ARG, "--host %.100s: %s", host, gai_strerror(why));
    for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                    a->ai_protocol);
        if (fd >= 0)
            setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        if (fd >= 0 && (bind(fd, a->ai_addr, a->ai_addrlen) || listen(fd, 511))) {
            error = errno;
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    *out = fd;
    if (fd >= 0)
        return ECHO_OK;
    return echo_fail(err, ECHO_ERR_FILE, "%.100s port %d cannot be listened to: %s%s", host,
                     port, strerror(error),
                     error == EADDRINUSE ? " (--port takes another)" : "");
}

/* Place of a name in "http:wyoming"; below 0: it is not there. */
static int place_in(const char *names, const char *name)
{
    size_t n = strlen(name);

    for (int i = 0; names; i++) {
        if (!strncmp(names, name, n) && (!names[n] || names[n] == ':'))
            return i;
        names = strchr(names, ':');
        names = names ? names + 1 : NULL;
    }
    return -1;
}

int listen_activated(const char *name)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS"),
               *names = getenv("LISTEN_FDNAMES");
    int n = count ? atoi(count) : 0, i = place_in(names, name), fd;

    if (!pid || atol(pid) != (long)getpid() || n < 1)
        return -1;
    if (i < 0 && !strcmp(name, "http") && n == 1)
        i = 0;
    if (i < 0 || i >= n)
        return -1;
    fd = FIRST_ACTIVATED + i;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    return fd;
}

static bool address_of(int fd, struct sockaddr_storage *a, char *host, size_t size, int *port)
{
    socklen_t length = sizeof *a;
    char service[16];

    if (getsockname(fd, (struct sockaddr *)a, &length) ||
        getnameinfo((struct sockaddr *)a, length, host, (socklen_t)size, service,
                    sizeof service, NI_NUMERICHOST | NI_NUMERICSERV))
        return false;
    *port = atoi(service);
    return true;
}

void listen_url(int fd, const char *scheme, char *out, size_t size)
{
    struct sockaddr_storage a;
    char host[128];
    int port;

    if (!address_of(fd, &a, host, sizeof host, &port))
        snprintf(out, size, "a socket");
    else
        snprintf(out, size, strchr(host, ':') ? "%s://[%s]:%d" : "%s://%s:%d", scheme, host,
                 port);
}

void listen_client(const struct sockaddr *a, char *out, size_t size)
{
    snprintf(out, size, "local");
    if (a && (a->sa_family == AF_INET || a->sa_family == AF_INET6))
        getnameinfo(a, a->sa_family == AF_INET ? sizeof(struct sockaddr_in)
                                               : sizeof(struct sockaddr_in6),
                    out, (socklen_t)size, NULL, 0, NI_NUMERICHOST);
}

int listen_port(int fd)
{
    struct sockaddr_storage a;
    char host[128];
    int port;

    return address_of(fd, &a, host, sizeof host, &port) ? port : 0;
}

bool listen_is_loopback(int fd)
{
    struct sockaddr_storage a;
    char host[128];
    int port;

    return address_of(fd, &a, host, sizeof host, &port) &&
           (!strncmp(host, "127.", 4) || !strcmp(host, "::1"));
}

void listen_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    size_t n = path ? strlen(path) : 0;
    int fd;

    if (!n || n >= sizeof a.sun_path || (*path != '/' && *path != '@'))
        return;
    memcpy(a.sun_path, path, n);
    if (*path == '@') /* an abstract name */
        a.sun_path[0] = 0;
    if ((fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) < 0)
        return;
    sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&a,
           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
    close(fd);
}

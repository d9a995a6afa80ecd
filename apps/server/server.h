/* SPDX-License-Identifier: MIT */
/*
 * server.h - speech over HTTP, as OpenAI's clients ask for it.
 *
 *     connections -> errands -> tasks -> workers
 *     daemon.c       routes.c   task.c   scheduler.c, worker.c
 *     wyoming.c      (its own threads)
 *
 * One thread (libmicrohttpd's) moves bytes of all connections and never waits.  Requests that
 * take a moment are read by errands.  Speech is a task; workers make it.
 */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include <stdatomic.h>

#include "common/failure.h"

struct server_opts {
    const char *host;
    int port;
    int wyoming;       /* port of the Wyoming protocol; below 0: none */
    bool announce;     /* that port, on the local network */
    const char *key;   /* NULL: everybody may */
    const char *cors;  /* origins of pages that may, "https://a.org,..."; NULL: none */
    const char *voice; /* where a request names none; NULL: the first there is */
    int sessions;      /* speeches worked on at once; 0: as fits the device */
    int max_queue;     /* speeches that wait */
    int max_text;      /* bytes of one */
    int max_upload;    /* MiB of a request */
    int timeout;       /* seconds that a client may be silent */
    int grace;         /* seconds that speeches have left when the server stops */
    const char *log;   /* "json" or "text" */
    echo_params defaults;
    bool keep_seed;    /* that of the defaults, where a request has none; else one is drawn */
    bool (*stopped)(void); /* true: the server is to end */
};

/* Serve until `stopped`.  All is checked before the first connection is taken. */
echo_status server_run(const struct server_opts *opts, const echo_model *m, echo_library *lib,
                       echo_error *err);

#endif

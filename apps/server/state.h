/* SPDX-License-Identifier: MIT */
/* state.h - the running server, as its parts see it. */
#ifndef SERVER_STATE_H
#define SERVER_STATE_H

#include <time.h>

#include "access.h"
#include "errands.h"
#include "fields.h"
#include "log.h"
#include "scheduler.h"
#include "server.h"
#include "watch.h"

struct server {
    const struct server_opts *opts;
    const echo_model *model;
    echo_model_info info;
    char model_id[128]; /* its folder's name */
    time_t started;
    echo_library *library;
    struct log log;
    struct access access;
    struct fields fields;
    struct metrics *metrics;
    struct voice_shelf *voices;
    struct scheduler *scheduler;
    struct errands *errands;
    struct watch *watch;
    atomic_int connections;
    atomic_size_t held; /* bytes of requests in memory */
    atomic_bool stopping;
};

/* Bytes of requests that are held at once, whoever sends them. */
#define SERVER_HELD(s) ((size_t)(s)->opts->max_upload << 23)

#endif

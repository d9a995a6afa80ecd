/* SPDX-License-Identifier: MIT */
/* log.h - one line on stderr for each request and event, as text or as JSON. */
#ifndef SERVER_LOG_H
#define SERVER_LOG_H

#include <jansson.h>

#include "common/failure.h"

struct log {
    bool json;
};

/* A name for a request that has none. */
void log_draw_id(char *out, size_t size);

/* An event with its facts, which are let go.  Text has them as name=value. */
void log_event(const struct log *l, const char *event, json_t *facts);

#endif

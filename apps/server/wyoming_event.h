/* SPDX-License-Identifier: MIT */
/*
 * wyoming_event.h - events of the Wyoming protocol, as bytes and back.
 *
 * An event is a line of JSON, {"type", "data", "data_length", "payload_length"}; so many bytes
 * of JSON, which belong to "data"; so many bytes of payload.
 * Protocol: https://github.com/OHF-Voice/wyoming
 */
#ifndef SERVER_WYOMING_EVENT_H
#define SERVER_WYOMING_EVENT_H

#include <jansson.h>

#include "bytes.h"
#include "common/failure.h"

struct wyoming_event {
    char type[64];
    json_t *data; /* an object; for json_decref() */
};

/* Bytes that came, and were not taken yet. */
struct wyoming_inbox {
    struct bytes bytes;
    size_t most;    /* bytes of an event, without its payload */
    uint64_t skips; /* of a payload, which nothing here has a use for */
};

enum arrival { EVENT_THERE, EVENT_UNFINISHED, EVENT_MALFORMED };

/* The next event; EVENT_MALFORMED says why in err, and nothing can be read behind it. */
enum arrival wyoming_take(struct wyoming_inbox *in, struct wyoming_event *out, echo_error *err);

/* Append an event; data is let go, and may be NULL.  False: out of memory. */
bool wyoming_put(struct bytes *out, const char *type, json_t *data, const void *payload,
                 size_t n);

#endif

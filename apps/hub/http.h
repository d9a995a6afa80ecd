/* SPDX-License-Identifier: MIT */
/* http.h - one question to the hub, and its answer. */
#ifndef HUB_HTTP_H
#define HUB_HTTP_H

#include "hub/hub.h"

struct http_answer {
    long status;
    char *body; /* with a 0 behind it; NULL: none */
    size_t bytes;
    char url[4096];      /* that answered, after redirects of the hub to itself */
    char location[4096]; /* where it sends to, on another host; "" */
    char commit[80], etag[160];
    int64_t size; /* of the file that the answer is about; below 0: not said */
    char error_code[64], error_message[256]; /* the hub's own words */
};

/*
 * GET, or HEAD, with the token.  Redirects within the hub are followed, others are told.  What
 * may pass (a broken connection, 429, 5xx) is tried again.  ECHO_OK: there is an answer,
 * whatever its status.
 */
echo_status http_ask(const struct hub *h, struct http_answer *a, const char *url, bool head,
                     echo_error *err);
void http_answer_free(struct http_answer *a);

/* Same scheme, host and port: may one see what is meant for the other? */
bool http_same_origin(const char *a, const char *b);

/* May it be another time? */
bool http_may_pass(long status);

#endif

/* SPDX-License-Identifier: MIT */
/* handle.h - a libcurl handle that is set up as every request wants it. */
#ifndef HUB_HANDLE_H
#define HUB_HANDLE_H

#include <curl/curl.h>

#include "hub/hub.h"

/* error gets libcurl's own words.  The token goes along only if asked for, and libcurl keeps it
 * from other hosts.  False: out of memory. */
bool handle_set(CURL *c, const struct hub *h, const char *url, bool with_token,
                char error[CURL_ERROR_SIZE]);

/* The failure in words. */
const char *handle_error(CURLcode code, const char error[CURL_ERROR_SIZE]);

/* Is it of no use to try again? */
bool handle_is_final(CURLcode code);

/* A header of the last answer, "" if it has none. */
void handle_header(CURL *c, const char *name, char *out, size_t size);

#endif

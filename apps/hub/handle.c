/* SPDX-License-Identifier: MIT */
#include "hub/handle.h"

#include <stdio.h>
#include <string.h>

#define LEAST_SPEED 128L /* bytes a second: below it a connection stands still */

bool handle_set(CURL *c, const struct hub *h, const char *url, bool with_token,
                char error[CURL_ERROR_SIZE])
{
    const struct hub_settings *s = &h->settings;
    /* A secure hub never sends to a place that is not. */
    const char *protocols = !strncmp(s->endpoint, "https:", 6) ? "https" : "http,https";
    char agent[64];
    CURLcode bad;

    curl_easy_reset(c);
    error[0] = 0;
    snprintf(agent, sizeof agent, "echotts/%s", echo_version());
    bad = curl_easy_setopt(c, CURLOPT_URL, url);
    bad |= curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, protocols);
    bad |= curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, protocols);
    bad |= curl_easy_setopt(c, CURLOPT_USERAGENT, agent);
    bad |= curl_easy_setopt(c, CURLOPT_ERRORBUFFER, error);
    bad |= curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    bad |= curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)(s->answer_s * 1000));
    bad |= curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, LEAST_SPEED);
    bad |= curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)(s->download_s + 0.999));
    if (s->certificates)
        bad |= curl_easy_setopt(c, CURLOPT_CAINFO, s->certificates);
    if (with_token && *s->token) {
        bad |= curl_easy_setopt(c, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
        bad |= curl_easy_setopt(c, CURLOPT_XOAUTH2_BEARER, s->token);
    }
    return !bad;
}

const char *handle_error(CURLcode code, const char error[CURL_ERROR_SIZE])
{
    return *error ? error : curl_easy_strerror(code);
}

bool handle_is_final(CURLcode code)
{
    switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_OUT_OF_MEMORY: return true;
    default: return false;
    }
}

void handle_header(CURL *c, const char *name, char *out, size_t size)
{
    struct curl_header *h;

    *out = 0;
    if (!curl_easy_header(c, name, 0, CURLH_HEADER, -1, &h) && strlen(h->value) < size)
        memcpy(out, h->value, strlen(h->value) + 1);
}

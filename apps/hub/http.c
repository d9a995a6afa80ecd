/* SPDX-License-Identifier: MIT */
#include "hub/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/failure.h"
#include "hub/handle.h"

enum { MOST_TRIES = 5, MOST_REDIRECTS = 5, MOST_BODY = 32 << 20 };

echo_status hub_can_fetch(echo_error *err)
{
    (void)err;
    return ECHO_OK;
}

void http_answer_free(struct http_answer *a)
{
    free(a->body);
    *a = (struct http_answer){ 0 };
}

bool http_may_pass(long status)
{
    return status == 408 || status == 429 || status == 500 || (status >= 502 && status <= 504);
}

/* ---- addresses ---- */

/* Scheme, host and port of an address, in one text; "" if it is none. */
static void origin(char *out, size_t size, const char *url)
{
    char *parts[3] = { 0 };
    const CURLUPart which[] = { CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT };
    CURLU *u = curl_url();
    bool good = u && !curl_url_set(u, CURLUPART_URL, url, 0);

    for (int i = 0; i < 3 && good; i++)
        good = !curl_url_get(u, which[i], &parts[i], CURLU_DEFAULT_PORT);
    *out = 0;
    if (good)
        snprintf(out, size, "%s://%s:%s", parts[0], parts[1], parts[2]);
    for (int i = 0; i < 3; i++)
        curl_free(parts[i]);
    curl_url_cleanup(u);
}

bool http_same_origin(const char *a, const char *b)
{
    char one[600], other[600];

    origin(one, sizeof one, a);
    origin(other, sizeof other, b);
    return *one && !strcasecmp(one, other);
}

/* Where `location`, which may be relative, leads from `url`. */
static bool resolve(char *out, size_t size, const char *url, const char *location)
{
    char *whole = NULL;
    CURLU *u = curl_url();
    bool good = u && !curl_url_set(u, CURLUPART_URL, url, 0) &&
                !curl_url_set(u, CURLUPART_URL, location, 0) &&
                !curl_url_get(u, CURLUPART_URL, &whole, 0) && strlen(whole) < size;

    if (good)
        snprintf(out, size, "%s", whole);
    curl_free(whole);
    curl_url_cleanup(u);
    return good;
}

/* ---- one try ---- */

static size_t receive(char *data, size_t one, size_t n, void *user)
{
    struct http_answer *a = user;
    char *more = n <= MOST_BODY - a->bytes ? realloc(a->body, a->bytes + n + 1) : NULL;

    (void)one;
    if (!more)
        return 0;
    a->body = more;
    memcpy(a->body + a->bytes, data, n);
    a->bytes += n;
    a->body[a->bytes] = 0;
    return n;
}

static int watch(void *user, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct hub *h = user;

    (void)a, (void)b, (void)c, (void)d;
    return h->watch->stopped(h->watch->user);
}

/* W/"abc" and "abc" as abc */
static void bare_tag(char *tag)
{
    char *begin = tag + (!strncmp(tag, "W/", 2) ? 2 : 0);
    size_t n;

    begin += *begin == '"';
    n = strcspn(begin, "\"");
    memmove(tag, begin, n);
    tag[n] = 0;
}

static void read_headers(CURL *c, struct http_answer *a)
{
    char size[32];

    handle_header(c, "X-Repo-Commit", a->commit, sizeof a->commit);
    handle_header(c, "X-Error-Code", a->error_code, sizeof a->error_code);
    handle_header(c, "X-Error-Message", a->error_message, sizeof a->error_message);
    handle_header(c, "Location", a->location, sizeof a->location);
    handle_header(c, "X-Linked-Etag", a->etag, sizeof a->etag);
    if (!*a->etag)
        handle_header(c, "ETag", a->etag, sizeof a->etag);
    bare_tag(a->etag);
    handle_header(c, "X-Linked-Size", size, sizeof size);
    if (!*size && a->status == 200)
        handle_header(c, "Content-Length", size, sizeof size);
    a->size = *size >= '0' && *size <= '9' ? strtoll(size, NULL, 10) : -1;
}

static CURLcode try_once(CURL *c, const struct hub *h, struct http_answer *a, const char *url,
                         bool head, char error[CURL_ERROR_SIZE])
{
    CURLcode code;

    http_answer_free(a);
    snprintf(a->url, sizeof a->url, "%s", url);
    if (!handle_set(c, h, url, true, error))
        return CURLE_OUT_OF_MEMORY;
    curl_easy_setopt(c, CURLOPT_NOBODY, head ? 1L : 0L);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)(h->settings.answer_s * 1000));
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, a);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, watch);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, h);
    if ((code = curl_easy_perform(c)))
        return code;
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &a->status);
    read_headers(c, a);
    return CURLE_OK;
}

/* ---- tries ---- */

/* False: there is nothing to be followed. */
static bool follow(const struct hub *h, const struct http_answer *a, char next[4096])
{
    return a->status >= 301 && a->status <= 308 && *a->location &&
           resolve(next, 4096, a->url, a->location) &&
           http_same_origin(next, h->settings.endpoint);
}

static echo_status ask(CURL *c, const struct hub *h, struct http_answer *a, const char *url,
                       bool head, echo_error *err)
{
    char error[CURL_ERROR_SIZE], next[4096];
    int redirects = 0;

    snprintf(next, sizeof next, "%s", url);
    for (int i = 0;; i++) {
        CURLcode code = try_once(c, h, a, next, head, error);
        /* A name that is not known now will hardly be in a minute. */
        int most = code == CURLE_COULDNT_RESOLVE_HOST ? 2 : MOST_TRIES;
        curl_off_t asked = 0;

        if (h->watch->stopped(h->watch->user))
            return echo_fail(err, ECHO_ERR_CANCELLED, "stopped");
        if (!code && follow(h, a, next) && redirects++ < MOST_REDIRECTS)
            continue;
        if (!code && !http_may_pass(a->status))
            return ECHO_OK;
        if (code && (handle_is_final(code) || i + 1 >= most))
            return echo_fail(err, ECHO_ERR_FILE, "%.300s: cannot be reached: %.300s",
                             h->settings.endpoint, handle_error(code, error));
        if (i + 1 >= most)
            return ECHO_OK;
        curl_easy_getinfo(c, CURLINFO_RETRY_AFTER, &asked);
        double wait = hub_backoff(h, i, code ? 0 : (double)asked);

        if (wait >= 5)
            hub_note(h, "the hub is busy: trying again in %.0f s", wait);
        if (hub_wait(h, wait, err))
            return err->status;
    }
}

echo_status http_ask(const struct hub *h, struct http_answer *a, const char *url, bool head,
                     echo_error *err)
{
    CURL *c = curl_easy_init();
    echo_status status;
    char next[4096];

    *a = (struct http_answer){ 0 };
    if (!c)
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory for a connection");
    status = ask(c, h, a, url, head, err);
    curl_easy_cleanup(c);
    if (!status && *a->location && resolve(next, sizeof next, a->url, a->location))
        memcpy(a->location, next, sizeof next);
    if (status)
        http_answer_free(a);
    return status;
}

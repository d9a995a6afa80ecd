/* SPDX-License-Identifier: MIT */
#include "hub/fetch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/failure.h"
#include "hub/checksum.h"
#include "hub/handle.h"
#include "hub/refusal.h"

enum {
    MOST_LANES = 16,
    MOST_FAILURES = 6, /* one after the other, without progress between */
    PROGRESS = 1 << 16 /* bytes that are some */
};

struct fetch;

/* A connection, and the bytes that it is to bring. */
struct lane {
    struct fetch *f;
    CURL *curl;
    bool busy, looked_at, wrong; /* its answer is not what was asked for */
    size_t part;
    uint64_t at, end;
    double heard; /* when the last bytes came */
    char error[CURL_ERROR_SIZE];
};

struct fetch {
    const struct hub *h;
    struct hub_file *file;
    int fd;
    struct parts *parts;
    CURLM *multi;
    struct lane lanes[MOST_LANES];
    struct lane *whole;  /* the server knows no ranges: this one has all, from the beginning */
    int failures;
    uint64_t got, got_at_failure; /* bytes over the wire */
    double resume_at;
    int write_errno;
    bool with_token; /* the bytes are on the hub itself */
};

/* ---- what the hub says of a file ---- */

static const char digits[] = "0123456789ABCDEF";

/* As it stands in an address; slashes stay. */
static bool escape(char *out, size_t size, const char *text)
{
    size_t n = 0;

    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        bool plain = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
                     strchr("-_.~/", c);

        if (n + 4 > size)
            return false;
        if (plain) {
            out[n++] = (char)c;
        } else {
            out[n++] = '%';
            out[n++] = digits[c >> 4];
            out[n++] = digits[c & 15];
        }
    }
    out[n] = 0;
    return true;
}

static echo_status take_answer(const struct hub *h, struct hub_file *f,
                               const struct http_answer *a, echo_error *err)
{
    if (a->status != 200 && !(a->status >= 301 && a->status <= 308 && *a->location))
        return refusal_fail(h, a, f->repository, f->commit, f->name, err);
    if (!checksum_is_name(a->etag))
        return echo_fail(err, ECHO_ERR_FILE,
                         "%.200s: the hub names no checksum of %.200s ('%.80s'), so it could "
                         "not be checked", f->repository, f->name, a->etag);
    if (a->size < 0)
        return echo_fail(err, ECHO_ERR_FILE, "%.200s: the hub does not say how long %.200s is",
                         f->repository, f->name);
    snprintf(f->hash, sizeof f->hash, "%.64s", a->etag);
    f->size = (uint64_t)a->size;
    snprintf(f->url, sizeof f->url, "%s", *a->location ? a->location : a->url);
    return ECHO_OK;
}

echo_status fetch_locate(const struct hub *h, struct hub_file *f, echo_error *err)
{
    char url[4096], name[3 * sizeof f->name];
    struct http_answer a;

    if (!escape(name, sizeof name, f->name))
        return echo_fail(err, ECHO_ERR_FILE, "%.200s: the name is too long", f->name);
    snprintf(url, sizeof url, "%s/%s/resolve/%s/%s", h->settings.endpoint, f->repository,
             f->commit, name);
    if (http_ask(h, &a, url, true, err))
        return err->status;
    take_answer(h, f, &a, err);
    http_answer_free(&a);
    return err->status;
}

/* ---- bytes that arrive ---- */

/* The first bytes of an answer: are they those that were asked for? */
static void look_at(struct lane *l)
{
    struct fetch *f = l->f;
    unsigned long long first = 0;
    char range[128];
    long status = 0;

    l->looked_at = true;
    curl_easy_getinfo(l->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status == 206) {
        handle_header(l->curl, "Content-Range", range, sizeof range);
        l->wrong = sscanf(range, "bytes %llu-", &first) != 1 || first != l->at;
    } else if (status == 200 && !f->whole) { /* it knows no ranges */
        f->whole = l;
        l->at = 0;
        l->end = f->file->size;
    } else {
        l->wrong = true;
    }
}

static bool put(struct fetch *f, const char *data, size_t n, uint64_t at)
{
    while (n) {
        ssize_t done = pwrite(f->fd, data, n, (off_t)at);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            f->write_errno = done < 0 ? errno : ENOSPC;
            return false;
        }
        data += done;
        at += (uint64_t)done;
        n -= (size_t)done;
    }
    return true;
}

/* The parts that a lane has brought whole. */
static void keep_parts(struct lane *l)
{
    struct parts *p = l->f->parts;

    if (l->f->whole == l) {
        size_t i = (size_t)(l->at / p->part_size);

        for (size_t k = i; k-- > 0 && p->state[k] != 'x';)
            parts_keep(p, k);
        if (i < p->n && p->state[i] != 'x')
            p->at[i] = l->at;
        if (l->at == p->size && p->state[p->n - 1] != 'x')
            parts_keep(p, p->n - 1);
    } else if (l->at == l->end) {
        parts_keep(p, l->part);
    } else {
        p->at[l->part] = l->at;
    }
}

static size_t receive(char *data, size_t one, size_t n, void *user)
{
    struct lane *l = user;
    struct fetch *f = l->f;

    (void)one;
    if (!l->looked_at)
        look_at(l);
    if (l->wrong || (f->whole && f->whole != l))
        return 0; /* an error page, or one lane too many */
    f->got += n;
    l->heard = clock_now();
    if (n > l->end - l->at) {
        l->wrong = true;
        return 0;
    }
    if (!put(f, data, n, l->at))
        return 0;
    l->at += n;
    keep_parts(l);
    return n;
}

/* ---- lanes ---- */

static echo_status start(struct fetch *f, struct lane *l, size_t part, echo_error *err)
{
    char range[64];

    l->part = part;
    l->at = f->parts->at[part];
    l->end = parts_end(f->parts, part);
    l->looked_at = l->wrong = false;
    l->heard = clock_now();
    snprintf(range, sizeof range, "%llu-%llu", (unsigned long long)l->at,
             (unsigned long long)l->end - 1);
    if (!l->curl)
        l->curl = curl_easy_init();
    if (!l->curl || !handle_set(l->curl, f->h, f->file->url, f->with_token, l->error))
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory for a connection");
    if (!f->with_token) { /* nothing to be kept from others */
        curl_easy_setopt(l->curl, CURLOPT_FOLLOWLOCATION, 1L);
        curl_easy_setopt(l->curl, CURLOPT_MAXREDIRS, 5L);
    }
    curl_easy_setopt(l->curl, CURLOPT_RANGE, range);
    /* Streams of one connection would share its speed. */
    curl_easy_setopt(l->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(l->curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(l->curl, CURLOPT_WRITEDATA, l);
    curl_easy_setopt(l->curl, CURLOPT_PRIVATE, l);
    if (curl_multi_add_handle(f->multi, l->curl))
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory for a connection");
    l->busy = true;
    f->parts->state[part] = 't';
    return ECHO_OK;
}

/* Its part is free again, if it did not come whole. */
static void stop(struct fetch *f, struct lane *l)
{
    if (!l->busy)
        return;
    curl_multi_remove_handle(f->multi, l->curl);
    l->busy = false;
    if (f->parts->state[l->part] == 't')
        f->parts->state[l->part] = '.';
}

static int lanes_busy(const struct fetch *f)
{
    int n = 0;

    for (int i = 0; i < MOST_LANES; i++)
        n += f->lanes[i].busy;
    return n;
}

static echo_status start_lanes(struct fetch *f, echo_error *err)
{
    int most = f->h->connections < MOST_LANES ? f->h->connections : MOST_LANES;

    if (f->whole || clock_now() < f->resume_at)
        return ECHO_OK;
    /* After a failure one lane shows first whether it was for good. */
    most = f->failures && f->got == f->got_at_failure ? 1 : most;
    for (int i = 0; i < most; i++) {
        size_t part = parts_missing(f->parts);

        if (f->lanes[i].busy || part == f->parts->n)
            continue;
        if (lanes_busy(f) >= most || start(f, &f->lanes[i], part, err))
            break;
    }
    return err->status;
}

/* ---- what went wrong ---- */

static echo_status fail_disk(const struct fetch *f, echo_error *err)
{
    return echo_fail(err, ECHO_ERR_FILE, "%.200s: cannot be written: %s%s", f->file->name,
                     strerror(f->write_errno),
                     f->write_errno == ENOSPC || f->write_errno == EDQUOT
                         ? " (what is there stays for the next try)" : "");
}

/* It may pass: wait, and longer each time. */
static echo_status put_off(struct fetch *f, double asked, const char *why, echo_error *err)
{
    bool is_new = clock_now() >= f->resume_at; /* connections fail together, which is once */

    if (f->got - f->got_at_failure >= PROGRESS)
        f->failures = 0;
    f->got_at_failure = f->got;
    f->failures += is_new || !f->failures;
    if (f->failures > MOST_FAILURES)
        return echo_fail(err, ECHO_ERR_FILE,
                         "%.200s: the transfer fails again and again: %.300s (what is there "
                         "stays: fetch again later)", f->file->name, why);
    double wait = hub_backoff(f->h, f->failures - 1, asked);

    if (clock_now() + wait > f->resume_at)
        f->resume_at = clock_now() + wait;
    if (wait >= 5)
        hub_note(f->h, "%.200s: %.300s: going on in %.0f s", f->file->name, why, wait);
    return ECHO_OK;
}

/* The address of the bytes may have come to its end in time: ask for another. */
static echo_status locate_again(struct fetch *f, long status, echo_error *err)
{
    char hash[sizeof f->file->hash], why[64];
    uint64_t size = f->file->size;

    memcpy(hash, f->file->hash, sizeof hash);
    snprintf(why, sizeof why, "status %ld", status);
    if (fetch_locate(f->h, f->file, err))
        return err->status;
    if (strcmp(hash, f->file->hash) || size != f->file->size)
        return echo_fail(err, ECHO_ERR_FILE,
                         "%.200s: the hub has another file now: fetch again", f->file->name);
    f->with_token = http_same_origin(f->file->url, f->h->settings.endpoint);
    return put_off(f, 0, why, err);
}

static echo_status refused(struct fetch *f, struct lane *l, long status, echo_error *err)
{
    struct http_answer a = { .status = status };
    curl_off_t asked = 0;
    char why[64];

    if (http_may_pass(status)) {
        curl_easy_getinfo(l->curl, CURLINFO_RETRY_AFTER, &asked);
        snprintf(why, sizeof why, "the server is busy (status %ld)", status);
        return put_off(f, (double)asked, why, err);
    }
    if (f->with_token ? status < 400 && status >= 300
                      : status == 401 || status == 403 || status == 404 || status == 410)
        return locate_again(f, status, err);
    if (status == 416 || status == 206 || status == 200)
        return put_off(f, 0, "the server sends another part than was asked for", err);
    handle_header(l->curl, "X-Error-Code", a.error_code, sizeof a.error_code);
    handle_header(l->curl, "X-Error-Message", a.error_message, sizeof a.error_message);
    return refusal_fail(f->h, &a, f->file->repository, f->file->commit, f->file->name, err);
}

static echo_status ended(struct fetch *f, struct lane *l, CURLcode code, echo_error *err)
{
    bool whole = l->at == l->end, is_spare = f->whole && f->whole != l;
    long status = 0;

    curl_easy_getinfo(l->curl, CURLINFO_RESPONSE_CODE, &status);
    stop(f, l);
    if (f->whole == l && !whole) /* the next one begins at the beginning */
        f->whole = NULL;
    if (f->write_errno)
        return fail_disk(f, err);
    if (whole || is_spare)
        return ECHO_OK;
    if (l->wrong || (status >= 300 && !code))
        return refused(f, l, status, err);
    if (handle_is_final(code))
        return echo_fail(err, ECHO_ERR_FILE, "%.200s: cannot be fetched: %.300s", f->file->name,
                         handle_error(code, l->error));
    return put_off(f, 0, code ? handle_error(code, l->error) : "the answer was too short", err);
}

/* ---- */

static echo_status read_messages(struct fetch *f, echo_error *err)
{
    CURLMsg *m;
    int left;

    while ((m = curl_multi_info_read(f->multi, &left))) {
        struct lane *l = NULL;
        CURLcode code = m->data.result; /* m goes with the handle */

        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&l);
        if (ended(f, l, code, err))
            return err->status;
    }
    for (int i = 0; i < MOST_LANES && f->whole; i++)
        if (&f->lanes[i] != f->whole)
            stop(f, &f->lanes[i]);
    return ECHO_OK;
}

/* Connections on which nothing comes: libcurl would watch their mean speed, for longer. */
static echo_status drop_silent(struct fetch *f, echo_error *err)
{
    double limit = f->h->settings.download_s;
    char why[64];

    snprintf(why, sizeof why, "nothing came for %g s", limit);
    for (int i = 0; i < MOST_LANES; i++) {
        struct lane *l = &f->lanes[i];

        if (!l->busy || clock_now() - l->heard < limit)
            continue;
        stop(f, l);
        if (f->whole == l)
            f->whole = NULL;
        if (put_off(f, 0, why, err))
            return err->status;
    }
    return ECHO_OK;
}

static echo_status run(struct fetch *f, uint64_t before, uint64_t total, echo_error *err)
{
    const struct hub_watch *w = f->h->watch;
    int running;

    while (!parts_are_whole(f->parts)) {
        if (start_lanes(f, err))
            return err->status;
        curl_multi_perform(f->multi, &running);
        if (read_messages(f, err) || drop_silent(f, err))
            return err->status;
        if (w->stopped(w->user) ||
            !w->progress(w->user, f->file->name, before + parts_bytes(f->parts), total))
            return echo_fail(err, ECHO_ERR_CANCELLED, "stopped");
        if (!parts_are_whole(f->parts))
            curl_multi_poll(f->multi, NULL, 0, 50, NULL);
    }
    return ECHO_OK;
}

echo_status fetch_file(const struct hub *h, struct hub_file *file, int fd, struct parts *parts,
                       uint64_t before, uint64_t total, uint64_t *fetched, echo_error *err)
{
    struct fetch f = { .h = h, .file = file, .fd = fd, .parts = parts,
                       .multi = curl_multi_init() };
    echo_status status;

    if (!f.multi)
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory for a connection");
    for (int i = 0; i < MOST_LANES; i++)
        f.lanes[i].f = &f;
    f.with_token = http_same_origin(file->url, h->settings.endpoint);
    status = run(&f, before, total, err);
    for (int i = 0; i < MOST_LANES; i++) {
        stop(&f, &f.lanes[i]);
        if (f.lanes[i].curl)
            curl_easy_cleanup(f.lanes[i].curl);
    }
    curl_multi_cleanup(f.multi);
    *fetched += f.got;
    return status;
}

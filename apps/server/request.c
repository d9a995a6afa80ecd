/* SPDX-License-Identifier: MIT */
/* request.c - reading requests, and the forms that answers have in common. */
#include "request.h"

#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "refusal.h"

const char *request_header(const struct request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

const char *request_query(const struct request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *request_field(const struct request *r, const char *name)
{
    for (int i = 0; i < r->n_parts; i++)
        if (!r->parts[i].is_file && !strcmp(r->parts[i].name, name))
            return r->parts[i].bytes.at;
    return NULL;
}

/* ---- forms ---- */

static struct part *part_at(struct request *r, const char *name, const char *filename,
                            uint64_t offset)
{
    struct part *p;

    if (offset && r->n_parts)
        return &r->parts[r->n_parts - 1];
    if (r->n_parts == MOST_PARTS || strlen(name) >= sizeof p->name)
        return NULL;
    p = &r->parts[r->n_parts++];
    snprintf(p->name, sizeof p->name, "%s", name);
    p->is_file = filename != NULL;
    return p;
}

static enum MHD_Result take_part(void *user, enum MHD_ValueKind kind, const char *name,
                                 const char *filename, const char *type, const char *encoding,
                                 const char *bytes, uint64_t offset, size_t n)
{
    struct part *p = part_at(user, name ? name : "", filename, offset);

    (void)kind;
    (void)type;
    (void)encoding;
    return p && bytes_add(&p->bytes, bytes, n) ? MHD_YES : MHD_NO;
}

bool request_read_form(struct request *r)
{
    struct MHD_PostProcessor *pp =
        MHD_create_post_processor(r->connection, 64 * 1024, take_part, r);
    bool read = pp && r->n_body &&
                MHD_post_process(pp, r->body, r->n_body) == MHD_YES;

    if (pp && MHD_destroy_post_processor(pp) != MHD_YES)
        read = false;
    for (int i = 0; i < r->n_parts; i++)
        read &= r->parts[i].is_file || strlen(r->parts[i].bytes.at) == r->parts[i].bytes.n;
    if (!read)
        reply_refusal(r, 400, "invalid_form", NULL,
                      "the body must be a form (multipart/form-data) of up to %d parts; texts "
                      "in it have no zero bytes",
                      MOST_PARTS);
    return read;
}

/* ---- answers ---- */

void reply_header(struct request *r, const char *name, const char *value)
{
    struct reply *a = &r->reply;
    char *p;

    if (a->n_headers == MOST_HEADERS)
        return;
    a->headers[a->n_headers].name = name;
    p = a->headers[a->n_headers++].value;
    snprintf(p, sizeof a->headers->value, "%s", value);
    for (; *p; p++) /* headers are ASCII, on one line */
        if ((unsigned char)*p < ' ' || (unsigned char)*p > '~')
            *p = '?';
}

void reply_bytes(struct request *r, const char *type, char *bytes, size_t n)
{
    r->reply.status = bytes ? 200 : 503;
    r->reply.type = type;
    r->reply.bytes = bytes;
    r->reply.n = bytes ? n : 0;
}

void reply_lasting(struct request *r, const char *type, const void *bytes, size_t n)
{
    r->reply.status = 200;
    r->reply.type = type;
    r->reply.lasting = bytes;
    r->reply.n = n;
}

void reply_json(struct request *r, unsigned status, json_t *o)
{
    char *text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(9));

    json_decref(o);
    reply_bytes(r, "application/json", text, text ? strlen(text) : 0);
    if (text)
        r->reply.status = status;
}

void reply_refusal(struct request *r, unsigned status, const char *code, const char *param,
                   const char *fmt, ...)
{
    json_t *o = json_object();
    char message[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    json_object_set_new(o, "error", refusal_object(status, code, param, message));
    reply_json(r, status, o);
}

void reply_error(struct request *r, const echo_error *err)
{
    json_t *o = json_object();

    json_object_set_new(o, "error", refusal_of(err));
    reply_json(r, refusal_status(err), o);
}

void reply_options(struct request *r, const char *allowed)
{
    const char *origin = request_header(r, "Origin");
    char methods[96];

    snprintf(methods, sizeof methods, "%s, OPTIONS", allowed);
    reply_lasting(r, NULL, "", 0);
    r->reply.status = 204;
    reply_header(r, "Allow", methods);
    if (!origin || !access_allows_origin(&r->server->access, origin))
        return;
    reply_header(r, "Access-Control-Allow-Methods", methods);
    reply_header(r, "Access-Control-Allow-Headers",
                 "Authorization, Content-Type, X-Request-Id");
    reply_header(r, "Access-Control-Max-Age", "600");
}

void reply_not_allowed(struct request *r, const char *allowed)
{
    reply_refusal(r, 405, "method_not_allowed", NULL, "%s is not possible here: only %s is",
                  r->method, allowed);
    reply_header(r, "Allow", allowed);
}

void reply_no_key(struct request *r)
{
    reply_refusal(r, 401, "invalid_api_key", NULL,
                  "a key is needed: Authorization: Bearer KEY");
    reply_header(r, "WWW-Authenticate", "Bearer");
}

/* ---- speech ---- */

/* As OpenAI's clients know them. */
const char *reply_type(const echo_format *f)
{
    if (!strcmp(f->name, "pcm"))
        return "audio/pcm";
    return strcmp(f->name, "opus") ? f->mime : "audio/ogg";
}

void reply_facts(struct request *r)
{
    const struct task *j = r->task;
    const struct speech *s = &j->speech;
    char number[32], warnings[512] = "";
    size_t i, used = 0;
    json_t *line;

    r->reply.status = 200;
    r->reply.type = s->sse ? "text/event-stream" : reply_type(&s->format);
    snprintf(number, sizeof number, "%d", speech_rate(s));
    reply_header(r, "X-Audio-Sample-Rate", number);
    snprintf(number, sizeof number, "%llu", (unsigned long long)s->params.rng_seed);
    reply_header(r, "X-Echotts-Seed", number);
    reply_header(r, "Cache-Control", "no-store");
    if (j->silent)
        reply_header(r, "X-Echotts-Silence", "the input has no letter or digit to speak");
    if (*s->ignored)
        reply_header(r, "X-Echotts-Ignored", s->ignored);
    json_array_foreach(j->warnings, i, line) {
        if (used < sizeof warnings)
            used += (size_t)snprintf(warnings + used, sizeof warnings - used, "%s%s",
                                     i ? "; " : "", json_string_value(line));
    }
    if (used)
        reply_header(r, "X-Echotts-Warnings", warnings);
}

void reply_speech(struct request *r, struct speech *speech)
{
    struct scheduler *scheduler = r->server->scheduler;
    struct task *j = task_new(speech, r->client, r->id);
    enum submission result = j ? scheduler_submit(scheduler, j) : OUT_OF_MEMORY;
    struct turned_away why;
    char seconds[16];

    if (result == SUBMITTED) {
        pthread_mutex_lock(&r->lock);
        r->task = j;
        pthread_mutex_unlock(&r->lock);
        return;
    }
    task_drop(&j);
    why = submission_refused(result);
    reply_refusal(r, why.status, why.code, NULL, "%s", why.message);
    if (result != QUEUE_FULL)
        return;
    snprintf(seconds, sizeof seconds, "%d", 1 + (int)(scheduler_load(scheduler).wait_s / 2));
    reply_header(r, "Retry-After", seconds);
}

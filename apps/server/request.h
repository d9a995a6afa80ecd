/* SPDX-License-Identifier: MIT */
/* request.h - one HTTP request and its answer, as the functions of routes.h see them. */
#ifndef SERVER_REQUEST_H
#define SERVER_REQUEST_H

#include "bytes.h"
#include "state.h"

struct MHD_Connection;
struct MHD_Response;
struct route;

/* A field of a form. */
struct part {
    char name[64];
    bool is_file;
    struct bytes bytes;
};

enum { MOST_PARTS = 24, MOST_HEADERS = 8 };

/* An answer: one of a JSON object, bytes, or a task's sound. */
struct reply {
    unsigned status; /* 0: there is none yet */
    char *bytes;
    const void *lasting; /* instead of bytes: stays for ever */
    size_t n;
    const char *type; /* Content-Type */
    struct {
        const char *name;
        char value[512];
    } headers[MOST_HEADERS];
    int n_headers;
};

struct request {
    struct server *server;
    const struct route *route;
    char method[8], id[40], client[64];
    char path[256];  /* as it was asked for */
    char name[ECHO_VOICE_NAME]; /* what stands for {name} in the route */
    char *body;
    size_t n_body;
    struct part parts[MOST_PARTS]; /* of a form */
    int n_parts;
    struct reply reply;
    struct task *task; /* the answer is its sound */

    /* For daemon.c alone. */
    struct MHD_Connection *connection;
    struct watched *watched;
    struct errand errand;
    atomic_int references;
    atomic_bool handled; /* by its route */
    atomic_bool gone;    /* the client is */
    bool whole, refused;
    size_t room, held;
    uint64_t received;
    double began;
    pthread_mutex_t lock;
    bool suspended, woken;
};

/* NULL: there is none. */
const char *request_header(const struct request *r, const char *name);
const char *request_query(const struct request *r, const char *name);
/* The text of a form's field; NULL: there is none. */
const char *request_field(const struct request *r, const char *name);

/* Fill `parts` from the body.  False: it is no form, and the answer says so. */
bool request_read_form(struct request *r);

/* ---- answers: each request gets one ---- */

/* A whole object, which is let go. */
void reply_json(struct request *r, unsigned status, json_t *o);
void reply_lasting(struct request *r, const char *type, const void *bytes, size_t n);
/* For free(). */
void reply_bytes(struct request *r, const char *type, char *bytes, size_t n);
void reply_header(struct request *r, const char *name, const char *value);

__attribute__((format(printf, 5, 6))) void reply_refusal(struct request *r, unsigned status,
                                                         const char *code, const char *param,
                                                         const char *fmt, ...);
void reply_error(struct request *r, const echo_error *err);

/* The Content-Type of sound. */
const char *reply_type(const echo_format *f);

/* Headers with facts of its task.  The task's lock is held. */
void reply_facts(struct request *r);
void reply_options(struct request *r, const char *allowed);
void reply_not_allowed(struct request *r, const char *allowed);
void reply_no_key(struct request *r);

/* The sound of this speech, which is taken over; or a refusal, if the queue is full. */
void reply_speech(struct request *r, struct speech *speech);

#endif

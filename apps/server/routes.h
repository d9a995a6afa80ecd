/* SPDX-License-Identifier: MIT */
/* routes.h - which function answers which path. */
#ifndef SERVER_ROUTES_H
#define SERVER_ROUTES_H

#include "request.h"

enum body_kind { BODY_NONE, BODY_JSON, BODY_FORM };

struct route {
    const char *method, *path; /* "/audio/voices/{name}", without /v1 */
    void (*answer)(struct request *r);
    enum body_kind body;
    bool open;  /* needs no key */
    bool quick; /* answers at once: no errand is needed */
    const char *summary;
};

/* Route i; NULL past the last. */
const struct route *routes_at(int i);

/*
 * The route of a path, with /v1 or without, with a slash at the end or without.  NULL: there is
 * none; then `allowed` has the methods of that path, "GET, POST", or "".  name gets what
 * stands for {name}.
 */
const struct route *routes_find(const char *method, const char *path, char *name, size_t size,
                                char *allowed, size_t allowed_size);

/* The answers. */
void answer_speech(struct request *r);
void answer_estimate(struct request *r);
void answer_convert(struct request *r);
void answer_voices(struct request *r);
void answer_voice(struct request *r);
void answer_voice_added(struct request *r);
void answer_voice_removed(struct request *r);
void answer_preview(struct request *r);
void answer_models(struct request *r);
void answer_audio_models(struct request *r);
void answer_model(struct request *r);
void answer_parameters(struct request *r);
void answer_health(struct request *r);
void answer_ready(struct request *r);
void answer_metrics(struct request *r);
void answer_openapi(struct request *r);
void answer_page(struct request *r);

#endif

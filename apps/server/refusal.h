/* SPDX-License-Identifier: MIT */
/* refusal.h - what went wrong, as OpenAI's clients read it. */
#ifndef SERVER_REFUSAL_H
#define SERVER_REFUSAL_H

#include <jansson.h>

#include "common/failure.h"

/* The status of the answer: what the client did is 4xx. */
unsigned refusal_status(const echo_error *err);

/* {"message", "type", "param", "code"} */
json_t *refusal_of(const echo_error *err);
json_t *refusal_object(unsigned status, const char *code, const char *param,
                       const char *message);

#endif

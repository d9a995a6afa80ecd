/* SPDX-License-Identifier: MIT */
/* refusal.h - what an answer of the hub means that is not the one that was hoped for. */
#ifndef HUB_REFUSAL_H
#define HUB_REFUSAL_H

#include "hub/http.h"

/* repository "owner/name"; revision, and file of it, may be NULL. */
echo_status refusal_fail(const struct hub *h, const struct http_answer *a,
                         const char *repository, const char *revision, const char *file,
                         echo_error *err);

#endif

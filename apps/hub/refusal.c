/* SPDX-License-Identifier: MIT */
#include "hub/refusal.h"

#include <string.h>
#include <strings.h>

#include "common/failure.h"

static echo_status fail_unauthorized(const struct hub *h, const char *repository,
                                     echo_error *err)
{
    const struct hub_settings *s = &h->settings;

    if (*s->token)
        return echo_fail(err, ECHO_ERR_FILE,
                         "%.200s: the hub does not take the token of %s: set HF_TOKEN to one "
                         "that is valid (%.200s/settings/tokens)", repository, s->token_from,
                         s->endpoint);
    if (s->token_off)
        return echo_fail(err, ECHO_ERR_FILE, "%.200s: the hub wants a token, and "
                         "HF_HUB_DISABLE_IMPLICIT_TOKEN keeps yours: unset it", repository);
    return echo_fail(err, ECHO_ERR_FILE,
                     "%.200s: there is no such repository, or it is private: check the name, "
                     "or set HF_TOKEN to a token of yours (%.200s/settings/tokens)",
                     repository, s->endpoint);
}

static echo_status fail_gated(const struct hub *h, const char *repository, echo_error *err)
{
    return echo_fail(err, ECHO_ERR_FILE,
                     "%.200s: its owner wants terms to be accepted: do that at %.200s/%.200s, "
                     "then %s", repository, h->settings.endpoint, repository,
                     *h->settings.token ? "fetch again" : "set HF_TOKEN to a token of yours");
}

echo_status refusal_fail(const struct hub *h, const struct http_answer *a,
                         const char *repository, const char *revision, const char *file,
                         echo_error *err)
{
    bool gated = !strcasecmp(a->error_code, "GatedRepo");

    if (gated || (a->status == 403 && strstr(a->error_message, "gated")))
        return fail_gated(h, repository, err);
    if (a->status == 401)
        return fail_unauthorized(h, repository, err);
    if (a->status == 403)
        return echo_fail(err, ECHO_ERR_FILE, "%.200s: the hub refuses it (403%s%.200s): accept "
                         "its terms at %.200s/%.200s, or use a token that may read it",
                         repository, *a->error_message ? ": " : "", a->error_message,
                         h->settings.endpoint, repository);
    if (a->status == 404 && !strcasecmp(a->error_code, "RevisionNotFound"))
        return echo_fail(err, ECHO_ERR_FILE, "%.200s: it has no revision '%.100s'", repository,
                         revision ? revision : "main");
    if (a->status == 404 && file)
        return echo_fail(err, ECHO_ERR_FILE, "%.200s: it has no file %.200s", repository, file);
    if (a->status == 404)
        return echo_fail(err, ECHO_ERR_FILE, "%.200s: there is no such repository%s%.100s",
                         repository, revision ? ", or it has no revision " : "",
                         revision ? revision : "");
    if (a->status == 429)
        return echo_fail(err, ECHO_ERR_FILE,
                         "%.200s: the hub has too many requests (429): wait for a while%s",
                         repository,
                         *h->settings.token ? "" : ", or set HF_TOKEN to a token of yours");
    return echo_fail(err, ECHO_ERR_FILE, "%.200s: the hub answers with status %ld%s%.200s",
                     repository, a->status, *a->error_message ? ": " : "", a->error_message);
}

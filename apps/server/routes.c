/* SPDX-License-Identifier: MIT */
#include "routes.h"

#include <stdio.h>
#include <string.h>

#include "page.h"

static const struct route routes[] = {
    { "POST", "/audio/speech", answer_speech, BODY_JSON, false, false, "Speak a text" },
    { "POST", "/audio/speech/estimate", answer_estimate, BODY_JSON, false, false,
      "How a text would be cut, and how long it takes to say" },
    { "POST", "/audio/convert", answer_convert, BODY_FORM, false, false,
      "Sound in another format" },
    { "GET", "/audio/voices", answer_voices, BODY_NONE, true, false, "The voices" },
    { "GET", "/voices", answer_voices, BODY_NONE, true, false, "The voices" },
    { "POST", "/audio/voices", answer_voice_added, BODY_FORM, false, false,
      "Add a voice, made of recordings" },
    { "GET", "/audio/voices/{name}", answer_voice, BODY_NONE, false, false, "One voice" },
    { "DELETE", "/audio/voices/{name}", answer_voice_removed, BODY_NONE, false, false,
      "Remove a voice" },
    { "GET", "/audio/voices/{name}/preview", answer_preview, BODY_NONE, false, false,
      "A sentence in a voice" },
    { "GET", "/models", answer_models, BODY_NONE, true, true, "The model" },
    { "GET", "/models/{name}", answer_model, BODY_NONE, true, true, "The model" },
    { "GET", "/audio/models", answer_audio_models, BODY_NONE, true, true, "The model" },
    { "GET", "/parameters", answer_parameters, BODY_NONE, false, true,
      "All parameters, presets, formats and limits" },
    { "GET", "/health", answer_health, BODY_NONE, true, true, "The server is alive" },
    { "GET", "/ready", answer_ready, BODY_NONE, true, true, "The server takes requests" },
    { "GET", "/metrics", answer_metrics, BODY_NONE, false, true, "Figures for Prometheus" },
    { "GET", "/openapi.json", answer_openapi, BODY_NONE, true, true, "This description" },
    { "GET", "/", answer_page, BODY_NONE, true, true, NULL },
    { "GET", "/{name}", answer_page, BODY_NONE, true, true, NULL },
};

enum { ROUTES = sizeof routes / sizeof *routes };

const struct route *routes_at(int i)
{
    return i >= 0 && i < ROUTES ? &routes[i] : NULL;
}

/* Does the path have the pattern's form?  A name is anything without a slash. */
static bool fits(const char *pattern, const char *path, size_t n, char *name, size_t size)
{
    const char *hole = strchr(pattern, '{'), *behind = hole ? strchr(hole, '}') + 1 : "";
    size_t before = hole ? (size_t)(hole - pattern) : strlen(pattern), after = strlen(behind);

    *name = 0;
    if (!hole)
        return n == before && !memcmp(path, pattern, n);
    if (n <= before + after || n - before - after >= size || memcmp(path, pattern, before) ||
        memcmp(path + n - after, behind, after) ||
        memchr(path + before, '/', n - before - after))
        return false;
    snprintf(name, size, "%.*s", (int)(n - before - after), path + before);
    return true;
}

const struct route *routes_find(const char *method, const char *path, char *name, size_t size,
                                char *allowed, size_t allowed_size)
{
    const char *asked = strcmp(method, "HEAD") ? method : "GET";
    size_t n, used = 0;

    *allowed = 0;
    if (!strncmp(path, "/v1/", 4))
        path += 3;
    n = strlen(path);
    if (n > 1 && path[n - 1] == '/')
        n--;
    for (int i = 0; i < ROUTES; i++) {
        if (!fits(routes[i].path, path, n, name, size) ||
            (*name && routes[i].answer == answer_page && !page_find(name)))
            continue;
        if (!strcmp(routes[i].method, asked))
            return &routes[i];
        used += (size_t)snprintf(allowed + used, allowed_size - used, "%s%s", used ? ", " : "",
                                 routes[i].method);
    }
    return NULL;
}

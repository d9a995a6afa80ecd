/* SPDX-License-Identifier: MIT */
#include "hub/repository.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/failure.h"
#include "hub/cache.h"
#include "hub/refusal.h"

/* The hub's names have these, and cannot lead anywhere else. */
static bool is_name(const char *text, size_t n)
{
    if (!n || n > 96 || text[0] == '.' || text[0] == '-')
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = text[i];

        if (!((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
              strchr("-_.", c)) ||
            (i && (c == '-' || c == '.') && text[i - 1] == c))
            return false;
    }
    return true;
}

static bool is_revision(const char *text)
{
    return cache_name_is_safe(text) && text[0] != '-' && !text[strcspn(text, " ?#%")];
}

echo_status repository_parse(struct repository *r, const char *word, echo_error *err)
{
    const char *slash = strchr(word, '/'), *at = strchr(word, '@');
    size_t all = at ? (size_t)(at - word) : strlen(word);
    size_t owner = slash ? (size_t)(slash - word) : 0;

    *r = (struct repository){ .revision = "main" };
    if (owner >= all || !is_name(word, owner) || !is_name(slash + 1, all - owner - 1) ||
        all >= sizeof r->name)
        return echo_fail(err, ECHO_ERR_ARG, "'%.100s': no model is called so: name base, or a "
                         "repository of the hub as OWNER/NAME or OWNER/NAME@REVISION", word);
    if (at && (!is_revision(at + 1) || strlen(at + 1) >= sizeof r->revision))
        return echo_fail(err, ECHO_ERR_ARG, "'%.100s': the revision is a branch, a tag or a "
                         "commit", at + 1);
    snprintf(r->name, sizeof r->name, "%.*s", (int)all, word);
    if (at)
        snprintf(r->revision, sizeof r->revision, "%s", at + 1);
    return ECHO_OK;
}

void repository_free(struct repository *r)
{
    free(r->files);
    r->files = NULL;
    r->n_files = 0;
}

bool repository_has(const struct repository *r, const char *file)
{
    for (int i = 0; i < r->n_files; i++)
        if (!strcmp(r->files[i], file))
            return true;
    return false;
}

static echo_status read_files(struct repository *r, const json_t *list, echo_error *err)
{
    size_t n = json_array_size(list);

    if (!(r->files = calloc(n + 1, sizeof *r->files)))
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory for a list of files");
    for (size_t i = 0; i < n; i++) {
        const json_t *entry = json_object_get(json_array_get(list, i), "rfilename");
        const char *name = json_string_value(entry);

        /* The others could be no model's. */
        if (name && cache_name_is_safe(name) && strlen(name) < sizeof *r->files)
            memcpy(r->files[r->n_files++], name, strlen(name) + 1);
    }
    return ECHO_OK;
}

static bool is_commit(const char *text)
{
    return text && strlen(text) == 40 && strspn(text, "0123456789abcdef") == 40;
}

static echo_status read_answer(struct repository *r, const struct hub *h,
                               const struct http_answer *a, echo_error *err)
{
    json_t *o = a->body ? json_loadb(a->body, a->bytes, 0, NULL) : NULL;
    const char *commit = json_string_value(json_object_get(o, "sha"));
    const char *license =
        json_string_value(json_object_get(json_object_get(o, "cardData"), "license"));

    if (!is_commit(commit)) {
        json_decref(o);
        return echo_fail(err, ECHO_ERR_FILE,
                         "%.200s: its answer about %.200s cannot be read: is this a hub?",
                         h->settings.endpoint, r->name);
    }
    snprintf(r->commit, sizeof r->commit, "%s", commit);
    snprintf(r->license, sizeof r->license, "%s", license ? license : "");
    for (char *p = r->license; *p; p++) /* it becomes a line of a file */
        if ((unsigned char)*p <= ' ')
            *p = '_';
    read_files(r, json_object_get(o, "siblings"), err);
    json_decref(o);
    return err->status;
}

/* A branch may have slashes, which are none of the address. */
static void escape_revision(char *out, size_t size, const char *text)
{
    size_t n = 0;

    for (; *text && n + 4 < size; text++)
        if (*text == '/') {
            memcpy(out + n, "%2F", 3);
            n += 3;
        } else {
            out[n++] = *text;
        }
    out[n] = 0;
}

echo_status repository_ask(struct repository *r, const struct hub *h, echo_error *err)
{
    char url[2048], revision[3 * sizeof r->revision + 4];
    struct http_answer a;

    escape_revision(revision, sizeof revision, r->revision);
    snprintf(url, sizeof url, "%s/api/models/%s/revision/%s", h->settings.endpoint, r->name,
             revision);
    if (http_ask(h, &a, url, false, err))
        return err->status;
    if (a.status == 200)
        read_answer(r, h, &a, err);
    else
        refusal_fail(h, &a, r->name, r->revision, NULL, err);
    http_answer_free(&a);
    return err->status;
}

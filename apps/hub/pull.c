/* SPDX-License-Identifier: MIT */
#include "hub/pull.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/failure.h"
#include "hub/blob.h"
#include "hub/catalog.h"
#include "hub/room.h"

void pull_free(struct pull *p)
{
    for (int i = 0; i < p->n_repositories; i++)
        repository_free(&p->repositories[i]);
    free(p->files);
    p->files = NULL;
    p->n_files = p->n_repositories = 0;
}

/* ---- the licence ---- */

static echo_status agree(struct pull *p, const struct pull_consent *consent, echo_error *err)
{
    const struct license *l = &p->license;

    if (license_is_accepted(l))
        return ECHO_OK;
    if (!consent->given && !consent->ask)
        return echo_fail(err, ECHO_ERR_ARG, "%.200s: its licence is %s (%s): give "
                         "--accept-license, once, if you accept it", p->name, l->name, l->url);
    if (!consent->given && !consent->ask(consent->user, l))
        return echo_fail(err, ECHO_ERR_FILE,
                         "%.200s: its licence was not accepted: nothing was fetched", p->name);
    return license_accept(l, err);
}

static void license_of(struct pull *p, const struct catalog_model *m)
{
    struct license *l = &p->license;

    snprintf(l->model, sizeof l->model, "%s", m->parts[0].repository);
    snprintf(l->name, sizeof l->name, "%s", m->license);
    snprintf(l->line, sizeof l->line, "%s", m->license_line);
    snprintf(l->url, sizeof l->url, "%s", m->license_url);
}

/* A fine-tune has the licence that its page names, and the base model's goes with it. */
static void license_of_tuned(struct pull *p, const struct hub *h, const struct repository *r)
{
    const struct catalog_model *base = catalog_at(0);
    struct license *l = &p->license;

    snprintf(l->model, sizeof l->model, "%s", r->name);
    snprintf(l->name, sizeof l->name, "%s", *r->license ? r->license : "not named");
    snprintf(l->line, sizeof l->line, "It is made of the base model, so %s holds too. %s",
             base->license, base->license_line);
    snprintf(l->url, sizeof l->url, "%.150s/%.120s", h->settings.endpoint, r->name);
}

/* ---- which files ---- */

static echo_status add_file(struct pull *p, int repository, const char *name, echo_error *err)
{
    struct pull_file *more = realloc(p->files, (size_t)(p->n_files + 1) * sizeof *more);
    const struct repository *r = &p->repositories[repository];

    if (!more)
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory for a list of files");
    p->files = more;
    more += p->n_files++;
    *more = (struct pull_file){ .repository = repository };
    snprintf(more->file.repository, sizeof more->file.repository, "%s", r->name);
    snprintf(more->file.commit, sizeof more->file.commit, "%s", r->commit);
    snprintf(more->file.name, sizeof more->file.name, "%s", name);
    return ECHO_OK;
}

/* Parse, ask, and add to the list. */
static echo_status add_repository(struct pull *p, const struct hub *h, const char *word,
                                  echo_error *err)
{
    struct repository *r = &p->repositories[p->n_repositories];

    if (repository_parse(r, word, err))
        return err->status;
    p->n_repositories++;
    return repository_ask(r, h, err);
}

static echo_status add_part(struct pull *p, const struct hub *h,
                            const struct catalog_part *part, echo_error *err)
{
    int i = p->n_repositories;

    if (add_repository(p, h, part->repository, err))
        return err->status;
    for (const char *const *f = part->files; *f; f++) {
        if (!repository_has(&p->repositories[i], *f))
            return echo_fail(err, ECHO_ERR_FILE, "%s: the hub has no %s there any more",
                             part->repository, *f);
        if (add_file(p, i, *f, err))
            return err->status;
    }
    return ECHO_OK;
}

/* Is there a file of the model with this stem? */
static bool has_stem(const struct repository *r, const char *stem)
{
    for (int i = 0; i < r->n_files; i++)
        if (!strncmp(r->files[i], stem, strlen(stem)) && echo_is_model_file(r->files[i]))
            return true;
    return false;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n > m && !strcmp(text + n - m, end);
}

/* The files of a fine-tune, as echo_model_open() knows them, and what is said about them. */
static echo_status add_tuned(struct pull *p, const struct hub *h, echo_error *err)
{
    const struct repository *r = &p->repositories[0];
    bool hub_names = has_stem(r, "pytorch_model") && has_stem(r, "pca_state");
    bool plain_names = has_stem(r, "echo") && has_stem(r, "dac") && has_stem(r, "pca");

    if (!hub_names && !plain_names)
        return echo_fail(err, ECHO_ERR_FILE, "%.200s: this is no Echo-TTS model: it would have "
                         "pytorch_model.safetensors and pca_state.safetensors, or "
                         "echo.safetensors, dac.safetensors and pca.safetensors", r->name);
    for (int i = 0; i < r->n_files; i++) {
        const char *name = r->files[i];

        if ((echo_is_model_file(name) || (ends_with(name, ".json") && !strchr(name, '/'))) &&
            add_file(p, 0, name, err))
            return err->status;
    }
    if (plain_names)
        return ECHO_OK;
    hub_note(h, "%s has no codec of its own: that of the base model is taken (%s)", r->name,
             catalog_codec()->repository);
    return add_part(p, h, catalog_codec(), err);
}

static echo_status choose(struct pull *p, const struct hub *h,
                          const struct pull_consent *consent, echo_error *err)
{
    const struct catalog_model *known = catalog_find(p->name);

    if (known) {
        license_of(p, known);
        if (agree(p, consent, err))
            return err->status;
        for (const struct catalog_part *part = known->parts; part->repository; part++)
            if (add_part(p, h, part, err))
                return err->status;
        return ECHO_OK;
    }
    if (add_repository(p, h, p->name, err))
        return err->status;
    license_of_tuned(p, h, &p->repositories[0]);
    return agree(p, consent, err) ? err->status : add_tuned(p, h, err);
}

/* ---- all of it ---- */

static echo_status look_for(struct pull *p, const struct hub *h, uint64_t *missing,
                            echo_error *err)
{
    for (int i = 0; i < p->n_files; i++) {
        struct pull_file *f = &p->files[i];

        if (fetch_locate(h, &f->file, err) || blob_find(&f->was_there, h, &f->file, err))
            return err->status;
        if (f->file.size > UINT64_MAX / 2 - p->bytes)
            return echo_fail(err, ECHO_ERR_FILE, "%.200s: the hub says that it has %llu bytes",
                             f->file.name, (unsigned long long)f->file.size);
        p->bytes += f->file.size;
        if (!f->was_there)
            *missing += f->file.size - blob_begun(h, &f->file);
    }
    return ECHO_OK;
}

static echo_status refer(struct pull *p, const struct hub *h, echo_error *err)
{
    struct cache c;

    for (int i = 0; i < p->n_repositories; i++) {
        const struct repository *r = &p->repositories[i];

        if (cache_open(&c, h->settings.cache, r->name, err) ||
            cache_refer(&c, r->revision, r->commit, err))
            return err->status;
    }
    return ECHO_OK;
}

echo_status pull_run(struct pull *p, const struct hub *h, const char *name,
                     const struct pull_consent *consent, echo_error *err)
{
    uint64_t missing = 0, done = 0;

    *p = (struct pull){ .name = name };
    if (hub_can_fetch(err) || choose(p, h, consent, err) || look_for(p, h, &missing, err) ||
        room_check(h->settings.cache, missing, err))
        return err->status;
    for (int i = 0; i < p->n_files; i++)
        done += p->files[i].was_there ? p->files[i].file.size : 0;
    for (int i = 0; i < p->n_files; i++) {
        struct pull_file *f = &p->files[i];

        if (f->was_there)
            continue;
        if (blob_fetch(&f->was_there, h, &f->file, done, p->bytes, &p->fetched, err))
            return err->status;
        done += f->file.size;
    }
    return refer(p, h, err);
}

/* SPDX-License-Identifier: MIT */
/* models.c - the models that have names: which there are, whether they are whole, removal. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "common/failure.h"
#include "common/output.h"
#include "common/report.h"
#include "hub/catalog.h"
#include "hub/checksum.h"
#include "hub/repository.h"
#include "hub/stored.h"
#include "question.h"
#include "runtime.h"
#include "signals.h"

struct job {
    struct common common;
    bool yes;
};

#define AT(field) offsetof(struct job, field)

static const struct option own_options[] = {
    { .name = "yes", .letter = 'y', .kind = OPTION_ON, .at = AT(yes),
      .help = "remove without a question" },
    { .name = "json", .kind = OPTION_ON, .at = AT(common.json),
      .help = "report to standard output as JSON" },
    { 0 },
};

static const struct option_group groups[] = {
    { "Models", own_options },
    { "Other", common_options },
    { 0 },
};

/* ---- one of them ---- */

struct found {
    char name[512], path[HUB_PATH], why[2048]; /* why: what is missing, "" */
    char note[512]; /* it is another one than was named, "" */
    echo_named_kind kind;
    uint64_t bytes;
    char precision[32]; /* of its weights as stored */
    char echo_file[HUB_PATH], dac_file[HUB_PATH];
};

/* Sizes and precision, from the headers of its files. */
static void describe(struct found *f)
{
    echo_model_opts opts = { .device = "cpu", .describe = true };
    echo_model_info info;
    echo_model *m = NULL;
    echo_error err;

    if (*f->why)
        return;
    if (echo_model_open(&m, f->path, &opts, &err)) {
        snprintf(f->why, sizeof f->why, "%s", err.text);
        return;
    }
    info = echo_model_describe(m);
    f->bytes = info.file_bytes;
    snprintf(f->precision, sizeof f->precision, "%s",
             info.packed ? info.precision : info.echo_dtype);
    snprintf(f->echo_file, sizeof f->echo_file, "%s", info.echo_file);
    snprintf(f->dac_file, sizeof f->dac_file, "%s", info.dac_file);
    echo_model_close(&m);
}

static void take(struct found *f, const echo_named *m)
{
    *f = (struct found){ .kind = m->kind };
    snprintf(f->name, sizeof f->name, "%s", m->name);
    snprintf(f->path, sizeof f->path, "%s", m->path);
    snprintf(f->why, sizeof f->why, "%s", m->why);
}

static bool pick(void *user, const echo_named *m)
{
    struct found *f = user;

    if (strcmp(m->path, f->path))
        return true;
    take(f, m);
    return false;
}

/* The model of a name.  An OWNER/NAME@REVISION is none of the list, but in the cache. */
static echo_status find(struct found *f, const char *name, echo_error *err)
{
    struct stat st;

    char note[sizeof f->note];

    *f = (struct found){ .kind = ECHO_NAMED_HUB };
    if (!stat(name, &st) && strpbrk(name, "./"))
        return echo_fail(err, ECHO_ERR_ARG,
                         "%.400s: this is a path: models are called by their names here "
                         "(echotts info -m PATH --check looks at a path)", name);
    if (echo_model_path(f->path, sizeof f->path, name, note, sizeof note, err))
        return err->status;
    snprintf(f->name, sizeof f->name, "%s", name);
    if (!strchr(name, '@')) /* which is one snapshot of many */
        echo_models_named(pick, f);
    memcpy(f->note, note, sizeof note);
    return ECHO_OK;
}

static const char *const kinds[] = { "packed", "base", "hub", "shipped" };

static json_t *object(const struct found *f)
{
    json_t *o = json_object();

    report_string(o, "name", f->name);
    report_string(o, "kind", kinds[f->kind]);
    report_string(o, "path", f->path);
    json_object_set_new(o, "whole", json_boolean(!*f->why));
    report_string(o, "missing", f->why);
    report_integer(o, "bytes", (json_int_t)f->bytes);
    report_string(o, "precision", f->precision);
    return o;
}

/* ---- list ---- */

struct list {
    json_t *all; /* NULL: lines are printed */
    bool base;
};

static bool list_one(void *user, const echo_named *m)
{
    struct list *l = user;
    struct found f;

    take(&f, m);
    describe(&f);
    l->base = l->base || f.kind == ECHO_NAMED_BASE;
    if (l->all)
        json_array_append_new(l->all, object(&f));
    else if (*f.why)
        printf("%-20s not whole: %s\n", f.name, f.why);
    else
        printf("%-20s %8.2f GB  %-5s %s\n", f.name, (double)f.bytes / 1e9, f.precision, f.path);
    return !signals_stopped();
}

static echo_status list(void *job, echo_error *err)
{
    struct job *j = job;
    struct list l = { .all = j->common.json ? json_array() : NULL };
    const struct catalog_model *base = catalog_at(0);

    echo_models_named(list_one, &l);
    if (j->common.json)
        return report_print(l.all, err);
    if (!l.base)
        printf("%-20s %8.2f GB  to be fetched: echotts pull %s\n", base->name,
               base->bytes / 1e9, base->name);
    return output_flush(err);
}

/* ---- show, path ---- */

static echo_status show(void *job, echo_error *err)
{
    struct job *j = job;
    const struct catalog_model *known;
    struct found f;

    if (find(&f, j->common.word, err))
        return err->status;
    describe(&f);
    if (j->common.json)
        return report_print(object(&f), err);
    known = f.kind == ECHO_NAMED_BASE ? catalog_find(f.name) : NULL;
    printf("%-12s%s\n%-12s%s\n", "name", f.name, "path", f.path);
    if (*f.why)
        printf("%-12s%s\n", "not whole", f.why);
    else
        printf("%-12s%.2f GB\n%-12s%s\n%-12s%s\n%-12s%s\n", "size", (double)f.bytes / 1e9,
               "precision", f.precision, "speech", f.echo_file, "codec", f.dac_file);
    if (known)
        printf("%-12s%s: %s\n%-12s%s\n", "licence", known->license, known->license_url, "",
               known->license_line);
    return output_flush(err);
}

static echo_status path(void *job, echo_error *err)
{
    struct job *j = job;
    struct found f;

    if (find(&f, j->common.word, err))
        return err->status;
    puts(f.path);
    return output_flush(err);
}

/* ---- verify ---- */

struct verify {
    struct runtime terminal;
    int checked;
};

static bool show_check(void *user, double done)
{
    return progress_check(&((struct verify *)user)->terminal.bar, done);
}

/* A file of a snapshot, whose link says what is in it; others are no business of the hub's. */
static echo_status verify_link(struct verify *v, const char *path, echo_error *err)
{
    char *real = realpath(path, NULL), target[HUB_PATH];
    ssize_t n = readlink(path, target, sizeof target - 1);
    const char *hash;
    bool good = true;

    target[n > 0 ? n : 0] = 0;
    hash = strrchr(target, '/');
    if (hash && checksum_is_name(hash + 1)) {
        v->checked++;
        if (!real)
            echo_fail(err, ECHO_ERR_MODEL, "%.600s: the file that it links to is not there",
                      path);
        else if (!checksum_file(&good, real, hash + 1, show_check, v, err) && !good)
            echo_fail(err, ECHO_ERR_MODEL, "%.500s: its checksum is wrong: it is damaged "
                      "(remove %.300s, and fetch the model again)", path, real);
    }
    free(real);
    return err->status;
}

/* All files of the model in the folder that one of them is in. */
static echo_status verify_folder(struct verify *v, const char *file, echo_error *err)
{
    char folder[HUB_PATH], path[HUB_PATH];
    struct dirent *entry;
    DIR *d;

    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(file, '/') - file), file);
    d = opendir(folder);
    while (d && !err->status && (entry = readdir(d)))
        if (echo_is_model_file(entry->d_name) &&
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) < HUB_PATH)
            verify_link(v, path, err);
    if (d)
        closedir(d);
    return err->status;
}

/* Weights that the hub does not know: are they finite, and as they were packed? */
static echo_status verify_weights(const struct found *f, echo_error *err)
{
    echo_model_opts opts = { .device = "cpu" };
    echo_model *m = NULL;

    if (!echo_model_open(&m, f->path, &opts, err))
        echo_model_verify(m, err);
    echo_model_close(&m);
    return err->status;
}

static echo_status verify(void *job, echo_error *err)
{
    struct job *j = job;
    struct verify v = { 0 };
    struct found f;

    if (find(&f, j->common.word, err))
        return err->status;
    describe(&f);
    if (*f.why)
        return echo_fail(err, ECHO_ERR_MODEL, "%.200s: not whole: %.700s", f.name, f.why);
    progress_open(&v.terminal.bar, j->common.quiet);
    if (f.kind == ECHO_NAMED_HUB || f.kind == ECHO_NAMED_BASE) {
        verify_folder(&v, f.echo_file, err);
        if (!err->status)
            verify_folder(&v, f.dac_file, err);
    }
    if (!err->status && !v.checked)
        verify_weights(&f, err);
    progress_clear(&v.terminal.bar);
    if (!err->status && signals_stopped())
        echo_fail(err, ECHO_ERR_CANCELLED, "stopped");
    if (err->status)
        return err->status;
    if (j->common.json) {
        json_t *o = object(&f);

        report_integer(o, "checksums", v.checked);
        return report_print(o, err);
    }
    if (v.checked)
        printf("%s: whole: %d files have the hub's checksums\n", f.name, v.checked);
    else
        printf("%s: whole: its weights are as they should be\n", f.name);
    return output_flush(err);
}

/* ---- remove ---- */

/* The repositories that go, by their caches. */
struct removal {
    struct cache caches[2];
    int n;
    char commit[128]; /* of the one snapshot; "": all */
    bool shared;      /* the codec stays */
    uint64_t bytes;
};

static bool needs_codec(void *user, const echo_named *m)
{
    const struct catalog_part *codec = catalog_codec();
    struct found f;

    if (m->kind != ECHO_NAMED_HUB)
        return true;
    take(&f, m);
    describe(&f);
    *(bool *)user = *f.dac_file && strstr(f.dac_file, strchr(codec->repository, '/') + 1);
    return !*(bool *)user;
}

static echo_status add_cache(struct removal *r, const char *repository, echo_error *err)
{
    char root[HUB_PATH];
    struct cache *c = &r->caches[r->n];

    if (!echo_user_place(root, sizeof root, ECHO_USER_HUB_CACHE))
        return echo_fail(err, ECHO_ERR_ARG, "there is no home directory with a cache");
    if (cache_open(c, root, repository, err))
        return err->status;
    if (!stored_is_there(c))
        return ECHO_OK;
    if (stored_is_busy(c))
        return echo_fail(err, ECHO_ERR_FILE,
                         "%.200s: another program is fetching it: remove it later", repository);
    r->n++;
    r->bytes += stored_bytes(c, *r->commit ? r->commit : NULL);
    return ECHO_OK;
}

static echo_status plan_base(struct removal *r, const struct found *f, echo_error *err)
{
    const struct catalog_model *base = catalog_at(0);
    char root[HUB_PATH];

    if (!echo_user_place(root, sizeof root, ECHO_USER_HUB_CACHE) || strcmp(root, f->path))
        return echo_fail(err, ECHO_ERR_ARG, "base: it was not fetched by echotts pull: remove "
                         "%.600s yourself", f->path);
    echo_models_named(needs_codec, &r->shared);
    for (const struct catalog_part *p = base->parts; p->repository; p++)
        if (p != catalog_codec() || !r->shared)
            if (add_cache(r, p->repository, err))
                return err->status;
    return ECHO_OK;
}

static echo_status plan_hub(struct removal *r, const struct found *f, echo_error *err)
{
    struct repository repository;

    if (repository_parse(&repository, f->name, err))
        return err->status;
    if (strchr(f->name, '@')) /* its path ends with the commit */
        snprintf(r->commit, sizeof r->commit, "%s", strrchr(f->path, '/') + 1);
    return add_cache(r, repository.name, err);
}

static echo_status remove_cached(const struct removal *r, echo_error *err)
{
    for (int i = 0; i < r->n; i++)
        if (stored_remove(&r->caches[i], *r->commit ? r->commit : NULL, err))
            return err->status;
    return ECHO_OK;
}

static echo_status remove_packed(const struct found *f, echo_error *err)
{
    if (unlink(f->path))
        return echo_fail(err, ECHO_ERR_FILE, "%.600s: cannot be removed: %s", f->path,
                         strerror(errno));
    return ECHO_OK;
}

static echo_status plan(struct removal *r, const struct found *f, echo_error *err)
{
    struct stat st;

    switch (f->kind) {
    case ECHO_NAMED_SMALL:
        return echo_fail(err, ECHO_ERR_ARG, "small: it comes with the program, and stays");
    case ECHO_NAMED_BASE: return plan_base(r, f, err);
    case ECHO_NAMED_HUB: return plan_hub(r, f, err);
    case ECHO_NAMED_OWN: break;
    }
    if (lstat(f->path, &st) || S_ISDIR(st.st_mode))
        return echo_fail(err, ECHO_ERR_ARG,
                         "%.200s: it is a directory that somebody made: remove %.600s yourself",
                         f->name, f->path);
    r->bytes = (uint64_t)st.st_size;
    return ECHO_OK;
}

static echo_status remove_model(void *job, echo_error *err)
{
    struct job *j = job;
    struct removal r = { .n = 0 };
    struct found f;

    if (find(&f, j->common.word, err))
        return err->status;
    if (*f.note)
        return echo_fail(err, ECHO_ERR_ARG, "%.200s: it is not here; to remove what is left of "
                         "it, name %.200s", j->common.word, f.name);
    if (plan(&r, &f, err))
        return err->status;
    if (!j->yes && !question_possible())
        return echo_fail(err, ECHO_ERR_ARG, "%.200s: give --yes to remove it, with %.2f GB in "
                         "%.600s", f.name, (double)r.bytes / 1e9, f.path);
    if (!j->yes && !question_yes("Remove %s, %.2f GB in %s?", f.name, (double)r.bytes / 1e9,
                                 f.path))
        return echo_fail(err, ECHO_ERR_FILE, "%.200s: it stays", f.name);
    if (f.kind == ECHO_NAMED_OWN ? remove_packed(&f, err) : remove_cached(&r, err))
        return err->status;
    if (r.shared)
        fprintf(stderr, "echotts: %s stays: a fine-tune needs it\n",
                catalog_codec()->repository);
    if (j->common.json) {
        json_t *o = json_object();

        report_string(o, "removed", f.name);
        report_integer(o, "bytes", (json_int_t)r.bytes);
        return report_print(o, err);
    }
    printf("%s: removed, %.2f GB\n", f.name, (double)r.bytes / 1e9);
    return output_flush(err);
}

/* ---- all of it ---- */

static const struct action actions[] = {
    { .name = "list", .words = "", .options = "json", .run = list,
      .summary = "the models that -m knows by name" },
    { .name = "show", .words = "NAME", .least = 1, .most = 1, .options = "json", .run = show,
      .summary = "one of them: files, size, licence" },
    { .name = "path", .words = "NAME", .least = 1, .most = 1, .run = path,
      .summary = "where it is" },
    { .name = "verify", .words = "NAME", .least = 1, .most = 1, .options = "json",
      .run = verify, .summary = "read all of it: is it what the hub has?" },
    { .name = "remove", .words = "NAME", .least = 1, .most = 1, .options = "json,yes",
      .run = remove_model, .summary = "free its room on the disk" },
    { 0 },
};

static const struct example examples[] = {
    { "models list", "which names -m knows" },
    { "models verify base", "is it what the hub has?" },
    { "models remove base-int8 --yes", "without a question" },
    { 0 },
};

const struct command models_command = {
    .name = "models",
    .actions = actions,
    .synopsis = "list|show|path|verify|remove [NAME] [options]",
    .summary = "list, check and remove models by name",
    .details = "Names are: base, fetched by echotts pull or installed; small, which ships; "
               "OWNER/NAME, a fine-tune in the Hugging Face cache, or its NAME alone; and "
               "packed files that echotts pull --pack made.",
    .examples = examples,
    .job_size = sizeof(struct job),
    .groups = groups,
};

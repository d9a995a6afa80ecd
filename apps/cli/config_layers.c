/* SPDX-License-Identifier: MIT */
#include "config_layers.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/failure.h"

/* ---- which model it is ---- */

static bool is_length(const char *name, const char *at, size_t length)
{
    return strlen(name) == length && !memcmp(name, at, length);
}

/* "/models/small/" and "/models/small.echo" are "small". */
static bool is_last_name(const char *name, const char *path)
{
    size_t n = strlen(path), begin;

    while (n > 1 && path[n - 1] == '/')
        n--;
    for (begin = n; begin && path[begin - 1] != '/';)
        begin--;
    return is_length(name, path + begin, n - begin) ||
           (n - begin > 5 && !memcmp(path + n - 5, ".echo", 5) &&
            is_length(name, path + begin, n - begin - 5));
}

/* In a Hugging Face cache "owner/name" is the folder models--owner--name. */
static bool is_hub_name(const char *name, const char *path)
{
    const char *at = strstr(path, "models--"), *dashes;
    size_t n;

    if (!at)
        return false;
    at += strlen("models--");
    n = strcspn(at, "/");
    dashes = strstr(at, "--");
    if (!dashes || dashes >= at + n)
        return is_length(name, at, n);
    if (is_length(name, dashes + 2, n - (size_t)(dashes + 2 - at)))
        return true;
    return strlen(name) == n - 1 && name[dashes - at] == '/' &&
           !memcmp(name, at, (size_t)(dashes - at)) &&
           !memcmp(name + (dashes - at) + 1, dashes + 2, n - (size_t)(dashes + 2 - at));
}

/* A path in the file: of a home directory, perhaps. */
static bool is_same_place(const char *name, const char *path)
{
    char a[PATH_MAX], b[PATH_MAX], full[PATH_MAX];
    const char *home = getenv("HOME");

    if (!strchr(name, '/'))
        return false;
    snprintf(full, sizeof full, "%s%s", !strncmp(name, "~/", 2) && home ? home : "",
             !strncmp(name, "~/", 2) && home ? name + 1 : name);
    return realpath(full, a) && realpath(path, b) && !strcmp(a, b);
}

/* A model by the name that was given and by the path it was found at; "": there is none. */
struct place {
    const char *given;
    char path[4096];
};

static bool is_model(const char *name, const struct place *p)
{
    return (p->given && !strcmp(name, p->given)) ||
           (*p->path && (is_last_name(name, p->path) || is_hub_name(name, p->path) ||
                         is_same_place(name, p->path)));
}

/* Looks for the model, if it matters. */
static void find_model(struct place *p, const struct config_file *f, const char *given)
{
    echo_model_opts opts = { .describe = true, .device = "cpu", .threads = 1 };
    echo_model *m = NULL;
    const struct toml_entry *e;
    bool matters = false;

    p->given = given;
    *p->path = '\0';
    for (int i = 0; (e = toml_at(f->toml, i)); i++)
        matters |= config_layer_of(e) == LAYER_MODEL;
    if (!matters || echo_model_open(&m, given, &opts, NULL))
        return; /* whoever needs it will say what is wrong */
    snprintf(p->path, sizeof p->path, "%s", echo_model_describe(m).path);
    echo_model_close(&m);
}

/* ---- giving ---- */

struct giver {
    struct config_file *file;
    const struct command *command;
    struct common *job;
    struct place place;
    echo_error *err;
};

static int row_named(const struct command *c, const char *name)
{
    bool cleared;

    return options_find(c, name, strlen(name), &cleared);
}

/* Two of which one is given: what is nearer to the user leaves the other out. */
static bool is_left_out(const struct giver *g, const char *name, enum config_layer layer)
{
    static const char *const pairs[][2] = {
        { "sequence-length", "block-sizes" },
        { "bitrate", "quality" },
    };

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        for (int k = 0; k < 2; k++) {
            int other = strcmp(name, pairs[i][k]) ? -1
                                                  : row_named(g->command, pairs[i][!k]);
            const struct origin *o = &g->job->origins[other < 0 ? 0 : other];

            if (other >= 0 && o->kind && !(o->kind == ORIGIN_FILE && o->layer == (int)layer))
                return true;
        }
    return false;
}

/* The environment is nearer than a file. */
static bool is_free(const struct giver *g, int row, enum config_layer layer)
{
    const struct option *o = options_at(g->command, row, NULL);
    const char *value = o->variable ? getenv(o->variable) : NULL;

    return !o->once && !g->job->origins[row].kind && !(value && *value) &&
           !is_left_out(g, o->name, layer);
}

/* A file of settings knows no shell that would do it. */
static const char *with_home(struct config_file *f, const struct option *o, const char *text)
{
    const char *home = getenv("HOME");
    char *path;

    if (strncmp(text, "~/", 2) || !home || !o->value || f->n_kept == MOST_OPTIONS ||
        (strncmp(o->value, "FILE", 4) && strncmp(o->value, "DIR", 3)))
        return text;
    if (asprintf(&path, "%s%s", home, text + 1) < 0)
        return text;
    return f->kept[f->n_kept++] = path;
}

static echo_status give(struct giver *g, const struct toml_entry *e)
{
    enum config_layer layer = config_layer_of(e);
    int row = config_find(g->command, e);
    size_t at = 0;

    if (row < 0 || !is_free(g, row, layer))
        return ECHO_OK;
    const struct option *o = options_at(g->command, row, &at);
    void *value = (char *)g->job + at;

    if (config_read(g->file, o, e, value, g->err))
        return g->err->status;
    if (o->kind == OPTION_STRING)
        *(const char **)value = with_home(g->file, o, *(const char **)value);
    g->job->origins[row] = (struct origin){ .kind = ORIGIN_FILE, .layer = (int)layer,
                                            .line = e->line,
                                            .table = layer == LAYER_ALL       ? NULL
                                                     : layer == LAYER_COMMAND ? e->path[0]
                                                                              : e->path[1] };
    return ECHO_OK;
}

/* Whether this run is what the entry is for. */
static bool concerns(const struct giver *g, const struct toml_entry *e)
{
    if (e->kind == TOML_TABLE)
        return false;
    switch (config_layer_of(e)) {
    case LAYER_COMMAND: return !strcmp(e->path[0], g->command->name);
    case LAYER_MODEL: return !g->command->measured && is_model(e->path[1], &g->place);
    default: return !g->command->measured;
    }
}

/* The later one counts, where two tables are of the same model. */
static echo_status give_layer(struct giver *g, enum config_layer layer, const char *only)
{
    const struct toml_entry *e;
    int n = 0;
    echo_status s = ECHO_OK;

    while (toml_at(g->file->toml, n))
        n++;
    while (!s && n--) {
        e = toml_at(g->file->toml, n);
        if (config_layer_of(e) == layer && concerns(g, e) &&
            (!only || config_find(g->command, e) == row_named(g->command, only)))
            s = give(g, e);
    }
    return s;
}

/* ---- presets ---- */

/* "num_steps" is --num-steps. */
static int row_of_param(const struct command *c, const char *name)
{
    char option[48];

    snprintf(option, sizeof option, "%s", name);
    for (char *p = option; *p; p++)
        if (*p == '_')
            *p = '-';
    return row_named(c, option);
}

/* The values of the job's preset that nothing nearer has set. */
static echo_status give_preset(const struct giver *g, const char *before)
{
    const echo_preset *preset;
    echo_params params = echo_params_default(NULL);

    if (!strcmp(g->job->preset, "none") || !strcmp(g->job->preset, "list"))
        return ECHO_OK;
    if (!(preset = config_preset(before, g->job->preset, g->err)))
        return g->err->status;
    echo_preset_apply(preset, &params);
    for (const echo_preset_value *v = preset->values; v->name; v++) {
        int row = row_of_param(g->command, v->name);
        size_t at;

        if (row < 0 || g->job->origins[row].kind)
            continue;
        options_at(g->command, row, &at);
        options_copy(g->command, row, (char *)&params + (at - g->command->params),
                     (char *)g->job + at);
        g->job->origins[row].kind = ORIGIN_PRESET;
    }
    return ECHO_OK;
}

static echo_status give_all(struct giver *g)
{
    int row = row_named(g->command, "preset");
    const struct origin *preset = row < 0 ? NULL : &g->job->origins[row];
    echo_status s = ECHO_OK;

    if (preset && preset->kind)
        s = give_preset(g, "--preset");
    if (!g->file)
        return s;
    for (int layer = LAYER_COMMAND; !s && layer < LAYERS; layer++)
        s = give_layer(g, (enum config_layer)layer, "model");
    if (!s)
        find_model(&g->place, g->file, g->job->model);
    for (int layer = 0; !s && layer < LAYERS; layer++) {
        s = give_layer(g, (enum config_layer)layer, NULL);
        if (!s && preset && preset->kind == ORIGIN_FILE && preset->layer == layer)
            s = give_preset(g, "preset");
    }
    return s;
}

echo_status config_file_apply(struct config_file *f, const struct command *c, void *job,
                              echo_error *err)
{
    struct giver g = { .file = f, .command = c, .job = job, .err = err };

    if (f)
        g.job->config = f->path;
    return give_all(&g);
}

/* ---- blame ---- */

void config_file_explain(const struct config_file *f, const struct command *c, const void *job,
                         echo_error *err)
{
    const struct common *common = job;
    const struct option *o;
    size_t at = 0, used = strlen(err->text);

    for (int i = 0; f && (o = options_at(c, i, &at)); i++) {
        const char *value = o->kind == OPTION_STRING ? *(char *const *)((char *)job + at) : "";

        if (common->origins[i].kind == ORIGIN_FILE && *value && strstr(err->text, value)) {
            snprintf(err->text + used, sizeof err->text - used, " (%s is set in %.300s:%d)",
                     o->name, f->path, common->origins[i].line);
            return;
        }
    }
}

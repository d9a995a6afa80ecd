/* SPDX-License-Identifier: MIT */
#include "config_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "common/failure.h"
#include "common/spelling.h"
#include "config_layers.h"

enum { LONGEST_FILE = 65536, LONGEST_NAME = 48 };

/* ---- names ---- */

/* "num_steps" as "num-steps"; false: too long for an option. */
static bool spell(char out[LONGEST_NAME], const char *name)
{
    int n = snprintf(out, LONGEST_NAME, "%s", name);

    for (char *p = out; *p; p++)
        if (*p == '_')
            *p = '-';
    return n < LONGEST_NAME;
}

static const char *key_of(const struct toml_entry *e)
{
    return e->path[e->depth - 1];
}

int config_find(const struct command *c, const struct toml_entry *e)
{
    char name[LONGEST_NAME];
    bool cleared;
    int i = spell(name, key_of(e)) ? options_find(c, name, strlen(name), &cleared) : -1;

    return i >= 0 && cleared ? -1 : i;
}

enum config_layer config_layer_of(const struct toml_entry *e)
{
    return e->depth == 1 ? LAYER_ALL : e->depth == 2 ? LAYER_COMMAND : LAYER_MODEL;
}

bool config_file_is_for(const struct command *c)
{
    bool cleared;

    return options_find(c, "config", strlen("config"), &cleared) >= 0;
}

/* ---- a value ---- */

__attribute__((format(printf, 4, 5))) static echo_status
refuse(const struct config_file *f, const struct toml_entry *e, echo_error *err,
       const char *fmt, ...)
{
    char why[400];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    return echo_fail(err, ECHO_ERR_ARG, "%.400s:%d: %s", f->path, e->line, why);
}

static bool is_word(const struct option *o, const char *text)
{
    for (const echo_param_word *w = o->words; w && w->word; w++)
        if (!strcmp(text, w->word))
            return true;
    return false;
}

static bool fits(const struct option *o, const struct toml_entry *e)
{
    switch (o->kind) {
    case OPTION_ON:
    case OPTION_SWITCH: return e->kind == TOML_BOOLEAN;
    case OPTION_STRING: return e->kind == TOML_STRING;
    case OPTION_FLOAT:
        if (e->kind == TOML_FLOAT)
            return true; /* fall through */
    case OPTION_INT:
        return e->kind == TOML_INTEGER || (e->kind == TOML_STRING && is_word(o, e->text));
    case OPTION_SEED: /* half of them are too large for a number of TOML */
        return e->kind == TOML_INTEGER || e->kind == TOML_STRING;
    case OPTION_LIST: return e->kind == TOML_ARRAY;
    }
    return false;
}

static echo_status refuse_kind(const struct config_file *f, const struct option *o,
                               const struct toml_entry *e, echo_error *err)
{
    const char *noun = options_noun(o), *key = key_of(e);
    char range[64];

    if (!noun)
        return refuse(f, e, err, "%.60s takes true or false", key);
    if (o->kind == OPTION_STRING)
        return refuse(f, e, err, "%.60s takes a text in quotes", key);
    options_range(o, range, sizeof range);
    return refuse(f, e, err, "%.60s takes %sa %s from %s%s", key,
                  o->kind == OPTION_LIST ? "in brackets " : "", noun, range,
                  e->kind == TOML_STRING ? ", without quotes" : "");
}

echo_status config_read(const struct config_file *f, const struct option *o,
                        const struct toml_entry *e, void *at, echo_error *err)
{
    char where[420];
    const char *text = e->text;

    if (!fits(o, e))
        return refuse_kind(f, o, e, err);
    if (o->kind == OPTION_LIST && !*text) {
        ((echo_list *)at)->n = 0;
        return ECHO_OK;
    }
    if (e->kind == TOML_BOOLEAN)
        text = strcmp(text, "true") ? "no" : NULL;
    snprintf(where, sizeof where, "%.400s:%d: ", f->path, e->line);
    return options_read(o, where, key_of(e), text, at, err);
}

/* ---- presets ---- */

const echo_preset *config_preset(const char *before, const char *name, echo_error *err)
{
    const echo_preset *p = echo_preset_named(name);
    struct spelling meant = spelling_of(name);

    if (p)
        return p;
    for (int i = 0; (p = echo_preset_at(i)); i++)
        spelling_offer(&meant, p->name);
    echo_fail(err, ECHO_ERR_ARG, "%s '%.60s': unknown%s%s (--preset list shows them)", before,
              name, meant.nearest ? "; did you mean " : "", meant.nearest ? meant.nearest : "");
    return NULL;
}

static echo_status check_preset(const struct config_file *f, const struct toml_entry *e,
                                echo_error *err)
{
    char before[430];

    snprintf(before, sizeof before, "%.400s:%d: %.20s", f->path, e->line, key_of(e));
    return !strcmp(e->text, "none") || config_preset(before, e->text, err) ? ECHO_OK
                                                                           : err->status;
}

/* ---- all of it is right, whatever it is for ---- */

/* Whether the command takes settings of this layer. */
static bool takes(const struct command *c, const struct toml_entry *e)
{
    if (!config_file_is_for(c))
        return false;
    return config_layer_of(e) == LAYER_COMMAND ? !strcmp(c->name, e->path[0]) : !c->measured;
}

static echo_status unknown(const struct config_file *f, const struct toml_entry *e,
                           echo_error *err)
{
    char name[LONGEST_NAME];
    const struct command *c;
    const struct option *o;
    struct spelling meant;
    bool cleared;

    spell(name, key_of(e));
    meant = spelling_of(name);
    for (int k = 0; (c = commands_at(k)); k++)
        for (int i = 0; takes(c, e) && (o = options_at(c, i, NULL)); i++)
            spelling_offer(&meant, o->once ? NULL : o->name);
    for (int k = 0; (c = commands_at(k)); k++)
        if (takes(c, e) && options_find(c, name, strlen(name), &cleared) >= 0 && cleared)
            return refuse(f, e, err, "%.60s: write %s = false", key_of(e), name + 3);
    if (meant.nearest)
        return refuse(f, e, err, "%.60s: unknown setting; did you mean %s?", key_of(e),
                      meant.nearest);
    return refuse(f, e, err, "%.60s: unknown setting; settings are the long names of options",
                  key_of(e));
}

/* The first row that the entry may be for, in the order of the commands. */
static const struct option *row_for(const struct toml_entry *e, bool once)
{
    const struct command *c;
    int i;

    for (int k = 0; (c = commands_at(k)); k++)
        if (takes(c, e) && (i = config_find(c, e)) >= 0 && options_at(c, i, NULL)->once == once)
            return options_at(c, i, NULL);
    return NULL;
}

static echo_status check_setting(const struct config_file *f, const struct toml_entry *e,
                                 echo_error *err)
{
    const struct option *o = row_for(e, false);
    echo_list scratch; /* the largest of the values */

    if (!o && row_for(e, true))
        return refuse(f, e, err, "%.60s is of one run: give it on the command line", key_of(e));
    if (!o)
        return unknown(f, e, err);
    if (config_layer_of(e) == LAYER_MODEL && !strcmp(o->name, "model"))
        return refuse(f, e, err, "a model's table names no other model");
    if (config_read(f, o, e, &scratch, err))
        return err->status;
    return strcmp(o->name, "preset") ? ECHO_OK : check_preset(f, e, err);
}

static echo_status check_table(const struct config_file *f, const struct toml_entry *e,
                               echo_error *err)
{
    const struct command *c;
    echo_error why = { 0 };

    if (!strcmp(e->path[0], CONFIG_FOR))
        return e->depth <= 2 ? ECHO_OK
                             : refuse(f, e, err, "the name of a model goes into quotes: "
                                                 "[" CONFIG_FOR ".\"NAME\"]");
    if (commands_find(&c, e->path[0], &why))
        return refuse(f, e, err, "[%.60s] is for no command (that of a model is [" CONFIG_FOR
                                 ".\"NAME\"]): %.200s", e->path[0], why.text);
    if (!config_file_is_for(c))
        return refuse(f, e, err, "[%.60s]: this command takes no settings", c->name);
    return e->depth == 1 ? ECHO_OK
                         : refuse(f, e, err, "[%.60s.%.60s]: a command has no tables in it",
                                  c->name, e->path[1]);
}

static echo_status check(const struct config_file *f, echo_error *err)
{
    const struct toml_entry *e;
    echo_status s = ECHO_OK;

    for (int i = 0; !s && (e = toml_at(f->toml, i)); i++) {
        struct toml_entry table = *e;

        table.depth -= e->kind != TOML_TABLE;
        if (table.depth)
            s = check_table(f, &table, err);
        if (!s && e->kind != TOML_TABLE && e->depth == 2 && !strcmp(e->path[0], CONFIG_FOR))
            s = refuse(f, e, err, "a setting of a model goes into [" CONFIG_FOR ".\"NAME\"]");
        else if (!s && e->kind != TOML_TABLE)
            s = check_setting(f, e, err);
    }
    return s;
}

/* ---- the file ---- */

/* Where it is; false: nowhere.  *usual: nobody named it. */
static bool find(char *out, size_t size, const char *named, bool *usual)
{
    const char *variable = getenv("ECHOTTS_CONFIG"), *xdg = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");

    *usual = false;
    if (!named && variable && *variable)
        named = variable;
    if (named) {
        snprintf(out, size, "%s", named);
        return strcmp(named, "none");
    }
    *usual = true;
    if (xdg && *xdg == '/') /* a relative one is to be ignored, its specification says */
        snprintf(out, size, "%s/echotts/config.toml", xdg);
    else if (home && *home)
        snprintf(out, size, "%s/.config/echotts/config.toml", home);
    else
        return false;
    return true;
}

/* Its bytes, at most one more than it may have; -1 with errno. */
static ssize_t read_file(const char *path, char bytes[LONGEST_FILE + 1])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = 1, used = 0;

    if (fd < 0)
        return -1;
    while (used <= LONGEST_FILE && n > 0) {
        n = read(fd, bytes + used, LONGEST_FILE + 1 - (size_t)used);
        if (n < 0 && errno == EINTR)
            n = 1;
        else if (n > 0)
            used += n;
    }
    close(fd);
    return n < 0 ? -1 : used;
}

static echo_status load(struct config_file *f, bool usual, echo_error *err)
{
    static const char hint[] = "--config names a file of settings, or none";
    char *bytes = malloc(LONGEST_FILE + 1);
    ssize_t n = bytes ? read_file(f->path, bytes) : 0;
    echo_status s = ECHO_OK;

    if (!bytes)
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory");
    if (n < 0 && !(usual && (errno == ENOENT || errno == ENOTDIR)))
        s = echo_fail(err, ECHO_ERR_FILE, "%.700s: %s (%s)", f->path, strerror(errno), hint);
    else if (n > LONGEST_FILE)
        s = echo_fail(err, ECHO_ERR_FILE, "%.700s: larger than %d KiB, so no file of settings "
                                          "(%s)", f->path, LONGEST_FILE / 1024, hint);
    else if (n >= 0)
        s = toml_parse(&f->toml, bytes, (size_t)n, f->path, err);
    free(bytes);
    return s;
}

echo_status config_file_open(struct config_file **out, const char *named, echo_error *err)
{
    struct config_file *f = calloc(1, sizeof *f);
    bool usual;
    echo_status s = ECHO_OK;

    *out = NULL;
    if (!f)
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory");
    if (find(f->path, sizeof f->path, named, &usual))
        s = load(f, usual, err);
    if (!s && f->toml)
        s = check(f, err);
    if (s || !f->toml)
        config_file_close(&f);
    *out = f;
    return s;
}

void config_file_close(struct config_file **f)
{
    if (*f) {
        toml_close(&(*f)->toml);
        for (int i = 0; i < (*f)->n_kept; i++)
            free((*f)->kept[i]);
    }
    free(*f);
    *f = NULL;
}


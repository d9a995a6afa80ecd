/* SPDX-License-Identifier: MIT */
#include "engine/locate.h"

#include <glob.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

#ifndef ECHO_DATADIR
#define ECHO_DATADIR "/usr/local/share/echotts"
#endif

/* The ways the three files are laid out.  '*' is one of several snapshots. */
static const struct layout {
    const char *echo, *dac, *pca;
} layouts[] = {
    { "echo.safetensors", "dac.safetensors", "pca.safetensors" },
    { "echo-tts-base/pytorch_model.safetensors", "fish-s1-dac-min/pytorch_model.safetensors",
      "echo-tts-base/pca_state.safetensors" },
    { "models--jordand--echo-tts-base/snapshots/*/pytorch_model.safetensors",
      "models--jordand--fish-s1-dac-min/snapshots/*/pytorch_model.safetensors",
      "models--jordand--echo-tts-base/snapshots/*/pca_state.safetensors" },
    { "hub/models--jordand--echo-tts-base/snapshots/*/pytorch_model.safetensors",
      "hub/models--jordand--fish-s1-dac-min/snapshots/*/pytorch_model.safetensors",
      "hub/models--jordand--echo-tts-base/snapshots/*/pca_state.safetensors" },
};

void echo_locate_free(struct model_files *f)
{
    free(f->dir);
    free(f->echo);
    free(f->dac);
    free(f->pca);
    free(f->settings);
    *f = (struct model_files){ 0 };
}

__attribute__((format(printf, 1, 2))) static char *text(const char *fmt, ...)
{
    va_list ap;
    char *out;

    va_start(ap, fmt);
    if (vasprintf(&out, fmt, ap) < 0)
        out = NULL;
    va_end(ap);
    return out;
}

static bool is_file(const char *path)
{
    struct stat st;

    return path && !stat(path, &st) && S_ISREG(st.st_mode);
}

/* A path of which glob() takes every character for itself. */
static char *escaped(const char *path)
{
    char *out = malloc(2 * strlen(path) + 1), *to = out;

    for (; out && *path; *to++ = *path++)
        if (strchr("*?[]\\", *path))
            *to++ = '\\';
    if (out)
        *to = 0;
    return out;
}

/* The newest file that dir/pattern names, or NULL. */
static char *newest(const char *dir, const char *pattern)
{
    bool one = !strchr(pattern, '*');
    char *literal = one ? strdup(dir) : escaped(dir);
    char *whole = literal ? text("%s/%s", literal, pattern) : NULL, *found = NULL;
    struct stat st, best = { 0 };
    glob_t g;

    free(literal);
    if (!whole)
        return NULL;
    if (one)
        return is_file(whole) ? whole : (free(whole), NULL);
    if (!glob(whole, GLOB_NOSORT, NULL, &g)) {
        for (size_t i = 0; i < g.gl_pathc; i++) {
            if (!is_file(g.gl_pathv[i]) || stat(g.gl_pathv[i], &st))
                continue;
            if (found && st.st_mtime <= best.st_mtime)
                continue;
            free(found);
            found = strdup(g.gl_pathv[i]);
            best = st;
        }
        globfree(&g);
    }
    free(whole);
    return found;
}

/* The transformer and its PCA must be of the same snapshot. */
static bool find_layout(struct model_files *f, const char *dir, const struct layout *l)
{
    const char *star = strrchr(l->pca, '/');

    echo_locate_free(f);
    f->echo = newest(dir, l->echo);
    f->dac = newest(dir, l->dac);
    if (f->echo && star) {
        f->pca = text("%.*s%s", (int)(strrchr(f->echo, '/') - f->echo), f->echo, star);
        if (!is_file(f->pca)) {
            free(f->pca);
            f->pca = NULL;
        }
    } else {
        f->pca = newest(dir, l->pca);
    }
    return f->echo && f->dac && f->pca;
}

/* A packed file is everything. */
static bool take_file(struct model_files *f, const char *path)
{
    *f = (struct model_files){ .dir = strdup(path), .echo = strdup(path), .dac = strdup(path),
                               .pca = strdup(path),
                               .settings = text("%s/echotts.json", path) };
    return true;
}

static bool find_in(struct model_files *f, const char *dir)
{
    if (is_file(dir))
        return take_file(f, dir);
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        if (!find_layout(f, dir, &layouts[i]))
            continue;
        f->dir = strdup(dir);
        f->settings = text("%s/echotts.json", dir);
        return true;
    }
    echo_locate_free(f);
    return false;
}

/* Why find_in() found nothing. */
static echo_status explain(const char *dir, echo_error *err)
{
    struct model_files f = { 0 };
    struct stat st;

    if (stat(dir, &st))
        return echo_fail(err, ECHO_ERR_FILE, "%s: no such model directory", dir);
    if (!S_ISDIR(st.st_mode))
        return echo_fail(err, ECHO_ERR_FILE, "%s: not a directory; name the directory that "
                                             "holds echo.safetensors", dir);
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        const char *missing;

        find_layout(&f, dir, &layouts[i]);
        missing = !f.echo ? layouts[i].echo : !f.dac ? layouts[i].dac : layouts[i].pca;
        if (f.echo || f.dac || f.pca) {
            echo_locate_free(&f);
            return echo_fail(err, ECHO_ERR_FILE, "%s: %s is missing", dir, missing);
        }
        echo_locate_free(&f);
    }
    return echo_fail(err, ECHO_ERR_FILE,
                     "%s: no model is here: expected echo.safetensors, dac.safetensors and "
                     "pca.safetensors, or echo-tts-base/ and fish-s1-dac-min/", dir);
}

/* Try dir/below, if dir is known. */
static bool find_below(struct model_files *f, const char *dir, const char *below)
{
    char *path = dir && *dir ? text("%s%s", dir, below) : NULL;
    bool there = path && find_in(f, path);

    free(path);
    return there;
}

/* The folder of the running program, cut to its parent: what "bin" or "build" lies in. */
static char *program_parent(void)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);

    if (n <= 0)
        return NULL;
    path[n] = 0;
    for (int i = 0; i < 2; i++) {
        char *slash = strrchr(path, '/');

        if (!slash)
            return NULL;
        *slash = 0;
    }
    return strdup(path);
}

static bool find_usual(struct model_files *f)
{
    const char *home = getenv("HOME");
    char *parent = program_parent();
    bool there = find_below(f, getenv("HF_HUB_CACHE"), "") ||
                 find_below(f, getenv("HF_HOME"), "/hub") ||
                 find_below(f, home, "/.cache/huggingface/hub") ||
                 find_below(f, getenv("XDG_DATA_HOME"), "/echotts/base") ||
                 find_below(f, home, "/.local/share/echotts/base") ||
                 find_below(f, parent, "/share/echotts/base") ||
                 find_below(f, ECHO_DATADIR, "/base") ||
                 find_below(f, parent, "/models/small") ||
                 find_below(f, parent, "/share/echotts/small") ||
                 find_below(f, ECHO_DATADIR, "/small");

    free(parent);
    return there;
}

/* What find_in() could not say: that memory ran out. */
static echo_status found(struct model_files *f, echo_error *err)
{
    if (!f->dir || !f->echo || !f->dac || !f->pca || !f->settings) {
        echo_locate_free(f);
        return echo_fail_memory(err, 1, "the names of files");
    }
    if (!is_file(f->settings)) {
        free(f->settings);
        f->settings = NULL;
    }
    return ECHO_OK;
}

echo_status echo_locate(struct model_files *f, const char *dir, echo_error *err)
{
    const char *named = dir ? dir : getenv("ECHOTTS_MODEL");

    *f = (struct model_files){ 0 };
    if (named && *named)
        return find_in(f, named) ? found(f, err) : explain(named, err);
    if (dir)
        return echo_fail(err, ECHO_ERR_ARG, "the name of the model directory is empty");
    if (find_usual(f))
        return found(f, err);
    return echo_fail(err, ECHO_ERR_FILE, "no model was found: name its directory (-m DIR, or "
                                         "ECHOTTS_MODEL in the environment)");
}

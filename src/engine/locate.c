/* SPDX-License-Identifier: MIT */
#include "engine/locate.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "echotts_dev.h"
#include "engine/folder.h"
#include "engine/places.h"
#include "weights/torch.h"

void echo_locate_free(struct model_files *f)
{
    free(f->dir);
    free(f->echo);
    free(f->dac);
    free(f->pca);
    free(f->settings);
    free(f->note);
    free(f->why);
    *f = (struct model_files){ 0 };
}

/* Copies of strings, all or none; NULL and "" stay away. */
static echo_status keep(struct model_files *f, const char *dir, const char *echo,
                        const char *dac, const char *pca, const char *note, const char *why,
                        echo_error *err)
{
    const struct {
        char **to;
        const char *from;
    } texts[] = { { &f->dir, dir }, { &f->echo, echo }, { &f->dac, dac },
                  { &f->pca, pca }, { &f->note, note }, { &f->why, why } };
    char settings[FOLDER_PATH];

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].from && *texts[i].from && !(*texts[i].to = strdup(texts[i].from)))
            goto fail;
    if ((size_t)snprintf(settings, sizeof settings, "%s/echotts.json", dir) < sizeof settings &&
        echo_is_file(settings) && !(f->settings = strdup(settings)))
        goto fail;
    return ECHO_OK;
fail:
    echo_locate_free(f);
    return echo_fail_memory(err, 1, "the names of files");
}

static echo_status take(struct model_files *f, const char *dir, const struct found_model *m,
                        echo_error *err)
{
    return keep(f, dir, m->echo, m->dac, m->pca, m->note, NULL, err);
}

/* A folder that somebody named. */
static void find_named(struct found_model *m, const char *dir)
{
    struct found_model around;

    echo_find_model(m, dir);
    if (m->state == FOUND_WHOLE)
        return;
    echo_find_model_around(&around, dir);
    if (around.state > m->state)
        *m = around;
}

static bool is_part(const struct found_model *m, const char *path)
{
    return !strcmp(m->echo, path) || !strcmp(m->dac, path) || !strcmp(m->pca, path);
}

/* Codec and PCA for a transformer in `folder`: from there, from a model that the environment
 * names, or from an installed one; m->note says which, if they come from elsewhere. */
static void find_codec(struct found_model *m, const char *folder)
{
    const char *named = getenv("ECHOTTS_MODEL");
    char place[FOLDER_PATH];

    echo_find_codec(m, folder);
    if (m->state == FOUND_WHOLE) {
        m->note[0] = 0;
        return;
    }
    if (named && *named && strlen(named) < sizeof place) {
        snprintf(place, sizeof place, "%s", named);
        echo_find_codec(m, place);
    }
    for (int i = 0; m->state != FOUND_WHOLE && i < PLACES_OF_BASE; i++)
        if (echo_place(place, sizeof place, i) && place[0])
            echo_find_codec(m, place);
    snprintf(m->note, sizeof m->note, "there is no codec beside it: %.450s and %.450s are used",
             m->dac, m->pca);
}

/* By its first bytes. */
static bool is_torch(const char *path)
{
    unsigned char head[512];
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(head, 1, sizeof head, f) : 0;

    if (f)
        fclose(f);
    return echo_torch_claims(head, n);
}

static bool is_safetensors(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot && !strcmp(dot, ".safetensors");
}

/* A file that is the transformer alone, in `folder`. */
static echo_status take_transformer(struct model_files *f, const char *folder, const char *path,
                                    echo_error *err)
{
    struct found_model m;
    char note[FOLDER_PATH];

    find_codec(&m, folder);
    if (m.state != FOUND_WHOLE && is_torch(path))
        return echo_fail(err, ECHO_ERR_FILE,
                         "%.400s: this is the speech model alone, and there is no codec for "
                         "it: put dac.safetensors and pca.safetensors beside it, or install "
                         "the base model", path);
    if (m.state != FOUND_WHOLE)
        return keep(f, path, path, path, path, NULL, NULL, err);
    snprintf(note, sizeof note, "%.400s: %.1000s", path, m.note);
    return keep(f, folder, path, m.dac, m.pca, *m.note ? note : NULL, NULL, err);
}

/* One of the files of a folder means the folder; else it is a transformer, or a packed file,
 * which is everything. */
static echo_status take_file(struct model_files *f, const char *path, echo_error *err)
{
    struct found_model m = { 0 };
    char folder[FOLDER_PATH], same[2 * FOLDER_PATH];
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + (slash == path) : 1,
             slash ? path : ".");
    if (echo_is_model_file(name)) {
        find_named(&m, folder);
        snprintf(same, sizeof same, "%s/%.300s", folder, name);
        if (m.state == FOUND_WHOLE && is_part(&m, same))
            return take(f, folder, &m, err);
    }
    if (is_torch(path) || (is_safetensors(name) && !echo_is_model_file(name)))
        return take_transformer(f, folder, path, err);
    return keep(f, path, path, path, path, NULL, m.why, err);
}

/* The default search found only a part of one. */
static echo_status fail_incomplete(const char *place, const struct found_model *m,
                                   echo_error *err)
{
    return echo_fail(err, ECHO_ERR_FILE,
                     "%.300s: a model is here, but not all of it: %.500s: download what is "
                     "missing, or name a model (-m DIR, or ECHOTTS_MODEL in the environment)",
                     place, m->why);
}

static echo_status take_path(struct model_files *f, const char *name, echo_error *err)
{
    size_t length = strlen(name);
    char dir[FOLDER_PATH], lonely[FOLDER_PATH];
    struct found_model m;
    struct stat st;

    if (stat(name, &st) || length >= sizeof dir)
        return echo_fail(err, ECHO_ERR_FILE, "%s: no such model directory", name);
    memcpy(dir, name, length + 1);
    if (S_ISREG(st.st_mode))
        return take_file(f, dir, err);
    if (!S_ISDIR(st.st_mode))
        return echo_fail(err, ECHO_ERR_FILE, "%s: not a directory; name the directory that "
                                             "holds echo.safetensors", name);
    while (length > 1 && dir[length - 1] == '/')
        dir[--length] = 0;
    find_named(&m, dir);
    if (m.state == FOUND_WHOLE)
        return take(f, dir, &m, err);
    if (m.state == FOUND_NOTHING && echo_find_torch(lonely, dir))
        return take_transformer(f, dir, lonely, err);
    if (m.state == FOUND_PIECES)
        return echo_fail(err, ECHO_ERR_FILE, "%.300s: %.650s", dir, m.why);
    return echo_fail(err, ECHO_ERR_FILE,
                     "%s: no model is here: expected echo.safetensors, dac.safetensors and "
                     "pca.safetensors, or echo-tts-base/ and fish-s1-dac-min/", dir);
}

/* A path, or a name that means one. */
static echo_status take_named(struct model_files *f, const char *name, echo_error *err)
{
    char path[FOLDER_PATH], note[512];
    echo_status status = echo_model_path(path, sizeof path, name, note, sizeof note, err);

    if (status || (status = take_path(f, path, err)) || !*note)
        return status;
    free(f->note);
    f->note = strdup(note);
    return f->note ? ECHO_OK : echo_fail_memory(err, sizeof note, "a note");
}

/* The packed base model, where its original files were removed. */
static bool take_packed_base(struct model_files *f, echo_error *err)
{
    char path[FOLDER_PATH], note[512];

    if (echo_model_path(path, sizeof path, "base", note, sizeof note, NULL) || !*note ||
        take_path(f, path, err)) {
        *err = (echo_error){ 0 };
        return false;
    }
    return true;
}

static echo_status take_usual(struct model_files *f, echo_error *err)
{
    char place[FOLDER_PATH];
    struct found_model m;

    for (int i = 0; echo_place(place, sizeof place, i); i++) {
        if (i == PLACES_OF_BASE && take_packed_base(f, err))
            return ECHO_OK;
        if (!place[0])
            continue;
        echo_find_model(&m, place);
        if (m.state == FOUND_WHOLE)
            return take(f, place, &m, err);
        if (m.state == FOUND_PIECES) /* another one would speak in another voice, unasked */
            return fail_incomplete(place, &m, err);
    }
    return echo_fail(err, ECHO_ERR_FILE, "no model was found: name its directory (-m DIR, or "
                                         "ECHOTTS_MODEL in the environment)");
}

echo_status echo_locate(struct model_files *f, const char *dir, echo_error *err)
{
    const char *named = dir ? dir : getenv("ECHOTTS_MODEL");

    *f = (struct model_files){ 0 };
    if (named && *named)
        return take_named(f, named, err);
    if (dir)
        return echo_fail(err, ECHO_ERR_ARG, "the name of the model directory is empty");
    return take_usual(f, err);
}

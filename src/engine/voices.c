/* SPDX-License-Identifier: MIT */
#include "engine/voices.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "engine/name.h"
#include "engine/voice.h"
#include "text/fold.h"

bool echo_is_clip_name(const char *file)
{
    int rank;

    return echo_name_stem(file, &rank) > 0;
}

/* ---- the list ---- */

void echo_voices_free(struct voices *v)
{
    for (int i = 0; i < v->n; i++) {
        free(v->clips[i].name);
        free(v->clips[i].path);
    }
    free(v->clips);
    *v = (struct voices){ 0 };
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct named_clip *)a)->name, ((const struct named_clip *)b)->name);
}

/* Room for one more, or NULL. */
static struct named_clip *more(struct voices *v)
{
    if (v->n == v->capacity) {
        int capacity = v->capacity ? 2 * v->capacity : 16;
        struct named_clip *clips = realloc(v->clips, (size_t)capacity * sizeof *clips);

        if (!clips)
            return NULL;
        v->clips = clips;
        v->capacity = capacity;
    }
    v->clips[v->n] = (struct named_clip){ 0 };
    return &v->clips[v->n];
}

static struct named_clip *find_exact(const struct voices *v, const char *name)
{
    for (int i = 0; i < v->n; i++)
        if (!strcmp(v->clips[i].name, name))
            return &v->clips[i];
    return NULL;
}

static bool is_file_in(DIR *d, const char *name)
{
    struct stat st;

    return !fstatat(dirfd(d), name, &st, 0) && S_ISREG(st.st_mode);
}

/* The file is a clip of this rank: put it into the list, in place of a lesser one. */
static bool add_file(struct voices *v, const char *folder, const char *file, const char *name,
                     int rank)
{
    size_t size = strlen(folder) + strlen(file) + 2;
    struct named_clip *clip = find_exact(v, name);
    char *path;

    if (clip && (clip->rank < rank ||
                 (clip->rank == rank && strcmp(strrchr(clip->path, '/') + 1, file) < 0)))
        return true;
    if (!(path = malloc(size)))
        return false;
    snprintf(path, size, "%s/%s", folder, file);
    if (!clip) {
        if (!(clip = more(v)) || !(clip->name = strdup(name))) {
            free(path);
            return false;
        }
        v->n++;
    }
    free(clip->path);
    clip->path = path;
    clip->rank = rank;
    return true;
}

echo_status echo_voices_beside(struct voices *v, const char *file, echo_error *err)
{
    const char *slash = strrchr(file, '/');
    char folder[4096], name[COMPOSED_BYTES];
    const struct dirent *entry;
    bool good = true;
    DIR *d;

    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - file) : 1,
             slash ? file : ".");
    d = opendir(folder);
    while (d && good && (entry = readdir(d))) {
        int rank;
        size_t length = echo_name_stem(entry->d_name, &rank);

        if (length && entry->d_name[0] != '.' &&
            echo_compose_name(name, entry->d_name, length) && echo_name_is_printable(name) &&
            is_file_in(d, entry->d_name))
            good = add_file(v, folder, entry->d_name, name, rank);
    }
    if (d)
        closedir(d);
    if (!good)
        return echo_fail_memory(err, sizeof *v->clips, "the list of voices");
    if (v->n)
        qsort(v->clips, (size_t)v->n, sizeof *v->clips, by_name);
    return ECHO_OK;
}

echo_status echo_voices_packed(struct voices *v, const struct safetensors *f, echo_error *err)
{
    size_t start = strlen(VOICE_ARRAY);

    for (size_t i = 0; i < f->n; i++) { /* in order already */
        const struct array *a = &f->arrays[i];
        struct named_clip *clip;

        if (a->type != ARRAY_U8 || strncmp(a->name, VOICE_ARRAY, start) ||
            !a->name[start] || !echo_name_is_printable(a->name))
            continue;
        if (!(clip = more(v)) || !(clip->name = strdup(a->name + start)))
            return echo_fail_memory(err, sizeof *clip, "the list of voices");
        clip->data = a;
        v->n++;
    }
    return ECHO_OK;
}

/* ---- by name ---- */

static int find_folded(const struct voices *v, const char *text, size_t length)
{
    char wanted[FOLDED_BYTES], have[FOLDED_BYTES];

    if (!echo_fold(wanted, text, length) || !*wanted)
        return -1;
    for (int i = 0; i < v->n; i++)
        if (echo_fold(have, v->clips[i].name, strlen(v->clips[i].name)) &&
            !strcmp(have, wanted))
            return i;
    return -1;
}

int echo_voices_find(const struct voices *v, const char *name)
{
    char exact[COMPOSED_BYTES];
    const struct named_clip *clip;
    int rank, found;
    size_t length;

    if (echo_compose_name(exact, name, strlen(name)) && (clip = find_exact(v, exact)))
        return (int)(clip - v->clips);
    if ((found = find_folded(v, name, strlen(name))) >= 0)
        return found;
    if (!(length = echo_name_stem(name, &rank)))
        return -1;
    if (echo_compose_name(exact, name, length) && (clip = find_exact(v, exact)))
        return (int)(clip - v->clips);
    return find_folded(v, name, length);
}

const char *echo_model_voice(const echo_model *m, int i)
{
    return i >= 0 && i < m->voices.n ? m->voices.clips[i].name : NULL;
}

int echo_model_find_voice(const echo_model *m, const char *name)
{
    return echo_voices_find(&m->voices, name);
}

static echo_status read_packed(echo_voice **out, echo_session *s,
                               const struct named_clip *clip, const echo_encode_opts *opts,
                               echo_error *err)
{
    struct source in;
    char label[600];
    echo_status status;

    if ((status = echo_session_begin(s, opts ? opts->log : NULL, opts ? opts->user : NULL,
                                     err)))
        return status;
    snprintf(label, sizeof label, "%.400s: voice %.150s", s->model->files.dir, clip->name);
    echo_source_memory(&in, clip->data->data, clip->data->bytes, label);
    status = echo_voice_read(out, s, &in, opts, err);
    echo_source_close(&in);
    return echo_session_end(s, status);
}

echo_status echo_voice_named(echo_voice **out, echo_session *s, const char *name,
                             const echo_encode_opts *opts, echo_error *err)
{
    const struct voices *v = &s->model->voices;
    int i = echo_voices_find(v, name);
    echo_status status;

    *out = NULL;
    if (i < 0)
        return echo_fail_field(err, "voice", "'%.200s' is none of the %d voices of this model",
                               name, v->n);
    status = v->clips[i].path ? echo_voice_open(out, s, v->clips[i].path, opts, err)
                              : read_packed(out, s, &v->clips[i], opts, err);
    return echo_model_failed(status, err);
}

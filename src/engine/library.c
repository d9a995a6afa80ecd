/* SPDX-License-Identifier: MIT */
/* library.c - looking into a library: list, find, take out. */
#include "engine/library.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/folders.h"
#include "engine/voice_cache.h"

/* A file that was read, as it was then. */
struct known_voice {
    struct shelf_file file;
    echo_voice_info about;
    bool there; /* at the last look */
};

/* ---- opening ---- */

static bool usual_folder(char *path, size_t size)
{
    const char *named = getenv("ECHOTTS_VOICES");

    if (named && *named)
        return (size_t)snprintf(path, size, "%s", named) < size;
    return echo_folder_of_user(path, size, "XDG_DATA_HOME", ".local/share", "echotts/voices");
}

echo_status echo_library_open(echo_library **out, const char *folder, echo_error *err)
{
    char usual[4096];
    echo_library *lib = calloc(1, sizeof *lib);

    *out = NULL;
    if (!folder)
        folder = usual_folder(usual, sizeof usual) ? usual : "";
    if (!lib || !(lib->folder = strdup(folder))) {
        free(lib);
        return echo_fail_memory(err, sizeof *lib, "a library of voices");
    }
    pthread_mutex_init(&lib->lock, NULL);
    *out = lib;
    return ECHO_OK;
}

void echo_library_close(echo_library **lib)
{
    if (!*lib)
        return;
    pthread_mutex_destroy(&(*lib)->lock);
    free((*lib)->known);
    free((*lib)->folder);
    free(*lib);
    *lib = NULL;
}

const char *echo_library_folder(const echo_library *lib)
{
    return lib->folder;
}

/* ---- files ---- */

echo_status echo_library_read(struct voice_file *v, char **path, const echo_library *lib,
                              const struct shelf_file *f, bool notes_only, echo_error *err)
{
    struct source in;
    echo_status s;

    *v = (struct voice_file){ 0 };
    if (!(*path = echo_shelf_path(lib->folder, f->file)))
        return echo_fail_memory(err, VOICE_FILE, "a path");
    if (!(s = echo_source_open(&in, *path, NULL, err)) &&
        !(s = echo_voice_file_read(v, &in, notes_only, err)) && !notes_only)
        s = echo_voice_file_verify(v, err);
    v->path = *path;
    echo_source_close(&in);
    return s;
}

/* The file's name counts, so that files can be moved by other programs, too. */
static echo_status describe(echo_voice_info *about, const echo_library *lib,
                            const struct shelf_file *f, echo_error *err)
{
    struct voice_file v;
    echo_error why = { 0 };
    char *path;
    echo_status s = echo_library_read(&v, &path, lib, f, true, &why);

    if (s) {
        memset(&v.about, 0, sizeof v.about);
        snprintf(v.about.trouble, sizeof v.about.trouble, "%.500s", why.text);
        v.about.bytes = (uint64_t)f->st.st_size;
    }
    *about = v.about;
    strcpy(about->name, f->name);
    echo_voice_file_close(&v);
    free(path);
    if (s == ECHO_ERR_MEMORY) /* no fault of the file */
        return echo_fail(err, s, "%s", why.text);
    return ECHO_OK;
}

echo_status echo_library_seek(struct shelf_file *out, const echo_library *lib, const char *name,
                              echo_error *err)
{
    echo_status s = echo_shelf_find(out, lib->folder, name, err);

    if (s || *out->file)
        return s;
    return echo_fail_field(err, "voice", "'%.200s' is no voice of the library%s%.600s", name,
                           *lib->folder ? " " : "", lib->folder);
}

echo_status echo_library_find(echo_library *lib, const char *name, echo_voice_info *out,
                              echo_error *err)
{
    struct shelf_file f;
    echo_status s = echo_library_seek(&f, lib, name, err);

    return s || !out ? s : describe(out, lib, &f, err);
}

/* ---- the list ---- */

static bool is_same(const struct shelf_file *a, const struct shelf_file *b)
{
    return !strcmp(a->file, b->file) && a->st.st_ino == b->st.st_ino &&
           a->st.st_size == b->st.st_size && a->st.st_mtim.tv_sec == b->st.st_mtim.tv_sec &&
           a->st.st_mtim.tv_nsec == b->st.st_mtim.tv_nsec;
}

/* A look at the folder. */
struct look {
    echo_library *lib;
    echo_status failed; /* without memory */
    echo_error *err;
};

static bool note(void *user, const struct shelf_file *f)
{
    struct look *l = user;
    echo_library *lib = l->lib;
    struct known_voice *k = NULL;

    for (int i = 0; i < lib->n && !k; i++)
        if (is_same(&lib->known[i].file, f))
            k = &lib->known[i];
    if (!k && lib->n == lib->room) {
        int room = lib->room ? 2 * lib->room : 16;
        struct known_voice *grown = realloc(lib->known, (size_t)room * sizeof *grown);

        if (!grown) {
            l->failed = echo_fail_memory(l->err, (size_t)room * sizeof *grown, "a list");
            return false;
        }
        lib->known = grown;
        lib->room = room;
    }
    if (!k) {
        k = &lib->known[lib->n];
        k->file = *f;
        if ((l->failed = describe(&k->about, lib, f, l->err)))
            return false;
        lib->n++;
    }
    k->there = true;
    return true;
}

/* Bring what is known up to date. */
static echo_status look(echo_library *lib, echo_error *err)
{
    struct look l = { .lib = lib, .err = err };
    int n = 0;
    echo_status s;

    for (int i = 0; i < lib->n; i++)
        lib->known[i].there = false;
    if ((s = echo_shelf_each(lib->folder, note, &l, err)))
        return s;
    if (l.failed)
        return l.failed;
    for (int i = 0; i < lib->n; i++)
        if (lib->known[i].there)
            lib->known[n++] = lib->known[i];
    lib->n = n;
    return ECHO_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const echo_voice_info *)a)->name, ((const echo_voice_info *)b)->name);
}

echo_status echo_library_list(echo_library *lib, echo_voice_info **list, int *n,
                              echo_error *err)
{
    echo_status s;

    *list = NULL;
    *n = 0;
    pthread_mutex_lock(&lib->lock);
    if (!(s = look(lib, err)) &&
        !(*list = calloc((size_t)lib->n + 1, sizeof **list)))
        s = echo_fail_memory(err, (size_t)lib->n * sizeof **list, "a list of voices");
    for (int i = 0; !s && i < lib->n; i++)
        (*list)[(*n)++] = lib->known[i].about;
    pthread_mutex_unlock(&lib->lock);
    if (*list)
        qsort(*list, (size_t)*n, sizeof **list, by_name);
    return s;
}

void echo_library_list_free(echo_voice_info **list)
{
    free(*list);
    *list = NULL;
}

/* ---- taking out ---- */

echo_status echo_library_export(echo_library *lib, const char *name, const char *path,
                                echo_error *err)
{
    struct shelf_file f;
    struct voice_file v = { 0 };
    char *own = NULL;
    echo_status s;

    if (!(s = echo_library_seek(&f, lib, name, err)) &&
        !(s = echo_library_read(&v, &own, lib, &f, false, err))) {
        strcpy(v.about.name, f.name);
        s = echo_voice_file_write(path, &v, err);
    }
    echo_voice_file_close(&v);
    free(own);
    return s;
}

echo_status echo_library_clip(float **pcm, size_t *n, echo_library *lib, const char *name,
                              echo_error *err)
{
    struct shelf_file f;
    struct voice_file v = { 0 };
    char *path = NULL;
    echo_status s;

    *pcm = NULL;
    *n = 0;
    if (!(s = echo_library_seek(&f, lib, name, err)) &&
        !(s = echo_library_read(&v, &path, lib, &f, false, err)))
        s = v.about.latents
                ? echo_fail_field(err, "latents", "'%.200s' has no recording in it, but "
                                                  "latents", f.name)
                : echo_voice_file_sound(&v, pcm, n, err);
    echo_voice_file_close(&v);
    free(path);
    return s;
}

static echo_status take(echo_voice **out, echo_library *lib, echo_session *s, const char *name,
                        const echo_encode_opts *opts, echo_error *err)
{
    struct shelf_file f;
    struct voice_file v = { 0 };
    char *path = NULL;
    echo_status status;

    if (!(status = echo_library_seek(&f, lib, name, err)) &&
        !(status = echo_library_read(&v, &path, lib, &f, false, err)))
        status = echo_voice_of_file(out, s, &v, opts, err);
    echo_voice_file_close(&v);
    free(path);
    return status;
}

echo_status echo_library_voice(echo_voice **out, echo_library *lib, echo_session *s,
                               const char *name, const echo_encode_opts *opts, echo_error *err)
{
    echo_status status;

    *out = NULL;
    if ((status = echo_session_begin(s, opts ? opts->log : NULL, opts ? opts->user : NULL,
                                     err)))
        return status;
    return echo_session_end(s, take(out, lib, s, name, opts, err));
}

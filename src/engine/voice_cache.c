/* SPDX-License-Identifier: MIT */
#include "engine/voice_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/folders.h"
#include "engine/identity.h"

#define FORMAT 1 /* of the files; another one makes them all anew */

/* ---- where it is ---- */

static bool folder_of(char path[PATH_MAX])
{
    return echo_folder_of_user(path, PATH_MAX - 128, "XDG_CACHE_HOME", ".cache",
                               "echotts/voices");
}

static bool path_of(char path[PATH_MAX], const echo_session *s, const struct voice_file *v,
                    const echo_encode_opts *o)
{
    uint64_t rest[] = { echo_identity_encoder(s->model), o->lift, FORMAT };
    char content[VOICE_CONTENT];
    size_t n;

    if (!folder_of(path))
        return false;
    echo_voice_file_content(content, v);
    n = strlen(path);
    snprintf(path + n, PATH_MAX - n, "/%s-%016llx.safetensors", content,
             (unsigned long long)XXH3_64bits(rest, sizeof rest));
    return true;
}

/* ---- what is in it ---- */

static bool is_sound(const struct safetensors *f, const struct array *a, int size)
{
    return a && a->checksum && a->type == ARRAY_F32 && a->dims == 3 && a->shape[0] == 1 &&
           a->shape[1] > 0 && a->shape[1] <= VOICE_MAX_FRAMES && a->shape[2] == size &&
           !echo_safetensors_verify(f, NULL);
}

static echo_voice *load(const char *path, int size)
{
    struct safetensors *f;
    const struct array *a;
    echo_voice *v = NULL;

    if (echo_safetensors_open(&f, path, NULL))
        return NULL;
    a = echo_safetensors_find(f, "latent");
    if (is_sound(f, a, size) && !echo_voice_new(&v, (int)a->shape[1], size, 0, NULL)) {
        echo_array_floats(a, 0, a->count, v->latent);
        utimensat(AT_FDCWD, path, NULL, 0); /* it was used: others go first */
    }
    echo_safetensors_close(&f);
    return v;
}

static void store(echo_session *s, const char *path, const echo_voice *v)
{
    struct array a = { .name = "latent", .type = ARRAY_F32, .dims = 3,
                       .shape = { 1, v->frames, v->size }, .data = v->latent };
    char folder[PATH_MAX];
    echo_error why = { 0 };

    if (!folder_of(folder))
        return;
    a.checksum = XXH3_64bits(a.data, echo_array_bytes(&a));
    if (!echo_folder_make(folder, 0700)) {
        echo_session_log(s, ECHO_LOG_INFO, "encoded voices are not kept: %.600s: %s", folder,
                         strerror(errno));
        return;
    }
    if (echo_safetensors_write(path, &a, 1, NULL, NULL, NULL, &why))
        echo_session_log(s, ECHO_LOG_INFO, "encoded voices are not kept: %.800s", why.text);
    else
        echo_voice_cache_trim(folder, VOICE_CACHE_MOST);
}

/* ---- what goes from it ---- */

struct kept {
    char name[256];
    struct timespec used;
    uint64_t bytes;
};

static int by_use(const void *a, const void *b)
{
    const struct timespec *x = &((const struct kept *)a)->used;
    const struct timespec *y = &((const struct kept *)b)->used;

    if (x->tv_sec != y->tv_sec)
        return x->tv_sec < y->tv_sec ? -1 : 1;
    return (x->tv_nsec > y->tv_nsec) - (x->tv_nsec < y->tv_nsec);
}

/* All files of the folder, for free(); NULL if there are none. */
static struct kept *list(DIR *d, size_t *n)
{
    struct kept *all = NULL;
    const struct dirent *entry;
    struct stat st;

    for (*n = 0; (entry = readdir(d));) {
        struct kept *more;

        if (fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
            continue;
        if (!(more = realloc(all, (*n + 1) * sizeof *all)))
            break;
        all = more;
        snprintf(all[*n].name, sizeof all[*n].name, "%s", entry->d_name);
        all[*n].used = st.st_mtim;
        all[(*n)++].bytes = (uint64_t)st.st_size;
    }
    if (all)
        qsort(all, *n, sizeof *all, by_use);
    return all;
}

void echo_voice_cache_trim(const char *folder, uint64_t most)
{
    DIR *d = opendir(folder);
    struct kept *all;
    uint64_t sum = 0;
    size_t n;

    if (!d)
        return;
    all = list(d, &n);
    for (size_t i = 0; i < n; i++)
        sum += all[i].bytes;
    for (size_t i = 0; i < n && sum > most; i++)
        if (!unlinkat(dirfd(d), all[i].name, 0))
            sum -= all[i].bytes;
    free(all);
    closedir(d);
}

void echo_voice_cache_forget(const struct voice_file *v)
{
    char folder[PATH_MAX], content[VOICE_CONTENT];
    const struct dirent *entry;
    DIR *d;

    if (!folder_of(folder) || !(d = opendir(folder)))
        return;
    echo_voice_file_content(content, v);
    while ((entry = readdir(d)))
        if (!strncmp(entry->d_name, content, VOICE_CONTENT - 1))
            unlinkat(dirfd(d), entry->d_name, 0);
    closedir(d);
}

/* ---- a voice ---- */

static echo_status too_long(const struct voice_file *v, const echo_model *m, int frames,
                            int most, echo_error *err)
{
    return echo_fail(err, ECHO_ERR_FILE,
                     "%s: %d frames long (%.1f s), at most %d (%.1f s) can be taken", v->path,
                     frames, echo_voice_seconds(m, frames), most, echo_voice_seconds(m, most));
}

static echo_status from_latents(echo_voice **out, const echo_model *m,
                                const struct voice_file *v, int most, echo_error *err)
{
    const struct array *a = &v->array;
    int frames = (int)a->shape[1], size = m->dit.latent;
    echo_status status;

    if (most && frames > most)
        return too_long(v, m, frames, most, err);
    if (a->shape[2] != size)
        return echo_fail(err, ECHO_ERR_FILE,
                         "%s: its latents have size %lld, the model's %d: they were made with "
                         "another model, and there is no clip to make others of",
                         v->path, (long long)a->shape[2], size);
    if ((status = echo_identity_check(m, v->about.codec, v->path, err)))
        return status;
    if ((status = echo_voice_new(out, frames, size, 0, err)))
        return status;
    echo_array_floats(a, 0, a->count, (*out)->latent);
    (*out)->codec = echo_identity_latents(m);
    return ECHO_OK;
}

static echo_status encode(echo_voice **out, echo_session *s, const struct voice_file *v,
                          const echo_encode_opts *o, echo_error *err)
{
    echo_encode_opts opts = *o;
    struct source in;
    echo_status status;

    opts.examined = true; /* it was told when the voice came into the library */
    echo_source_memory(&in, v->array.data, v->array.bytes, v->path);
    status = echo_clip_read(out, s, &in, &opts, err);
    echo_source_close(&in);
    return status;
}

echo_status echo_voice_of_file(echo_voice **out, echo_session *s, const struct voice_file *v,
                               const echo_encode_opts *opts, echo_error *err)
{
    echo_encode_opts o = opts ? *opts : (echo_encode_opts){ 0 };
    char path[PATH_MAX];
    bool cached;
    echo_status status = echo_voice_file_verify(v, err);

    *out = NULL;
    if (status)
        return status;
    if (v->about.latents)
        return from_latents(out, s->model, v, o.max_frames, err);
    cached = !o.all_frames && !o.codes && path_of(path, s, v, &o);
    if (!cached || !(*out = load(path, s->model->dit.latent))) {
        status = encode(out, s, v, &o, err);
        if (!status && cached)
            store(s, path, *out);
        return status;
    }
    (*out)->codec = echo_identity_latents(s->model);
    if (o.max_frames && (*out)->frames > o.max_frames) {
        status = too_long(v, s->model, (*out)->frames, o.max_frames, err);
        echo_voice_close(out);
    }
    return status;
}

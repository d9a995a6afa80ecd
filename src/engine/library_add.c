/* SPDX-License-Identifier: MIT */
/* library_add.c - what changes a library.  Everything is made before its lock is taken. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "audio/flac.h"
#include "audio/loudness.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/signature.h"
#include "engine/identity.h"
#include "engine/library.h"
#include "engine/voice_cache.h"

#define FRAME 2048 /* samples of a latent frame */
#define LEAST ((size_t)4 * FRAME) /* a patch: shorter clips are no voice */
#define MOST  ((size_t)ECHO_VOICE_SECONDS * ECHO_SAMPLE_RATE)

static const echo_library_opts no_opts = { 0 };

/* ---- files of the folder ---- */

static echo_status taken(const struct shelf_file *there, echo_error *err)
{
    return echo_fail_field(err, "replace", "the library has a voice '%.200s' already: replace "
                                           "it, or choose another name", there->name);
}

/* A clip goes, and what was made of it. */
static void forget(const echo_library *lib, const struct shelf_file *f)
{
    struct voice_file v;
    char *path;

    if (!echo_library_read(&v, &path, lib, f, false, NULL))
        echo_voice_cache_forget(&v);
    echo_voice_file_close(&v);
    free(path);
}

static echo_status delete(const echo_library *lib, const char *file, echo_error *err)
{
    char *path = echo_shelf_path(lib->folder, file);
    echo_status s = ECHO_OK;

    if (!path)
        return echo_fail_memory(err, VOICE_FILE, "a path");
    if (unlink(path) && errno != ENOENT)
        s = echo_fail(err, ECHO_ERR_FILE, "%.800s: cannot be removed: %s", path,
                      strerror(errno));
    free(path);
    return s;
}

/* A file system that does not tell case apart has the new file under both names. */
static echo_status delete_old(const echo_library *lib, const struct shelf_file *old,
                              const char *file, echo_error *err)
{
    struct stat st = { 0 };
    char *path;

    if (!*old->file || !strcmp(old->file, file))
        return ECHO_OK;
    if (!(path = echo_shelf_path(lib->folder, old->file)))
        return echo_fail_memory(err, VOICE_FILE, "a path");
    (void)stat(path, &st);
    free(path);
    return st.st_ino == old->st.st_ino ? delete(lib, old->file, err) : ECHO_OK;
}

static echo_status write_to(const echo_library *lib, const char *file, struct voice_file *v,
                            echo_error *err)
{
    char *path = echo_shelf_path(lib->folder, file);
    struct stat st;
    echo_status s;

    if (!path)
        return echo_fail_memory(err, VOICE_FILE, "a path");
    if (!(s = echo_voice_file_write(path, v, err)) && !stat(path, &st))
        v->about.bytes = (uint64_t)st.st_size;
    free(path);
    return s;
}

/* Under the lock: as v->about.name, in place of what has this name. */
static echo_status put_locked(const echo_library *lib, struct voice_file *v, bool replace,
                              echo_error *err)
{
    char file[VOICE_FILE];
    struct shelf_file there;
    echo_status s = echo_shelf_find(&there, lib->folder, v->about.name, err);

    if (s)
        return s;
    if (*there.file && !replace)
        return taken(&there, err);
    echo_voice_name_file(file, v->about.name);
    if (*there.file)
        forget(lib, &there);
    if ((s = write_to(lib, file, v, err)))
        return s;
    return delete_old(lib, &there, file, err); /* of another spelling: there would be two */
}

static echo_status put(const echo_library *lib, struct voice_file *v, bool replace,
                       echo_voice_info *added, echo_error *err)
{
    int lock;
    echo_status s = echo_shelf_lock(&lock, lib->folder, SHELF_PATIENCE_S, err);

    if (!s)
        s = put_locked(lib, v, replace, err);
    echo_shelf_unlock(lock);
    if (!s && added)
        *added = v->about;
    return s;
}

/* ---- notes ---- */

static echo_status take_note(char *out, size_t size, const char *field, const char *text,
                             echo_error *err)
{
    if (text && !echo_voice_is_line(text, size))
        return echo_fail_field(err, field, "%s: one line of text in UTF-8 is wanted, of at "
                                           "most %zu bytes", field, size - 1);
    strcpy(out, text ? text : "");
    return ECHO_OK;
}

/* Before any work: can this be done? */
static echo_status begin(struct voice_file *v, const echo_library *lib, const char *name,
                         const echo_library_opts *o, echo_error *err)
{
    echo_voice_info *about = &v->about;
    struct shelf_file there;
    time_t now = time(NULL);
    struct tm utc;
    echo_status s;

    if ((s = echo_voice_name(about->name, name, err)) ||
        (s = take_note(about->consent, sizeof about->consent, "consent", o->consent, err)) ||
        (s = take_note(about->license, sizeof about->license, "license", o->license, err)) ||
        (s = take_note(about->source, sizeof about->source, "source", o->source, err)) ||
        (s = echo_shelf_find(&there, lib->folder, about->name, err)))
        return s;
    if (*there.file && !o->replace)
        return taken(&there, err);
    strftime(about->added, sizeof about->added, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    return ECHO_OK;
}

/* The last part of a path, with '?' where it is no plain text. */
static void plain_name(char *out, size_t size, const char *path)
{
    size_t n = strlen(path), start;

    while (n > 1 && path[n - 1] == '/')
        n--;
    for (start = n; start && path[start - 1] != '/';)
        start--;
    snprintf(out, size, "%.*s", (int)(n - start), path + start);
    if (!strcmp(path, "-"))
        snprintf(out, size, "standard input");
    if (!echo_voice_is_line(out, size))
        for (char *p = out; *p; p++)
            if (*p < ' ' || *p > '~')
                *p = '?';
}

static void name_sources(char *out, size_t size, const char *const *paths, int n)
{
    size_t used = 0;

    for (int i = 0; i < n; i++) {
        char name[256];
        size_t length;

        plain_name(name, sizeof name, paths[i]);
        length = strlen(name) + (i ? 2 : 0);
        if (used + length + 32 > size) { /* room is left for this */
            snprintf(out + used, size - used, " and %d more", n - i);
            return;
        }
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "", name);
    }
}

/* ---- clips ---- */

__attribute__((format(printf, 2, 3))) static void warn(const echo_library_opts *o,
                                                       const char *fmt, ...)
{
    char line[512];
    va_list ap;

    if (!o->log)
        return;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    o->log(o->user, ECHO_LOG_WARNING, line);
}

/* Refuse what no model can make a voice of. */
static echo_status look_at(const float *pcm, size_t n, const char *name,
                           const echo_library_opts *o, echo_error *err)
{
    struct loudness level;
    echo_status s;

    for (size_t i = 0; i < n; i++)
        if (!isfinite(pcm[i]))
            return echo_fail_field(err, "pcm", "the audio has a sample that is not finite "
                                               "(sample %zu)", i);
    if (n < LEAST)
        return echo_fail_field(err, "pcm", "the audio is too short: %.2f s; at least 0.19 s "
                                           "are needed", (double)n / ECHO_SAMPLE_RATE);
    if ((s = echo_loudness(&level, pcm, n, err)))
        return s;
    if (level.swing <= LOUDNESS_SILENCE)
        return echo_fail_field(err, "pcm", "the audio is silent");
    if (level.lufs < LOUDNESS_QUIET)
        warn(o, "%.200s: very quiet, %.0f dB below an ordinary clip: the voice may become "
                "another one; --lift raises it", name, LOUDNESS_ORDINARY - level.lufs);
    return ECHO_OK;
}

/* FLAC holds up to 1: a peak above it is scaled down, as encoding would do. */
static echo_status make_clip(struct voice_file *v, const float *pcm, size_t n, echo_error *err)
{
    float peak = 1, *scaled;
    unsigned char *flac;
    size_t bytes;
    echo_status s;

    for (size_t i = 0; i < n; i++)
        peak = fmaxf(peak, fabsf(pcm[i]));
    if (!(scaled = echo_alloc(n * sizeof *scaled)))
        return echo_fail_memory(err, n * sizeof *scaled, "a clip");
    for (size_t i = 0; i < n; i++)
        scaled[i] = pcm[i] / peak;
    s = echo_flac_make(&flac, &bytes, scaled, n, err);
    echo_free(scaled);
    if (s)
        return s;
    v->bytes = flac;
    v->array = (struct array){ .name = "clip", .type = ARRAY_U8, .dims = 1,
                               .shape = { (int64_t)bytes }, .data = flac, .count = bytes,
                               .bytes = bytes };
    v->about.seconds = (double)n / ECHO_SAMPLE_RATE;
    return ECHO_OK;
}

echo_status echo_library_add_pcm(echo_library *lib, const char *name, const float *pcm,
                                 size_t n, const echo_library_opts *opts,
                                 echo_voice_info *added, echo_error *err)
{
    const echo_library_opts *o = opts ? opts : &no_opts;
    struct voice_file v = { 0 };
    echo_status s = begin(&v, lib, name, o, err);

    if (!s && n > MOST) {
        warn(o, "%.1f s long, the first %d s are taken", (double)n / ECHO_SAMPLE_RATE,
             ECHO_VOICE_SECONDS);
        n = MOST;
    }
    if (!s && !(s = look_at(pcm, n, "the audio", o, err)) &&
        !(s = make_clip(&v, pcm, n, err)))
        s = put(lib, &v, o->replace, added, err);
    echo_voice_file_close(&v);
    return s;
}

/* ---- latents ---- */

static bool is_saved(const char *path)
{
    char head[SIGNATURE_BYTES];
    struct source in;
    struct stat st;
    bool saved = false;

    if (!strcmp(path, "-") || stat(path, &st) || !S_ISREG(st.st_mode)) /* no pipe is emptied */
        return false;
    if (!echo_source_open(&in, path, NULL, NULL))
        saved = echo_signature(head, echo_source_read(&in, 0, head, sizeof head)).kind ==
                SIGNATURE_SAFETENSORS;
    echo_source_close(&in);
    return saved;
}

static echo_status check_latents(const struct safetensors *f, const struct array *a,
                                 echo_error *err)
{
    if (echo_voice_file_is(f))
        return echo_fail(err, ECHO_ERR_FILE, "%s: is a voice file, which is imported instead",
                         f->path);
    if (!a || !echo_array_is_float(a) || a->dims < 2 || a->dims > 3 ||
        (a->dims == 3 && a->shape[0] != 1) || !a->count)
        return echo_fail(err, ECHO_ERR_FILE, "%s: no latents: a tensor 'latent' is expected, "
                                             "float, 1 x frames x size", f->path);
    if (a->count * sizeof(float) > VOICE_FILE_MOST / 2 || a->shape[a->dims - 1] > 65536)
        return echo_fail(err, ECHO_ERR_FILE, "%s: too much for a voice: at most %d MiB",
                         f->path, (int)(VOICE_FILE_MOST >> 21));
    if (echo_array_not_finite(a) < a->count)
        return echo_fail(err, ECHO_ERR_FILE, "%s: a number of the latents is not finite",
                         f->path);
    return ECHO_OK;
}

static echo_status take_latents(struct voice_file *v, const char *path,
                                const echo_library_opts *o, echo_error *err)
{
    struct safetensors *f;
    const struct array *a;
    const char *codec;
    echo_status s = echo_safetensors_open(&f, path, err);

    if (s)
        return s;
    a = echo_safetensors_find(f, "latent");
    if ((s = check_latents(f, a, err)))
        goto done;
    int64_t frames = a->shape[a->dims - 2], size = a->shape[a->dims - 1];
    float *copy = malloc(a->count * sizeof *copy);

    if (!copy) {
        s = echo_fail_memory(err, a->count * sizeof *copy, "latents");
        goto done;
    }
    echo_array_floats(a, 0, a->count, copy);
    v->bytes = (unsigned char *)copy;
    v->array = (struct array){ .name = "latent", .type = ARRAY_F32, .dims = 3,
                               .shape = { 1, frames, size }, .data = copy, .count = a->count,
                               .bytes = a->count * sizeof *copy };
    v->about.latents = true;
    v->about.seconds = (double)frames * FRAME / ECHO_SAMPLE_RATE;
    if ((codec = echo_safetensors_note(f, CODEC_NOTE)) && strlen(codec) < IDENTITY_TEXT)
        strcpy(v->about.codec, codec);
    else
        warn(o, "%.400s: does not say which codec it is of: only the size of the latents is "
                "checked", path);
done:
    echo_safetensors_close(&f);
    return s;
}

/* ---- files ---- */

static echo_status take_clips(struct voice_file *v, const char *const *paths, int n_paths,
                              const echo_library_opts *o, echo_error *err)
{
    echo_clips_opts c = { .trim = o->trim, .lift = o->lift, .log = o->log, .user = o->user };
    float *pcm;
    size_t n;
    echo_status s = echo_clips_read(&pcm, &n, paths, n_paths, &c, err);

    if (s)
        return s;
    s = make_clip(v, pcm, n, err);
    echo_audio_free(&pcm);
    return s;
}

echo_status echo_library_add(echo_library *lib, const char *name, const char *const *paths,
                             int n_paths, const echo_library_opts *opts, echo_voice_info *added,
                             echo_error *err)
{
    const echo_library_opts *o = opts ? opts : &no_opts;
    struct voice_file v = { 0 };
    echo_status s = begin(&v, lib, name, o, err);

    if (!s)
        s = n_paths == 1 && is_saved(paths[0]) ? take_latents(&v, paths[0], o, err)
                                               : take_clips(&v, paths, n_paths, o, err);
    if (!s && !o->source)
        name_sources(v.about.source, sizeof v.about.source, paths, n_paths);
    if (!s)
        s = put(lib, &v, o->replace, added, err);
    echo_voice_file_close(&v);
    return s;
}

/* ---- voice files ---- */

/* All that a checksum does not tell: does the clip sound, and as long as it says? */
static echo_status prove(struct voice_file *v, const echo_library_opts *o, echo_error *err)
{
    echo_error why = { 0 };
    float *pcm = NULL;
    size_t n = 0;
    echo_status s;

    if ((s = echo_voice_file_verify(v, err)) || v->about.latents ||
        (s = echo_voice_file_sound(v, &pcm, &n, err)))
        return s;
    s = echo_clip_failed(look_at(pcm, n, v->path, o, &why), v->path, &why, err);
    v->about.seconds = (double)n / ECHO_SAMPLE_RATE;
    echo_free(pcm);
    return s;
}

echo_status echo_library_import(echo_library *lib, const char *path, const char *name,
                                const echo_library_opts *opts, echo_voice_info *added,
                                echo_error *err)
{
    const echo_library_opts *o = opts ? opts : &no_opts;
    struct voice_file v = { 0 };
    struct source in;
    echo_status s;

    if (!(s = echo_source_open(&in, path, NULL, err)) &&
        !(s = echo_voice_file_read(&v, &in, false, err)) && !(s = prove(&v, o, err)) &&
        (!name || !(s = echo_voice_name(v.about.name, name, err))))
        s = put(lib, &v, o->replace, added, err);
    echo_voice_file_close(&v);
    echo_source_close(&in);
    return s;
}

static echo_status rename_locked(const echo_library *lib, const char *from, const char *to,
                                 echo_error *err)
{
    struct shelf_file old, there;
    struct voice_file v = { 0 };
    char file[VOICE_FILE], *path = NULL;
    echo_status s;

    if ((s = echo_library_seek(&old, lib, from, err)) ||
        (s = echo_shelf_find(&there, lib->folder, to, err)))
        return s;
    if (*there.file && strcmp(there.file, old.file))
        return taken(&there, err);
    if (!(s = echo_library_read(&v, &path, lib, &old, false, err))) {
        strcpy(v.about.name, to);
        echo_voice_name_file(file, to);
        /* the new one first: whatever happens, the voice is there */
        if (!(s = write_to(lib, file, &v, err)))
            s = delete_old(lib, &old, file, err);
    }
    echo_voice_file_close(&v);
    free(path);
    return s;
}

echo_status echo_library_rename(echo_library *lib, const char *from, const char *to,
                                echo_error *err)
{
    char name[ECHO_VOICE_NAME];
    int lock;
    echo_status s = echo_voice_name(name, to, err);

    if (s || (s = echo_library_find(lib, from, NULL, err)) ||
        (s = echo_shelf_lock(&lock, lib->folder, SHELF_PATIENCE_S, err)))
        return s;
    s = rename_locked(lib, from, name, err);
    echo_shelf_unlock(lock);
    return s;
}

echo_status echo_library_remove(echo_library *lib, const char *name, echo_error *err)
{
    struct shelf_file f;
    int lock;
    echo_status s = echo_library_find(lib, name, NULL, err);

    if (s || (s = echo_shelf_lock(&lock, lib->folder, SHELF_PATIENCE_S, err)))
        return s;
    if (!(s = echo_library_seek(&f, lib, name, err))) {
        forget(lib, &f);
        s = delete(lib, f.file, err);
    }
    echo_shelf_unlock(lock);
    return s;
}

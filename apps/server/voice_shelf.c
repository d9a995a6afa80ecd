/* SPDX-License-Identifier: MIT */
#include "voice_shelf.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <xxhash.h>

#include "common/clock.h"
#include "common/voices.h"
#include "upload.h"

enum { KEPT = 16 }; /* voices that nobody uses just now */

struct shelved {
    struct shelved *next;
    char key[ECHO_VOICE_NAME + 64];
    echo_voice *voice;
    int users;
    double used; /* when it was last */
};

struct voice_shelf {
    const echo_model *model;
    echo_library *library;
    char preferred[ECHO_VOICE_NAME];
    uint64_t salt; /* so that no clip can be made to pass for another */
    pthread_mutex_t lock;
    struct shelved *list;
};

echo_status voice_shelf_open(struct voice_shelf **out, const echo_model *m, echo_library *lib,
                             const char *preferred, echo_error *err)
{
    struct voice_shelf *s = calloc(1, sizeof *s);
    struct voice_spec spec;

    *out = s;
    if (!s)
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory for voices");
    s->model = m;
    s->library = lib;
    pthread_mutex_init(&s->lock, NULL);
    if (getentropy(&s->salt, sizeof s->salt))
        s->salt = (uint64_t)(clock_now() * 1e9);
    snprintf(s->preferred, sizeof s->preferred, "%s", preferred ? preferred : "");
    if (*s->preferred && voice_shelf_find(s, preferred, &spec, err)) {
        voice_shelf_close(out);
        return err->status;
    }
    return ECHO_OK;
}

void voice_shelf_close(struct voice_shelf **shelf)
{
    struct voice_shelf *s = *shelf;
    struct shelved *next;

    *shelf = NULL;
    if (!s)
        return;
    for (struct shelved *e = s->list; e; e = next) {
        next = e->next;
        echo_voice_close(&e->voice);
        free(e);
    }
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* ---- names ---- */

static bool is_of_openai(const char *name)
{
    static const char *const names[] = { "alloy", "ash", "ballad", "coral", "echo", "fable",
                                         "onyx", "nova", "sage", "shimmer", "verse", "marin",
                                         "cedar", "default" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcasecmp(name, names[i]))
            return true;
    return false;
}

bool voice_shelf_has(struct voice_shelf *s, const char *name, struct voice_spec *out)
{
    int i = echo_model_find_voice(s->model, name);
    echo_voice_info info;
    echo_error err;

    *out = (struct voice_spec){ .kind = VOICE_NONE };
    if (!echo_library_find(s->library, name, &info, &err)) {
        out->kind = VOICE_LIBRARY;
        snprintf(out->name, sizeof out->name, "%s", info.name);
    } else if (i >= 0) {
        out->kind = VOICE_MODEL;
        snprintf(out->name, sizeof out->name, "%s", echo_model_voice(s->model, i));
    }
    return out->kind != VOICE_NONE;
}

echo_status voice_shelf_find(struct voice_shelf *s, const char *name, struct voice_spec *out,
                             echo_error *err)
{
    if (voice_shelf_has(s, name, out))
        return ECHO_OK;
    if (!is_of_openai(name))
        return voices_unknown_name(s->model, s->library, name, err);
    *out = voice_shelf_default(s);
    return ECHO_OK;
}

struct voice_spec voice_shelf_default(struct voice_shelf *s)
{
    struct voice_spec spec = { .kind = VOICE_NONE };
    const char *first = echo_model_voice(s->model, 0);
    echo_voice_info *list = NULL;
    int n = 0;

    if (*s->preferred && voice_shelf_has(s, s->preferred, &spec))
        return spec;
    if (first) {
        voice_shelf_has(s, first, &spec);
    } else if (!echo_library_list(s->library, &list, &n, NULL)) {
        for (int i = 0; i < n && !spec.kind; i++)
            if (!*list[i].trouble)
                voice_shelf_has(s, list[i].name, &spec);
        echo_library_list_free(&list);
    }
    return spec;
}

static bool is_kept(const echo_voice_info *list, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (!strcasecmp(list[i].name, name))
            return true;
    return false;
}

void voice_shelf_each(struct voice_shelf *s, voice_shelf_taker *take, void *user)
{
    echo_voice_info *list = NULL;
    const char *name;
    int n = 0;

    if (echo_library_list(s->library, &list, &n, NULL))
        n = 0; /* those of the model can be used all the same */
    for (int i = 0; i < n; i++)
        if (!*list[i].trouble)
            take(user, list[i].name, &list[i]);
    for (int i = 0; (name = echo_model_voice(s->model, i)); i++)
        if (!is_kept(list, n, name))
            take(user, name, NULL);
    echo_library_list_free(&list);
}

/* ---- the shelf ---- */

/* The content that the voice stands for, so that one that was replaced is another. */
static echo_status key_of(struct voice_shelf *s, const struct voice_spec *spec, char *out,
                          size_t size, echo_error *err)
{
    echo_voice_info info;
    XXH128_hash_t hash;
    echo_status status = ECHO_OK;

    if (spec->kind == VOICE_LIBRARY) {
        status = echo_library_find(s->library, spec->name, &info, err);
        if (!status)
            snprintf(out, size, "library %s %s", info.checksum, info.name);
    } else if (spec->kind == VOICE_MODEL) {
        snprintf(out, size, "model %s", spec->name);
    } else {
        hash = XXH3_128bits_withSeed(spec->clip, spec->clip_bytes, s->salt);
        snprintf(out, size, "clip %016llx%016llx", (unsigned long long)hash.high64,
                 (unsigned long long)hash.low64);
    }
    return status;
}

static struct shelved *look_up(struct voice_shelf *s, const char *key)
{
    struct shelved *e;

    pthread_mutex_lock(&s->lock);
    for (e = s->list; e && strcmp(e->key, key); e = e->next)
        ;
    if (e)
        e->users++;
    pthread_mutex_unlock(&s->lock);
    return e;
}

/* Let go of the one that was not used for longest, if there are too many. */
static void tidy(struct voice_shelf *s)
{
    struct shelved **oldest = NULL, *e;
    int idle = 0;

    for (struct shelved **at = &s->list; (e = *at); at = &e->next)
        if (!e->users) {
            idle++;
            if (!oldest || e->used < (*oldest)->used)
                oldest = at;
        }
    if (idle <= KEPT)
        return;
    e = *oldest;
    *oldest = e->next;
    echo_voice_close(&e->voice);
    free(e);
}

static echo_status encode_clip(echo_voice **out, const struct voice_spec *spec,
                               echo_session *session, const echo_encode_opts *opts,
                               echo_error *err)
{
    echo_clips_opts reading = { .lift = opts->lift, .log = opts->log, .user = opts->user };
    echo_encode_opts examined = *opts;
    float *pcm = NULL;
    size_t n = 0;
    echo_status status = upload_read_bytes(&pcm, &n, spec->clip, spec->clip_bytes, &reading,
                                           err);

    examined.examined = true;
    examined.lift = false;
    if (!status)
        status = echo_voice_encode(out, session, pcm, n, ECHO_SAMPLE_RATE, &examined, err);
    echo_audio_free(&pcm);
    return status;
}

static echo_status encode(struct voice_shelf *s, echo_voice **out,
                          const struct voice_spec *spec, echo_session *session,
                          const echo_encode_opts *opts, echo_error *err)
{
    switch (spec->kind) {
    case VOICE_LIBRARY:
        return echo_library_voice(out, s->library, session, spec->name, opts, err);
    case VOICE_MODEL: return echo_voice_named(out, session, spec->name, opts, err);
    default: return encode_clip(out, spec, session, opts, err);
    }
}

echo_status voice_shelf_take(struct voice_shelf *s, const struct voice_spec *spec,
                             echo_session *session, const echo_encode_opts *opts,
                             const echo_voice **out, echo_error *err)
{
    char key[sizeof ((struct shelved *)0)->key];
    struct shelved *e;
    echo_status status;

    *out = NULL;
    if (spec->kind == VOICE_NONE)
        return ECHO_OK;
    if ((status = key_of(s, spec, key, sizeof key, err)))
        return status;
    if (!(e = look_up(s, key))) {
        if (!(e = calloc(1, sizeof *e)))
            return echo_fail(err, ECHO_ERR_MEMORY, "out of memory for a voice");
        if ((status = encode(s, &e->voice, spec, session, opts, err))) {
            free(e);
            return status;
        }
        snprintf(e->key, sizeof e->key, "%s", key);
        e->users = 1;
        pthread_mutex_lock(&s->lock);
        e->next = s->list;
        s->list = e;
        pthread_mutex_unlock(&s->lock);
    }
    *out = e->voice;
    return ECHO_OK;
}

void voice_shelf_return(struct voice_shelf *s, const echo_voice *v)
{
    struct shelved *e;

    if (!v)
        return;
    pthread_mutex_lock(&s->lock);
    for (e = s->list; e->voice != v; e = e->next)
        ;
    e->users--;
    e->used = clock_now();
    tidy(s);
    pthread_mutex_unlock(&s->lock);
}

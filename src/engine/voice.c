/* SPDX-License-Identifier: MIT */
#include "engine/voice.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "audio/audio.h"
#include "base/memory.h"

#define MAX_SAVED_FRAMES 1000000 /* of a file of latents: 13 hours */

echo_status echo_voice_new(echo_voice **out, int frames, int size, int books, echo_error *err)
{
    echo_voice *v = calloc(1, sizeof *v);
    size_t floats = (size_t)frames * (size_t)size, codes = (size_t)frames * (size_t)books;

    *out = NULL;
    if (!v || !(v->latent = calloc(floats, sizeof *v->latent)) ||
        (books && !(v->codes = calloc(codes, sizeof *v->codes)))) {
        echo_voice_close(&v);
        return echo_fail_memory(err, floats * sizeof *v->latent, "a voice");
    }
    v->frames = frames;
    v->size = size;
    v->books = books;
    *out = v;
    return ECHO_OK;
}

void echo_voice_close(echo_voice **voice)
{
    if (!*voice)
        return;
    free((*voice)->latent);
    free((*voice)->codes);
    free(*voice);
    *voice = NULL;
}

const float *echo_voice_latent(const echo_voice *v, int *frames, int *size)
{
    if (frames)
        *frames = v->frames;
    if (size)
        *size = v->size;
    return v->latent;
}

const int32_t *echo_voice_codes(const echo_voice *v, int *books)
{
    if (books)
        *books = v->books;
    return v->codes;
}

/* ---- from sound ---- */

/* Frames that a clip of n samples gives. */
static int frames_of(const echo_model *m, size_t n, bool all)
{
    size_t frame = (size_t)m->codec.frame_samples;
    size_t patch = (size_t)m->dit.encoder[CONTEXT_VOICE].patch;

    return (int)(all ? (n + frame - 1) / frame : n / frame / patch * patch);
}

static echo_status encode(echo_voice **out, echo_session *s, const float *pcm, size_t n,
                          const echo_encode_opts *o, echo_error *err)
{
    const echo_model *m = s->model;
    size_t most = (size_t)VOICE_MAX_FRAMES * (size_t)m->codec.frame_samples;
    echo_voice *v = NULL;
    echo_status status;

    for (size_t i = 0; i < n; i++)
        if (!isfinite(pcm[i]))
            return echo_fail(err, ECHO_ERR_ARG, "the audio has a sample that is not finite "
                                                "(sample %zu)", i);
    int frames = frames_of(m, n < most ? n : most, o->all_frames);

    if (!frames)
        return echo_fail(err, ECHO_ERR_ARG,
                         "the audio is too short: %zu samples at 44.1 kHz, at least %d are "
                         "needed", n,
                         m->codec.frame_samples * m->dit.encoder[CONTEXT_VOICE].patch);
    if ((status = echo_voice_new(&v, frames, m->dit.latent,
                                 o->codes ? m->codec.quantizer.books : 0, err)) ||
        (status = echo_encode(s, v, pcm, n < most ? n : most, o->progress, o->user, err)))
        echo_voice_close(&v);
    *out = v;
    return status;
}

static echo_status encode_at_rate(echo_voice **out, echo_session *s, const float *pcm, size_t n,
                                  int rate, const echo_encode_opts *opts, echo_error *err)
{
    static const echo_encode_opts none = { 0 };
    const echo_encode_opts *o = opts ? opts : &none;
    size_t most = (size_t)ECHO_VOICE_SECONDS * (size_t)rate;
    float *resampled = NULL;
    echo_status status;

    if (n > most)
        n = most;
    if (rate == ECHO_SAMPLE_RATE)
        return encode(out, s, pcm, n, o, err);
    if ((status = echo_audio_resample(&resampled, &n, pcm, n, rate, err)))
        return status;
    status = encode(out, s, resampled, n, o, err);
    echo_free(resampled);
    return status;
}

echo_status echo_voice_encode(echo_voice **out, echo_session *s, const float *pcm, size_t n,
                              int rate, const echo_encode_opts *opts, echo_error *err)
{
    *out = NULL;
    atomic_store(&s->stop, false);
    if (rate < AUDIO_MIN_RATE || rate > AUDIO_MAX_RATE)
        return echo_fail(err, ECHO_ERR_ARG, "a rate of %d Hz, expected %d to %d", rate,
                         AUDIO_MIN_RATE, AUDIO_MAX_RATE);
    return encode_at_rate(out, s, pcm, n, rate, opts, err);
}

/* ---- from and to files ---- */

/* By its beginning: eight bytes of a header's length, of which the upper four are zero, and the
 * header's first brace.  A pipe is left alone: what is read from it is gone. */
static bool is_safetensors(const char *path)
{
    unsigned char head[9];
    struct stat st;
    FILE *f = !stat(path, &st) && S_ISREG(st.st_mode) ? fopen(path, "rb") : NULL;
    bool whole = f && fread(head, 1, sizeof head, f) == sizeof head;

    if (f)
        fclose(f);
    return whole && !memcmp(head + 4, "\0\0\0\0{", 5);
}

static echo_status check_latent(const struct array *a, const char *path, int size,
                                echo_error *err)
{
    if (!a)
        return echo_fail(err, ECHO_ERR_FILE,
                         "%s: no tensor 'latent' in it: not a file of latents", path);
    if (!echo_array_is_float(a))
        return echo_fail(err, ECHO_ERR_FILE,
                         "%s: tensor 'latent' is of type %s, expected F32, BF16 or F16", path,
                         echo_array_type_name(a->type));
    if (a->dims < 2 || a->dims > 3 || (a->dims == 3 && a->shape[0] != 1))
        return echo_fail(err, ECHO_ERR_FILE,
                         "%s: tensor 'latent' is not of shape 1 x frames x %d", path, size);
    int64_t frames = a->shape[a->dims - 2], width = a->shape[a->dims - 1];

    if (width != size)
        return echo_fail(err, ECHO_ERR_FILE,
                         "%s: its latents have %lld numbers a frame, the model's %d: they were "
                         "made with another model", path, (long long)width, size);
    if (frames < 1 || frames > MAX_SAVED_FRAMES)
        return echo_fail(err, ECHO_ERR_FILE, "%s: %lld frames, expected 1 to %d", path,
                         (long long)frames, MAX_SAVED_FRAMES);
    size_t bad = echo_array_not_finite(a);

    if (bad < a->count)
        return echo_fail(err, ECHO_ERR_FILE,
                         "%s: tensor 'latent' has a number that is not finite (number %zu)",
                         path, bad);
    return ECHO_OK;
}

static echo_status load_latents(echo_voice **out, const echo_model *m, const char *path,
                                echo_error *err)
{
    struct safetensors *f = NULL;
    echo_status s = echo_safetensors_open(&f, path, err);

    if (s)
        return s;
    const struct array *a = echo_safetensors_find(f, "latent");

    if (!(s = check_latent(a, path, m->dit.latent, err)) &&
        !(s = echo_voice_new(out, (int)a->shape[a->dims - 2], m->dit.latent, 0, err)))
        echo_array_floats(a, 0, a->count, (*out)->latent);
    echo_safetensors_close(&f);
    return s;
}

echo_status echo_voice_open(echo_voice **out, echo_session *s, const char *path,
                            const echo_encode_opts *opts, echo_error *err)
{
    float *pcm = NULL;
    size_t n;
    echo_status status;
    echo_error why = { 0 };

    *out = NULL;
    atomic_store(&s->stop, false);
    if (is_safetensors(path))
        return load_latents(out, s->model, path, err);
    if ((status = echo_audio_load(&pcm, &n, path, ECHO_VOICE_SECONDS, err)))
        return status;
    status = encode_at_rate(out, s, pcm, n, ECHO_SAMPLE_RATE, opts, &why);
    echo_free(pcm);
    if (status == ECHO_ERR_ARG) /* what is wrong is in the file */
        return echo_fail(err, ECHO_ERR_FILE, "%s: %s", path, why.text);
    if (status && err)
        *err = why;
    return status;
}

echo_status echo_voice_from_latent(echo_voice **out, const float *latent, int frames, int size,
                                   echo_error *err)
{
    echo_status s;

    *out = NULL;
    if (frames < 1 || frames > MAX_SAVED_FRAMES || size < 1 || size > 65536)
        return echo_fail(err, ECHO_ERR_ARG, "latents of %d frames of %d numbers", frames, size);
    size_t n = (size_t)frames * (size_t)size;

    for (size_t i = 0; i < n; i++)
        if (!isfinite(latent[i]))
            return echo_fail(err, ECHO_ERR_ARG, "the latents have a number that is not finite "
                                                "(number %zu)", i);
    if ((s = echo_voice_new(out, frames, size, 0, err)))
        return s;
    memcpy((*out)->latent, latent, n * sizeof *latent);
    return ECHO_OK;
}

echo_status echo_voice_save(const echo_voice *v, const char *path, echo_error *err)
{
    struct array arrays[2] = {
        { .name = "latent", .type = ARRAY_F32, .dims = 3, .shape = { 1, v->frames, v->size },
          .data = v->latent },
        { .name = "codes", .type = ARRAY_I32, .dims = 2, .shape = { v->books, v->frames },
          .data = v->codes },
    };

    return echo_safetensors_write(path, arrays, v->codes ? 2 : 1, NULL, NULL, NULL, err);
}

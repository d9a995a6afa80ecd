/* SPDX-License-Identifier: MIT */
#include "engine/voice.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/memory.h"
#include "base/signature.h"
#include "engine/identity.h"
#include "engine/voice_cache.h"

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

uint64_t echo_voice_identity(const echo_voice *v)
{
    size_t floats = (size_t)v->frames * (size_t)v->size;
    uint64_t hash = XXH3_64bits(v->latent, floats * sizeof *v->latent);

    return hash ? hash : 1;
}

echo_status echo_voice_fits(const echo_voice *v, const echo_model *m, echo_error *err)
{
    int patch = m->dit.encoder[CONTEXT_SPEAKER].patch;

    if (v->size != m->dit.latent)
        return echo_fail_field(err, "voice",
                               "the voice has latents of size %d, the model's are %d: it was "
                               "made with another model",
                               v->size, m->dit.latent);
    if (v->frames < patch || v->frames > VOICE_MAX_FRAMES)
        return echo_fail_field(err, "voice", "the voice has %d frames, expected %d to %d",
                               v->frames, patch, VOICE_MAX_FRAMES);
    return ECHO_OK;
}

double echo_voice_seconds(const echo_model *m, int frames)
{
    return (double)frames * m->codec.frame_samples / ECHO_SAMPLE_RATE;
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

/* ---- latents, from and to files ---- */

/* "'H_spk' F32 1x100x80": what is there instead of what was looked for. */
static void list_tensors(char *out, size_t size, const struct safetensors *f)
{
    size_t at = 0;

    *out = 0;
    for (size_t i = 0; i < f->n && i < 3 && at + 1 < size; i++) {
        const struct array *a = &f->arrays[i];

        at += (size_t)snprintf(out + at, size - at, "%s'%.60s' %s", i ? ", " : "", a->name,
                               echo_array_type_name(a->type));
        for (int d = 0; d < a->dims && at + 1 < size; d++)
            at += (size_t)snprintf(out + at, size - at, "%s%lld", d ? "x" : " ",
                                   (long long)a->shape[d]);
    }
    if (f->n > 3 && at + 1 < size)
        snprintf(out + at, size - at, " and %zu more", f->n - 3);
}

static echo_status check_latent(const struct safetensors *f, const struct array *a, int size,
                                echo_error *err)
{
    const char *path = f->path;
    char there[400];

    if (!a) {
        list_tensors(there, sizeof there, f);
        return echo_fail(err, ECHO_ERR_FILE,
                         "%s: no tensor 'latent' in it but %s: latents are expected as "
                         "'latent', float, 1 x frames x %d",
                         path, *there ? there : "none", size);
    }
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
                         "%s: its latents have size %lld, the model's %d: they were made with "
                         "another model",
                         path, (long long)width, size);
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

static echo_status take_latents(echo_voice **out, const echo_model *m,
                                const struct safetensors *f, int most, echo_error *err)
{
    const struct array *a = echo_safetensors_find(f, "latent");
    echo_status s;

    if ((s = check_latent(f, a, m->dit.latent, err)) ||
        (s = echo_identity_check(m, echo_safetensors_note(f, CODEC_NOTE), f->path, err)))
        return s;
    int frames = (int)a->shape[a->dims - 2];

    if (most && frames > most)
        return echo_fail(err, ECHO_ERR_FILE,
                         "%s: %d frames long (%.1f s), at most %d (%.1f s) can be taken",
                         f->path, frames, echo_voice_seconds(m, frames), most,
                         echo_voice_seconds(m, most));
    if ((s = echo_voice_new(out, frames, m->dit.latent, 0, err)))
        return s;
    echo_array_floats(a, 0, a->count, (*out)->latent);
    return ECHO_OK;
}

/* A voice file; opts NULL: its clip is not wanted. */
static echo_status take_voice(echo_voice **out, echo_session *s, const struct safetensors *f,
                              const echo_encode_opts *opts, echo_error *err)
{
    struct voice_file v = { 0 };
    echo_status status = echo_voice_file_parse(&v, f, err);

    if (status)
        return status;
    if (!opts && !v.about.latents)
        return echo_fail(err, ECHO_ERR_FILE, "%s: is a voice with a recording; latents are "
                                             "wanted here, as `echotts encode` writes them",
                         f->path);
    return echo_voice_of_file(out, s, &v, opts, err);
}

/* Saved latents, or a voice file. */
static echo_status load_saved(echo_voice **out, echo_session *s, struct source *in,
                              const echo_encode_opts *opts, echo_error *err)
{
    const unsigned char *data;
    struct safetensors *f;
    struct file_map map;
    echo_status status;

    if ((status = echo_source_spool(in, err)) ||
        (status = echo_source_map(in, &map, &data, err)))
        return status;
    if (!(status = echo_safetensors_parse(&f, in->name, data, (size_t)in->bytes, err))) {
        status = echo_voice_file_is(f)
                     ? take_voice(out, s, f, opts, err)
                     : take_latents(out, s->model, f, opts ? opts->max_frames : 0, err);
        echo_safetensors_close(&f);
    }
    echo_map_close(&map);
    return status;
}

static struct signature kind_of(struct source *in)
{
    char head[SIGNATURE_BYTES];

    return echo_signature(head, echo_source_read(in, 0, head, sizeof head));
}

echo_status echo_voice_read(echo_voice **out, echo_session *s, struct source *in,
                            const echo_encode_opts *opts, echo_error *err)
{
    static const echo_encode_opts none = { 0 };

    *out = NULL;
    if (kind_of(in).kind == SIGNATURE_SAFETENSORS)
        return load_saved(out, s, in, opts ? opts : &none, err);
    return echo_clip_read(out, s, in, opts, err);
}

echo_status echo_voice_open(echo_voice **out, echo_session *s, const char *path,
                            const echo_encode_opts *opts, echo_error *err)
{
    struct source in;
    echo_status status;

    *out = NULL;
    if ((status = echo_session_begin(s, opts ? opts->log : NULL, opts ? opts->user : NULL,
                                     err)))
        return status;
    if (!(status = echo_source_open(&in, path, &s->stop, err)))
        status = echo_voice_read(out, s, &in, opts, err);
    echo_source_close(&in);
    return echo_session_end(s, status);
}

/* Before an endless pipe is read: only the reader of a file says what is wrong in it. */
static echo_status refuse_others(struct source *in, echo_error *err)
{
    struct signature s = kind_of(in);
    char line[160];

    if (s.kind == SIGNATURE_SOUND || s.kind == SIGNATURE_MPEG || s.kind == SIGNATURE_MEDIA)
        return echo_fail(err, ECHO_ERR_FILE,
                         "%s: is audio (%s); latents are wanted here, as `echotts encode` "
                         "writes them",
                         in->name, s.what);
    if (s.kind == SIGNATURE_SAFETENSORS || !in->is_stream)
        return ECHO_OK;
    if (!s.what)
        return echo_fail(err, ECHO_ERR_FILE, "%s: not a safetensors file", in->name);
    echo_signature_line(line, sizeof line, s, "safetensors");
    return echo_fail(err, ECHO_ERR_FILE, "%s: this is %s", in->name, line);
}

echo_status echo_voice_load(echo_voice **out, echo_session *s, const char *path,
                            echo_error *err)
{
    struct source in;
    echo_status status;

    *out = NULL;
    if ((status = echo_session_begin(s, NULL, NULL, err)))
        return status;
    if (!(status = echo_source_open(&in, path, &s->stop, err)) &&
        !(status = refuse_others(&in, err)))
        status = load_saved(out, s, &in, NULL, err);
    echo_source_close(&in);
    return echo_session_end(s, status);
}

echo_status echo_voice_from_latent(echo_voice **out, const float *latent, int frames, int size,
                                   echo_error *err)
{
    echo_status s;

    *out = NULL;
    if (frames < 1 || frames > MAX_SAVED_FRAMES || size < 1 || size > 65536)
        return echo_fail(err, ECHO_ERR_ARG, "latents of %d frames, size %d", frames, size);
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
    char codec[IDENTITY_TEXT];
    json_t *notes = NULL;
    echo_status s;

    echo_identity_text(codec, v->codec);
    if (v->codec && !(notes = json_pack("{s:s}", CODEC_NOTE, codec)))
        return echo_fail_memory(err, sizeof codec, "a note");
    s = echo_safetensors_write(path, arrays, v->codes ? 2 : 1, notes, NULL, NULL, err);
    json_decref(notes);
    return s;
}

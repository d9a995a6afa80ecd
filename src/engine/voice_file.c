/* SPDX-License-Identifier: MIT */
#include "engine/voice_file.h"

#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "audio/audio.h"
#include "audio/flac.h"
#include "base/error.h"
#include "base/signature.h"
#include "engine/voice_name.h"

#define FORMAT_NOTE "echotts_voice"
#define FORMAT      "1"
#define HEADER_MOST ((uint64_t)64 << 10)
#define MOST_FRAMES 100000 /* of latents: an hour and a quarter */

/* The notes that are text as they stand. */
static const struct {
    const char *name;
    size_t at, size;
} texts[] = {
#define TEXT(field) { #field, offsetof(echo_voice_info, field), \
                      sizeof ((echo_voice_info *)0)->field }
    TEXT(name), TEXT(consent), TEXT(license), TEXT(source), TEXT(added), TEXT(codec),
#undef TEXT
};

enum { TEXTS = sizeof texts / sizeof *texts };

static char *text_at(echo_voice_info *about, int i)
{
    return (char *)about + texts[i].at;
}

/* ---- the checksum ---- */

/* Of the data, after text that belongs to it. */
static void hash(char out[VOICE_CONTENT], const char *text, const struct array *a)
{
    XXH128_hash_t h = XXH3_128bits_withSeed(a->data, a->bytes,
                                            XXH3_64bits(text, strlen(text)));

    snprintf(out, VOICE_CONTENT, "%016llx%016llx", (unsigned long long)h.high64,
             (unsigned long long)h.low64);
}

void echo_voice_file_content(char out[VOICE_CONTENT], const struct voice_file *v)
{
    hash(out, v->array.name, &v->array);
}

/* Over the notes in order, the shape and the data.  False without memory. */
static bool checksum(char out[VOICE_CONTENT], const json_t *notes, const struct array *a)
{
    json_t *all = json_copy((json_t *)(uintptr_t)notes);
    json_t *shape = json_sprintf("%s %lld %lld", a->name, (long long)a->shape[0],
                                 a->dims > 1 ? (long long)a->shape[1] : 0);
    char *text = NULL;

    json_object_del(all, "checksum");
    if (!json_object_set_new(all, "", shape))
        text = json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(all);
    if (!text)
        return false;
    hash(out, text, a);
    free(text);
    return true;
}

/* ---- reading ---- */

bool echo_voice_file_is(const struct safetensors *f)
{
    return json_object_get(f->notes, FORMAT_NOTE) != NULL;
}

__attribute__((format(printf, 3, 4))) static echo_status
bad(const struct voice_file *v, echo_error *err, const char *fmt, ...)
{
    char why[240];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    return echo_fail(err, ECHO_ERR_FILE, "%.600s: no sound voice file: %s", v->path, why);
}

static echo_status take_notes(struct voice_file *v, const json_t *notes, echo_error *err)
{
    const char *format = json_string_value(json_object_get(notes, FORMAT_NOTE));
    const char *key;
    const json_t *note;

    if (!format || strcmp(format, FORMAT))
        return bad(v, err, "its format is '%.20s', and %s is read here; a newer version may "
                           "read it", format ? format : "?", FORMAT);
    json_object_foreach((json_t *)(uintptr_t)notes, key, note)
        if (!json_is_string(note))
            return bad(v, err, "the note '%.40s' is no text", key);
    for (int i = 0; i < TEXTS; i++) {
        const char *text = json_string_value(json_object_get(notes, texts[i].name));

        if (!text || !echo_voice_is_line(text, texts[i].size))
            return bad(v, err, "the note '%s' is %s", texts[i].name,
                       text ? "no line of text, or too long" : "missing");
        strcpy(text_at(&v->about, i), text);
    }
    return ECHO_OK;
}

static echo_status take_numbers(struct voice_file *v, const json_t *notes, echo_error *err)
{
    const char *seconds = json_string_value(json_object_get(notes, "seconds"));
    const char *sum = json_string_value(json_object_get(notes, "checksum"));
    char name[ECHO_VOICE_NAME], *end;

    v->about.seconds = seconds ? strtod(seconds, &end) : NAN;
    if (!seconds || !*seconds || *end || !(v->about.seconds >= 0 && v->about.seconds < 1e6))
        return bad(v, err, "the note 'seconds' is no number");
    if (!sum || strlen(sum) != VOICE_CONTENT - 1 ||
        strspn(sum, "0123456789abcdef") != VOICE_CONTENT - 1)
        return bad(v, err, "the note 'checksum' is not %d digits", VOICE_CONTENT - 1);
    strcpy(v->about.checksum, sum);
    if (echo_voice_name(name, v->about.name, NULL) || strcmp(name, v->about.name))
        return bad(v, err, "'%.100s' cannot be a voice's name", v->about.name);
    return ECHO_OK;
}

static bool is_latent(const struct array *a)
{
    return !strcmp(a->name, "latent") && a->type == ARRAY_F32 && a->dims == 3 &&
           a->shape[0] == 1 && a->shape[1] > 0 && a->shape[1] <= MOST_FRAMES &&
           a->shape[2] > 0 && a->shape[2] <= 65536;
}

echo_status echo_voice_file_parse(struct voice_file *v, const struct safetensors *f,
                                  echo_error *err)
{
    echo_status s;

    v->path = f->path;
    v->about.bytes = f->bytes;
    if (!json_is_object(f->notes))
        return bad(v, err, "it has no notes");
    v->notes = f->notes;
    if ((s = take_notes(v, f->notes, err)) || (s = take_numbers(v, f->notes, err)))
        return s;
    if (f->n != 1)
        return bad(v, err, "there are %zu arrays in it, and there should be one", f->n);
    v->array = f->arrays[0];
    v->about.latents = is_latent(&v->array);
    if (!v->about.latents && (strcmp(v->array.name, "clip") || v->array.type != ARRAY_U8 ||
                              v->array.dims != 1 || !v->array.bytes))
        return bad(v, err, "there is neither a clip in it nor latents");
    return ECHO_OK;
}

/* The length of the header, which may be of a file of any kind. */
static echo_status check_header(const struct voice_file *v, struct source *in, uint64_t *header,
                                echo_error *err)
{
    unsigned char head[SIGNATURE_BYTES];
    size_t n = echo_source_read(in, 0, head, sizeof head);
    struct signature kind = echo_signature(head, n);

    *header = 0;
    for (size_t i = 0; i < 8 && n > 8; i++)
        *header |= (uint64_t)head[i] << 8 * i;
    if (kind.kind == SIGNATURE_SAFETENSORS && *header <= HEADER_MOST &&
        *header <= in->bytes - 8)
        return ECHO_OK;
    if (kind.what && kind.kind != SIGNATURE_SAFETENSORS)
        return echo_fail(err, ECHO_ERR_FILE, "%s: is %s, and no voice file", v->path,
                         kind.what);
    return bad(v, err, "its beginning is damaged, or it is cut short");
}

echo_status echo_voice_file_read(struct voice_file *v, struct source *in, bool notes_only,
                                 echo_error *err)
{
    uint64_t header = 0, wanted;
    echo_status s;

    *v = (struct voice_file){ .path = in->name };
    if ((s = echo_source_spool(in, err)) || (s = check_header(v, in, &header, err)))
        return s;
    if (in->bytes > VOICE_FILE_MOST)
        return bad(v, err, "it has %llu MiB, and %d are the most",
                   (unsigned long long)in->bytes >> 20, (int)(VOICE_FILE_MOST >> 20));
    wanted = notes_only ? 8 + header : in->bytes;
    if (!(v->bytes = calloc(1, (size_t)in->bytes))) /* untouched pages cost nothing */
        return echo_fail_memory(err, (size_t)in->bytes, in->name);
    if (echo_source_read(in, 0, v->bytes, (size_t)wanted) < wanted)
        return bad(v, err, "it cannot be read to its end");
    if ((s = echo_safetensors_parse(&v->file, in->name, v->bytes, (size_t)in->bytes, err)))
        return s;
    if (!echo_voice_file_is(v->file))
        return bad(v, err, "it is another kind of safetensors file");
    return echo_voice_file_parse(v, v->file, err);
}

void echo_voice_file_close(struct voice_file *v)
{
    echo_safetensors_close(&v->file);
    free(v->bytes);
    *v = (struct voice_file){ 0 };
}

/* ---- looking closer ---- */

echo_status echo_voice_file_sound(const struct voice_file *v, float **pcm, size_t *n,
                                  echo_error *err)
{
    *pcm = NULL;
    if (!echo_flac_is(v->array.data, v->array.bytes)) /* nothing else reaches a decoder */
        return bad(v, err, "its clip is not FLAC");
    return echo_audio_load_memory(pcm, n, v->array.data, v->array.bytes, v->path,
                                  ECHO_VOICE_SECONDS, err);
}

echo_status echo_voice_file_verify(const struct voice_file *v, echo_error *err)
{
    char sum[VOICE_CONTENT];

    if (!checksum(sum, v->notes, &v->array))
        return echo_fail_memory(err, HEADER_MOST, v->path);
    if (strcmp(sum, v->about.checksum))
        return bad(v, err, "it does not match its checksum, so it is damaged");
    if (!v->about.latents && !echo_flac_is(v->array.data, v->array.bytes))
        return bad(v, err, "its clip is not FLAC");
    if (v->about.latents && echo_array_not_finite(&v->array) < v->array.count)
        return bad(v, err, "its latents have a number that is not finite");
    return ECHO_OK;
}

/* ---- writing ---- */

/* NULL without memory. */
static json_t *notes_of(const struct voice_file *v)
{
    echo_voice_info about = v->about;
    json_t *notes = json_pack("{s:s}", FORMAT_NOTE, FORMAT);
    char text[VOICE_CONTENT];

    for (int i = 0; i < TEXTS; i++)
        if (json_object_set_new(notes, texts[i].name, json_string(text_at(&about, i))))
            goto fail;
    snprintf(text, sizeof text, "%.2f", about.seconds);
    if (json_object_set_new(notes, "seconds", json_string(text)) ||
        !checksum(text, notes, &v->array) ||
        json_object_set_new(notes, "checksum", json_string(text)))
        goto fail;
    return notes;
fail:
    json_decref(notes);
    return NULL;
}

echo_status echo_voice_file_write(const char *path, struct voice_file *v, echo_error *err)
{
    json_t *notes = notes_of(v);
    echo_status s;

    if (!notes)
        return echo_fail_memory(err, HEADER_MOST, "the notes of a voice");
    strcpy(v->about.checksum, json_string_value(json_object_get(notes, "checksum")));
    s = echo_safetensors_write(path, &v->array, 1, notes, NULL, NULL, err);
    json_decref(notes);
    return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * pack.c - a model in one file, with the weights as products want them.
 *
 * The model is opened as ever, with a recorder that notes what is bound: the
 * file is these arrays, panels first, and opening it binds them by the same code.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "engine/model.h"

struct packing {
    const struct recorder *recorder;
    const char *model;    /* its name */
    struct array *arrays; /* of the file */
    size_t *first;        /* the item that begins each of them */
    size_t n;
    bool (*progress)(void *user, double done);
    void *user;
    double done, total; /* bytes */
};

/* Item i goes on with the rows of the one before it. */
static bool goes_on(const struct recorder *r, size_t i)
{
    return i > 0 && !strcmp(r->items[i].name, r->items[i - 1].name);
}

/* A tensor bound in stretches of rows is one array; one that is not packed is one anyway. */
static void add_item(struct packing *p, size_t i)
{
    const struct bound *b = &p->recorder->items[i];
    struct array *a = &p->arrays[p->n];

    if (!goes_on(p->recorder, i)) {
        *a = b->array;
        a->name = b->name;
        p->first[p->n++] = i;
    } else if (echo_array_is_panels(&b->array)) {
        a[-1].shape[0] += b->array.shape[0];
        a[-1].bytes += b->array.bytes;
    }
}

static void list_arrays(struct packing *p, bool panels)
{
    for (size_t i = 0; i < p->recorder->n; i++)
        if (echo_array_is_panels(&p->recorder->items[i].array) == panels)
            add_item(p, i);
}

/* The bytes of an array: those of its items, one after the other. */
static const struct bound *piece_of(const struct packing *p, size_t index, size_t piece)
{
    size_t i = p->first[index] + piece;
    bool same = i < p->recorder->n && (!piece || goes_on(p->recorder, i));

    return same && (!piece || echo_array_is_panels(&p->arrays[index])) ? &p->recorder->items[i]
                                                                       : NULL;
}

static bool advance(struct packing *p, size_t bytes)
{
    p->done += (double)bytes;
    return !p->progress || p->progress(p->user, p->done / p->total);
}

/* NaN and infinity are refused now: in packed form verify could not name the element. */
static bool is_sound(const struct bound *b)
{
    struct array a = b->array;

    a.count = echo_array_is_panels(&a) ? 1 : a.count;
    return !(echo_array_is_panels(&a) || echo_array_is_float(&a)) ||
           echo_array_not_finite(&a) == a.count;
}

static echo_status add_checksums(struct packing *p, const char *path, echo_error *err)
{
    XXH3_state_t *state = XXH3_createState();
    const struct bound *b;

    if (!state)
        return echo_fail_memory(err, sizeof state, "a checksum");
    for (size_t i = 0; i < p->n; i++) {
        XXH3_64bits_reset(state);
        for (size_t piece = 0; (b = piece_of(p, i, piece)); piece++) {
            XXH3_64bits_update(state, b->array.data, b->array.bytes);
            if (is_sound(b))
                continue;
            XXH3_freeState(state);
            return echo_fail(err, ECHO_ERR_FILE, "%s: tensor '%s' has a number that is not "
                                                 "finite: the file is damaged",
                             p->model, p->arrays[i].name);
        }
        p->arrays[i].checksum = XXH3_64bits_digest(state);
        p->arrays[i].data = NULL; /* fill() has it */
        if (!advance(p, p->arrays[i].bytes)) {
            XXH3_freeState(state);
            return echo_fail(err, ECHO_ERR_CANCELLED, "%s: writing was cancelled", path);
        }
    }
    XXH3_freeState(state);
    return ECHO_OK;
}

static bool fill(void *user, size_t index, struct file_out *out)
{
    struct packing *p = user;
    const struct bound *b;

    for (size_t piece = 0; (b = piece_of(p, index, piece)); piece++)
        echo_out_write(out, b->array.data, b->array.bytes);
    return advance(p, p->arrays[index].bytes);
}

/* The contents of a text file, or NULL. */
static char *text_of(const char *path)
{
    struct file_map map;
    char *text = NULL;

    if (!path || echo_map_open(&map, path, NULL))
        return NULL;
    if (map.data && (text = malloc(map.bytes + 1))) {
        memcpy(text, map.data, map.bytes);
        text[map.bytes] = 0;
    }
    echo_map_close(&map);
    return text;
}

/* NULL without memory. */
static json_t *notes_of(const echo_model *m)
{
    echo_model_info info = echo_model_describe(m);
    json_t *notes = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", PACK_FORMAT_NOTE, PACK_FORMAT,
                              "precision", info.precision, "codec_precision",
                              info.codec_precision, "echo_dtype", info.echo_dtype, "dac_dtype",
                              info.dac_dtype, "packed_by", echo_version());
    char *settings = text_of(m->files.settings);

    if (notes && m->files.settings &&
        (!settings || json_object_set_new(notes, "settings", json_string(settings)))) {
        json_decref(notes);
        notes = NULL;
    }
    free(settings);
    return notes;
}

/* The clips of the model's voices, as they lie on the disk, are items like all others. */
static echo_status add_voices(struct recorder *r, struct file_map *maps, const echo_model *m,
                              echo_error *err)
{
    size_t room = r->n + (size_t)m->voices.n;
    struct bound *items = realloc(r->items, (room + 1) * sizeof *items);
    echo_status s = ECHO_OK;

    if (!items)
        return echo_fail_memory(err, room * sizeof *items, "a list of tensors");
    r->items = items;
    r->room = room + 1;
    for (int i = 0; i < m->voices.n && !s; i++) {
        const struct named_clip *clip = &m->voices.clips[i];
        struct bound *b = &r->items[r->n];

        if ((s = echo_map_open(&maps[i], clip->path, err)))
            break;
        *b = (struct bound){ .array = { .type = ARRAY_U8, .dims = 1,
                                        .shape = { (int64_t)maps[i].bytes },
                                        .data = maps[i].data, .bytes = maps[i].bytes } };
        if ((size_t)snprintf(b->name, sizeof b->name, VOICE_ARRAY "%s", clip->name) >=
            sizeof b->name)
            s = echo_fail(err, ECHO_ERR_FILE, "%s: the name is too long to be packed",
                          clip->path);
        r->n++;
    }
    return s;
}

static echo_status write_file(struct packing *p, struct recorder *recorder,
                              const echo_model *m, const char *path, echo_error *err)
{
    struct file_map *maps = calloc((size_t)m->voices.n + 1, sizeof *maps);
    json_t *notes = notes_of(m);
    echo_status s;

    p->recorder = recorder;
    p->model = m->files.dir;
    if (!maps) {
        s = echo_fail_memory(err, sizeof *maps, "a list of voices");
        goto done;
    }
    if ((s = add_voices(recorder, maps, m, err)))
        goto done;
    p->arrays = calloc(p->recorder->n, sizeof *p->arrays);
    p->first = calloc(p->recorder->n, sizeof *p->first);
    if (!notes || !p->arrays || !p->first) {
        s = echo_fail_memory(err, p->recorder->n * sizeof *p->arrays, "a list of tensors");
        goto done;
    }
    list_arrays(p, true);
    list_arrays(p, false);
    for (size_t i = 0; i < p->n; i++)
        p->total += 2 * (double)p->arrays[i].bytes;
    if (!(s = add_checksums(p, path, err)))
        s = echo_safetensors_write(path, p->arrays, p->n, notes, fill, p, err);
done:
    json_decref(notes);
    for (int i = 0; maps && i < m->voices.n; i++)
        echo_map_close(&maps[i]);
    free(maps);
    free(p->arrays);
    free(p->first);
    return s;
}

echo_status echo_model_pack(const char *path, const char *out, const echo_model_opts *opts,
                            echo_error *err)
{
    echo_model_opts o = opts ? *opts : (echo_model_opts){ 0 };
    struct recorder recorder = { 0 };
    struct packing p = { .progress = o.progress, .user = o.user };
    echo_model *m = NULL;
    echo_status s;

    if (!o.precision || !*o.precision || !strcmp(o.precision, "auto"))
        o.precision = "bf16"; /* what the published weights are stored in */
    if (!strcmp(o.precision, "f32"))
        return echo_fail(err, ECHO_ERR_ARG, "a model is packed in bf16 or int8: in float32 it "
                                            "would be twice as large as its files");
    if ((s = echo_model_open_recording(&m, path, &o, &recorder, err)))
        goto done;
    if (m->packed)
        s = echo_fail(err, ECHO_ERR_ARG, "%s is packed already: name the directory of the "
                                         "original files", m->files.dir);
    else
        s = write_file(&p, &recorder, m, out, err);
done:
    echo_model_close(&m);
    free(recorder.items);
    return s;
}

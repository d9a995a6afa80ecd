/* SPDX-License-Identifier: MIT */
/*
 * pack.c - a model in one file, with the weights as matmuls want them.
 *
 * The model is opened as ever, on the CPU, whose panels are the format.  What is bound is
 * noted: the file is these arrays, panels first, and opening it binds them by the same code.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "engine/model.h"

/* An array that was bound: as it is, or as panels. */
struct item {
    char name[264];
    struct array array; /* its name is not set; of panels, of one part of its rows */
};

struct packing {
    struct item *items;
    size_t n_items, capacity;
    const char *model;    /* its name */
    struct array *arrays; /* of the file */
    size_t *first;        /* the item that begins each of them */
    size_t n;
    bool (*progress)(void *user, double done);
    void *user;
    double done, total; /* bytes */
};

/* ---- what is bound ---- */

static echo_status add_item(struct packing *p, const char *name, const struct array *a,
                            echo_error *err)
{
    if (p->n_items == p->capacity) {
        size_t capacity = p->capacity ? 2 * p->capacity : 1024;
        struct item *more = realloc(p->items, capacity * sizeof *more);

        if (!more)
            return echo_fail_memory(err, capacity * sizeof *more, "a list of tensors");
        p->items = more;
        p->capacity = capacity;
    }
    struct item *item = &p->items[p->n_items++];

    item->array = *a;
    if ((size_t)snprintf(item->name, sizeof item->name, "%s", name) >= sizeof item->name)
        return echo_fail(err, ECHO_ERR_FILE, "%s: the name is too long to be packed", name);
    return ECHO_OK;
}

static echo_status bound(void *user, const char *name, const struct array *a,
                         const struct weight *w, echo_error *err)
{
    static const enum array_type types[] = { [DT_F32] = ARRAY_PANELS_F32,
                                             [DT_BF16] = ARRAY_PANELS_BF16,
                                             [DT_I8] = ARRAY_PANELS_I8 };

    if (!w)
        return add_item(user, name, a, err);
    struct array panels = { .type = types[w->dtype], .dims = 2, .shape = { w->n, w->k },
                            .data = w->bytes.host };

    panels.bytes = echo_array_bytes(&panels);
    return add_item(user, name, &panels, err);
}

/* ---- the arrays of the file ---- */

/* Item i goes on with the rows of the one before it. */
static bool goes_on(const struct packing *p, size_t i)
{
    return i > 0 && !strcmp(p->items[i].name, p->items[i - 1].name);
}

/* A tensor bound in parts is one array; one that is not packed is one anyway. */
static void add_array(struct packing *p, size_t i)
{
    const struct item *item = &p->items[i];
    struct array *a = &p->arrays[p->n];

    if (!goes_on(p, i)) {
        *a = item->array;
        a->name = item->name;
        p->first[p->n++] = i;
    } else if (echo_array_is_panels(&item->array)) {
        a[-1].shape[0] += item->array.shape[0];
        a[-1].bytes += item->array.bytes;
    }
}

static void list_arrays(struct packing *p, bool panels)
{
    for (size_t i = 0; i < p->n_items; i++)
        if (echo_array_is_panels(&p->items[i].array) == panels)
            add_array(p, i);
}

/* The bytes of an array: those of its items, one after the other. */
static const struct item *piece_of(const struct packing *p, size_t index, size_t piece)
{
    size_t i = p->first[index] + piece;
    bool same = i < p->n_items && (!piece || goes_on(p, i));

    return same && (!piece || echo_array_is_panels(&p->arrays[index])) ? &p->items[i] : NULL;
}

static bool advance(struct packing *p, size_t bytes)
{
    p->done += (double)bytes;
    return !p->progress || p->progress(p->user, p->done / p->total);
}

/* NaN and infinity are refused now: in packed form verify could not name the element. */
static bool is_sound(const struct item *b)
{
    struct array a = b->array;

    a.count = echo_array_is_panels(&a) ? 1 : a.count;
    return !(echo_array_is_panels(&a) || echo_array_is_float(&a)) ||
           echo_array_not_finite(&a) == a.count;
}

static echo_status add_checksums(struct packing *p, const char *path, echo_error *err)
{
    XXH3_state_t *state = XXH3_createState();
    const struct item *b;

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
    const struct item *b;

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
static echo_status add_voices(struct packing *p, struct file_map *maps, const echo_model *m,
                              echo_error *err)
{
    echo_status s = ECHO_OK;
    char name[1100];

    for (int i = 0; i < m->voices.n && !s; i++) {
        const struct named_clip *clip = &m->voices.clips[i];

        if ((s = echo_map_open(&maps[i], clip->path, err)))
            break;
        snprintf(name, sizeof name, VOICE_ARRAY "%s", clip->name);
        s = add_item(p, name, &(struct array){ .type = ARRAY_U8, .dims = 1,
                                               .shape = { (int64_t)maps[i].bytes },
                                               .data = maps[i].data, .bytes = maps[i].bytes },
                     err);
    }
    return s;
}

static echo_status write_file(struct packing *p, const echo_model *m, const char *path,
                              echo_error *err)
{
    struct file_map *maps = calloc((size_t)m->voices.n + 1, sizeof *maps);
    json_t *notes = notes_of(m);
    echo_status s;

    p->model = m->files.dir;
    if (!maps) {
        s = echo_fail_memory(err, sizeof *maps, "a list of voices");
        goto done;
    }
    if ((s = add_voices(p, maps, m, err)))
        goto done;
    p->arrays = calloc(p->n_items, sizeof *p->arrays);
    p->first = calloc(p->n_items, sizeof *p->first);
    if (!notes || !p->arrays || !p->first) {
        s = echo_fail_memory(err, p->n_items * sizeof *p->arrays, "a list of tensors");
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

static echo_status elsewhere(const char *option, const char *device, echo_error *err)
{
    return echo_fail_at(err, ECHO_ERR_DEVICE, option,
                        "a model is packed on the CPU, not on '%.40s'", device);
}

echo_status echo_model_pack(const char *path, const char *out, const echo_model_opts *opts,
                            echo_error *err)
{
    echo_model_opts o = opts ? *opts : (echo_model_opts){ 0 };
    struct packing p = { .progress = o.progress, .user = o.user };
    struct bind_observer observer = { .bound = bound, .user = &p };
    echo_model *m = NULL;
    echo_status s;

    if (echo_is_auto(o.precision))
        o.precision = "bf16"; /* what the published weights are stored in */
    if (!strcmp(o.precision, "f32"))
        return echo_fail_field(err, "precision",
                               "a model is packed in bf16 or int8: in float32 it would be "
                               "twice as large as its files");
    if (!echo_device_same(o.device, "cpu"))
        return elsewhere("device", o.device, err);
    if (!echo_device_same(o.codec_device, "cpu"))
        return elsewhere("codec_device", o.codec_device, err);
    o.device = o.codec_device = "cpu";
    s = echo_model_open_observed(&m, path, &o, &observer, err);
    if (s)
        goto done;
    if (m->packed)
        s = echo_fail(err, ECHO_ERR_ARG, "%s is packed already: name the directory of the "
                                         "original files", m->files.dir);
    else
        s = write_file(&p, m, out, err);
done:
    echo_model_close(&m);
    free(p.items);
    return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * safetensors.c - the reader: checks every number of a header, then sorts by name.
 *
 * Costs the JSON tree while opening (about 1 kB an array), afterwards one block of memory.
 * Little endian machines only, as is everything this project runs on.
 */
#include "weights/safetensors.h"

#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/bf16.h"
#include "base/error.h"
#include "base/panels.h"
#include "base/signature.h"

#define LENGTH_BYTES     8
/* The base model's has 0.2 MB; reading JSON takes many times its size. */
#define MAX_HEADER_BYTES ((uint64_t)16 << 20)
#define MAX_ARRAYS       1000000

/* In the order of enum array_type, then those that are only listed. */
static const struct type_info {
    const char *name;
    enum array_type type;
    size_t bits;
} types[] = {
    { "F32", ARRAY_F32, 32 },
    { "BF16", ARRAY_BF16, 16 },
    { "F16", ARRAY_F16, 16 },
    { "I32", ARRAY_I32, 32 },
    { "I64", ARRAY_I64, 64 },
    { "U8", ARRAY_U8, 8 },
    { "BOOL", ARRAY_BOOL, 8 },
    { "PANELS_F32", ARRAY_PANELS_F32, 32 },
    { "PANELS_BF16", ARRAY_PANELS_BF16, 16 },
    { "PANELS_I8", ARRAY_PANELS_I8, 8 },
    { "F64", ARRAY_OTHER, 64 },
    { "I8", ARRAY_OTHER, 8 },
    { "I16", ARRAY_OTHER, 16 },
    { "U16", ARRAY_OTHER, 16 },
    { "U32", ARRAY_OTHER, 32 },
    { "U64", ARRAY_OTHER, 64 },
    { "C64", ARRAY_OTHER, 64 },
    { "F8_E4M3", ARRAY_OTHER, 8 },
    { "F8_E5M2", ARRAY_OTHER, 8 },
    { "F8_E8M0", ARRAY_OTHER, 8 },
    { "F6_E2M3", ARRAY_OTHER, 6 },
    { "F6_E3M2", ARRAY_OTHER, 6 },
    { "F4", ARRAY_OTHER, 4 },
};

/* The file while it is read. */
struct reading {
    const char *path;
    const unsigned char *data; /* after the header */
    size_t bytes;              /* of data */
    size_t start;              /* of data in the file */
    char shown[80];            /* name of the array at hand, cut for messages */
    echo_error *err;
};

const char *echo_array_type_name(enum array_type type)
{
    return type < ARRAY_OTHER ? types[type].name : "?";
}

size_t echo_array_type_size(enum array_type type)
{
    return type < ARRAY_OTHER ? types[type].bits / 8 : 0;
}

bool echo_array_is_panels(const struct array *a)
{
    return a->type >= ARRAY_PANELS_F32 && a->type <= ARRAY_PANELS_I8;
}

static const struct type_info *find_type(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!strcmp(types[i].name, name))
            return &types[i];
    return NULL;
}

/* The line may end up in JSON. */
void echo_array_show_name(char *out, size_t size, const char *name)
{
    size_t n = strlen(name);

    if (n >= size)
        for (n = size - 1; n && ((unsigned char)name[n] & 0xc0) == 0x80; n--)
            ;
    memcpy(out, name, n);
    out[n] = 0;
}

__attribute__((format(printf, 2, 3))) static echo_status bad_tensor(struct reading *r,
                                                                    const char *fmt, ...)
{
    char what[240];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    return echo_fail(r->err, ECHO_ERR_FILE, "%s: tensor '%s' %s", r->path, r->shown, what);
}

static echo_status bad_start(const char *path, const unsigned char *data, size_t bytes,
                             uint64_t header, echo_error *err)
{
    struct signature kind = echo_signature(data, bytes < SIGNATURE_BYTES ? bytes
                                                                         : SIGNATURE_BYTES);
    bool sure = kind.bytes > 2 || kind.kind == SIGNATURE_PAGE;
    char line[160];

    if (sure && kind.kind != SIGNATURE_SAFETENSORS) {
        echo_signature_line(line, sizeof line, kind, "safetensors");
        return echo_fail(err, ECHO_ERR_FILE, "%s: this is %s", path, line);
    }
    return echo_fail(err, ECHO_ERR_FILE,
                     "%s: not a safetensors file (a header of %llu bytes, at most %llu are "
                     "possible)",
                     path, (unsigned long long)header, (unsigned long long)MAX_HEADER_BYTES);
}

/* Parses the JSON header, to be freed by the caller, and finds where the data starts. */
static echo_status read_header(json_t **out, struct reading *r, const unsigned char *file,
                               size_t bytes)
{
    json_error_t why;
    uint64_t header = 0;

    if (!bytes)
        return echo_fail(r->err, ECHO_ERR_FILE, "%s: the file is empty; download it again",
                         r->path);
    if (bytes < LENGTH_BYTES)
        return echo_fail(r->err, ECHO_ERR_FILE,
                         "%s: %zu bytes are too short for a safetensors file; download it "
                         "again",
                         r->path, bytes);
    for (int i = 0; i < LENGTH_BYTES; i++)
        header |= (uint64_t)file[i] << 8 * i;
    if (header > MAX_HEADER_BYTES || header < 2)
        return bad_start(r->path, file, bytes, header, r->err);
    if (header > bytes - LENGTH_BYTES)
        return echo_fail(r->err, ECHO_ERR_FILE,
                         "%s: the header ends at byte %zu of %zu: the file is truncated or "
                         "damaged; download it again",
                         r->path, (size_t)header + LENGTH_BYTES, bytes);
    *out = json_loadb((const char *)file + LENGTH_BYTES, (size_t)header, JSON_REJECT_DUPLICATES,
                      &why);
    if (!*out && json_error_code(&why) == json_error_out_of_memory)
        return echo_fail_memory(r->err, (size_t)header, "a safetensors header");
    if (!*out)
        return echo_fail(r->err, ECHO_ERR_FILE,
                         "%s: the header is not valid JSON: %s (byte %d)", r->path, why.text,
                         why.position + LENGTH_BYTES);
    if (!json_is_object(*out))
        return echo_fail(r->err, ECHO_ERR_FILE, "%s: the header is not a JSON object", r->path);
    r->start = LENGTH_BYTES + (size_t)header;
    r->data = file + r->start;
    r->bytes = bytes - r->start;
    return ECHO_OK;
}

static echo_status read_shape(struct array *a, struct reading *r, const json_t *shape)
{
    bool empty = false;

    if (!json_is_array(shape))
        return bad_tensor(r, "has no shape list");
    if (json_array_size(shape) > ARRAY_MAX_DIMS)
        return bad_tensor(r, "has %zu dimensions, at most %d are read", json_array_size(shape),
                          ARRAY_MAX_DIMS);
    a->dims = (int)json_array_size(shape);
    for (int i = 0; i < a->dims; i++) {
        const json_t *size = json_array_get(shape, (size_t)i);

        a->shape[i] = json_integer_value(size);
        if (!json_is_integer(size) || a->shape[i] < 0)
            return bad_tensor(r, "has a shape with a size %d that is no whole number from 0",
                              i + 1);
        empty |= !a->shape[i];
    }
    a->count = empty ? 0 : 1;
    for (int i = 0; i < a->dims && !empty; i++) {
        if ((uint64_t)a->shape[i] > SIZE_MAX / 64 / a->count) /* in bits it must still fit */
            return bad_tensor(r, "has a shape that overflows; no file holds so much");
        a->count *= (size_t)a->shape[i];
    }
    return ECHO_OK;
}

static echo_status read_offsets(struct array *a, struct reading *r, const json_t *offsets)
{
    const json_t *first = json_array_get(offsets, 0), *last = json_array_get(offsets, 1);
    json_int_t begin = json_integer_value(first), end = json_integer_value(last);

    if (json_array_size(offsets) != 2 || !json_is_integer(first) || !json_is_integer(last) ||
        begin < 0 || end < 0)
        return bad_tensor(r, "has data_offsets that are not two integers from 0");
    if (begin > end)
        return bad_tensor(r, "has data_offsets that begin at %lld but end at %lld",
                          (long long)begin, (long long)end);
    if ((uint64_t)end > r->bytes)
        return bad_tensor(r, "ends at byte %llu of %zu: the file is truncated or damaged; "
                             "download it again",
                          (unsigned long long)end + r->start, r->bytes + r->start);
    a->data = r->data + begin;
    a->bytes = (size_t)(end - begin);
    return ECHO_OK;
}

#define MAX_PANEL_SIZE (1 << 24) /* rows and columns of a packed matrix */

static echo_status check_size(const struct array *a, struct reading *r,
                              const struct type_info *type)
{
    if (!echo_array_is_panels(a)) {
        if (a->count * type->bits % 8 || a->count * type->bits / 8 != a->bytes)
            return bad_tensor(r, "has %zu elements of %s but %zu bytes", a->count, type->name,
                              a->bytes);
        return ECHO_OK;
    }
    if (a->dims != 2 || a->shape[0] < 1 || a->shape[1] < 1 || a->shape[0] > MAX_PANEL_SIZE ||
        a->shape[1] > MAX_PANEL_SIZE)
        return bad_tensor(r, "is of %s but no matrix of 1 to %d rows and columns", type->name,
                          MAX_PANEL_SIZE);
    if (echo_array_bytes(a) != a->bytes)
        return bad_tensor(r, "has panels of %lld x %lld elements in %zu bytes",
                          (long long)a->shape[0], (long long)a->shape[1], a->bytes);
    return ECHO_OK;
}

static echo_status read_checksum(struct array *a, struct reading *r, const json_t *text)
{
    const char *digits = json_string_value(text);

    if (!text)
        return ECHO_OK;
    if (!digits || strlen(digits) != 16 || strspn(digits, "0123456789abcdef") != 16)
        return bad_tensor(r, "has a checksum that is not 16 hexadecimal digits");
    a->checksum = strtoull(digits, NULL, 16);
    return ECHO_OK;
}

static echo_status read_array(struct array *a, struct reading *r, const json_t *entry)
{
    const char *type_name = json_string_value(json_object_get(entry, "dtype"));
    const struct type_info *type;
    char cut[24];
    echo_status s;

    if (!json_is_object(entry))
        return bad_tensor(r, "has an entry that is not an object");
    if (!type_name)
        return bad_tensor(r, "has no dtype");
    if (!(type = find_type(type_name))) {
        echo_array_show_name(cut, sizeof cut, type_name);
        return bad_tensor(r, "has the unknown dtype '%s'", cut);
    }
    a->type = type->type;
    if ((s = read_shape(a, r, json_object_get(entry, "shape"))) ||
        (s = read_offsets(a, r, json_object_get(entry, "data_offsets"))) ||
        (s = check_size(a, r, type)))
        return s;
    return read_checksum(a, r, json_object_get(entry, "xxh3"));
}

static int by_offset(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t)((const struct array *)a)->data;
    uintptr_t y = (uintptr_t)((const struct array *)b)->data;

    return (x > y) - (x < y);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct array *)a)->name, ((const struct array *)b)->name);
}

/* Leaves the arrays sorted by offset. */
static echo_status check_overlaps(struct safetensors *f, struct reading *r)
{
    const struct array *before = NULL;

    qsort(f->arrays, f->n, sizeof *f->arrays, by_offset);
    for (size_t i = 0; i < f->n; i++) {
        const struct array *a = &f->arrays[i];
        char shown[sizeof r->shown];

        if (!a->bytes)
            continue;
        if (before && (const char *)a->data < (const char *)before->data + before->bytes) {
            echo_array_show_name(shown, sizeof shown, before->name);
            echo_array_show_name(r->shown, sizeof r->shown, a->name);
            return echo_fail(r->err, ECHO_ERR_FILE, "%s: tensors '%s' and '%s' overlap",
                             r->path, shown, r->shown);
        }
        before = a;
    }
    return ECHO_OK;
}

/* One block: the list, then the names. */
static echo_status take_arrays(struct safetensors *f, struct reading *r, json_t *header)
{
    size_t n = 0, name_bytes = 0;
    const char *name;
    json_t *entry;
    char *names;

    json_object_foreach(header, name, entry) {
        echo_array_show_name(r->shown, sizeof r->shown, name);
        if (!*name || strlen(name) > ARRAY_MAX_NAME)
            return bad_tensor(r, "has a name of %zu bytes, 1 to %d are read", strlen(name),
                              ARRAY_MAX_NAME);
        if (n++ == MAX_ARRAYS)
            return echo_fail(r->err, ECHO_ERR_FILE, "%s: more than %d tensors", r->path,
                             MAX_ARRAYS);
        name_bytes += strlen(name) + 1;
    }
    f->arrays = calloc(1, n * sizeof *f->arrays + name_bytes + 1);
    if (!f->arrays)
        return echo_fail_memory(r->err, n * sizeof *f->arrays, "a list of tensors");
    names = (char *)(f->arrays + n);
    json_object_foreach(header, name, entry) {
        echo_status s;

        if (!strcmp(name, "__metadata__"))
            continue;
        echo_array_show_name(r->shown, sizeof r->shown, name);
        f->arrays[f->n].name = strcpy(names, name);
        f->arrays[f->n].place = f->n;
        names += strlen(name) + 1;
        if ((s = read_array(&f->arrays[f->n++], r, entry)))
            return s;
    }
    return check_overlaps(f, r);
}

echo_status echo_safetensors_parse(struct safetensors **out, const char *path, const void *data,
                                   size_t bytes, echo_error *err)
{
    struct reading r = { .path = path, .err = err };
    struct safetensors *f = calloc(1, sizeof *f);
    json_t *header = NULL;
    echo_status s;

    *out = NULL;
    if (!f || !(f->path = strdup(path))) {
        s = echo_fail_memory(err, sizeof *f, path);
        goto fail;
    }
    if ((s = read_header(&header, &r, data, bytes)) || (s = take_arrays(f, &r, header)))
        goto fail;
    qsort(f->arrays, f->n, sizeof *f->arrays, by_name);
    f->bytes = bytes;
    f->notes = json_incref(json_object_get(header, "__metadata__"));
    json_decref(header);
    *out = f;
    return ECHO_OK;
fail:
    json_decref(header);
    echo_safetensors_close(&f);
    return s;
}

echo_status echo_safetensors_open(struct safetensors **out, const char *path, echo_error *err)
{
    struct file_map map;
    echo_status s;

    *out = NULL;
    if ((s = echo_map_open(&map, path, err)))
        return s;
    if ((s = echo_safetensors_parse(out, path, map.data, map.bytes, err)))
        echo_map_close(&map);
    else
        (*out)->map = map;
    return s;
}

echo_status echo_safetensors_sort(struct safetensors *f, echo_error *err)
{
    char shown[80];

    qsort(f->arrays, f->n, sizeof *f->arrays, by_name);
    for (size_t i = 1; i < f->n; i++)
        if (!strcmp(f->arrays[i - 1].name, f->arrays[i].name)) {
            echo_array_show_name(shown, sizeof shown, f->arrays[i].name);
            return echo_fail(err, ECHO_ERR_FILE, "%s: tensor '%s' is in it twice", f->path,
                             shown);
        }
    return ECHO_OK;
}

void echo_safetensors_rename(struct array *a, const char *name)
{
    size_t length = strlen(name);

    ECHO_ASSERT(length <= strlen(a->name));
    memmove((char *)(uintptr_t)a->name, name, length + 1); /* it lies in our own block */
}

void echo_safetensors_close(struct safetensors **f)
{
    if (!*f)
        return;
    for (int i = 0; i < (*f)->shards; i++)
        echo_safetensors_close(&(*f)->shard[i]);
    free((*f)->shard);
    echo_map_close(&(*f)->map);
    json_decref((*f)->notes);
    free((*f)->taken);
    echo_free((*f)->copies);
    free((*f)->arrays);
    free((*f)->path);
    free(*f);
    *f = NULL;
}

const struct array *echo_safetensors_find(const struct safetensors *f, const char *name)
{
    struct array key = { .name = name };

    return bsearch(&key, f->arrays, f->n, sizeof *f->arrays, by_name);
}

const char *echo_safetensors_note(const struct safetensors *f, const char *name)
{
    return json_string_value(json_object_get(f->notes, name));
}

echo_status echo_safetensors_verify(const struct safetensors *f, echo_error *err)
{
    char shown[80];

    for (size_t i = 0; i < f->n; i++) {
        const struct array *a = &f->arrays[i];

        if (!a->checksum || a->checksum == XXH3_64bits(a->data, a->bytes))
            continue;
        echo_array_show_name(shown, sizeof shown, a->name);
        return echo_fail(err, ECHO_ERR_FILE, "%s: tensor '%s' does not match its checksum: "
                                             "the file is damaged; pack it again",
                         f->path, shown);
    }
    return ECHO_OK;
}

void echo_array_floats(const struct array *a, size_t first, size_t count, float *out)
{
    const unsigned char *p = a->data;

    ECHO_ASSERT(first <= a->count && count <= a->count - first);
    ECHO_ASSERT(a->type == ARRAY_F32 || a->type == ARRAY_BF16 || a->type == ARRAY_F16);
    if (!count)
        return;
    p += first * echo_array_type_size(a->type);
    if (a->type == ARRAY_F32) {
        memcpy(out, p, count * sizeof *out);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        uint16_t half;

        memcpy(&half, p + 2 * i, sizeof half);
        out[i] = a->type == ARRAY_BF16 ? bf16_to_f32(half) : f16_to_f32(half);
    }
}

bool echo_array_is_float(const struct array *a)
{
    return a->type == ARRAY_F32 || a->type == ARRAY_BF16 || a->type == ARRAY_F16;
}

static size_t floats_not_finite(const struct array *a)
{
    float block[1024];

    for (size_t at = 0, n; at < a->count; at += n) {
        n = a->count - at < 1024 ? a->count - at : 1024;
        echo_array_floats(a, at, n, block);
        for (size_t i = 0; i < n; i++)
            if (!isfinite(block[i]))
                return at + i;
    }
    return a->count;
}

/* Of numbers in eight bits the scales are what can be none. */
static bool scales_are_finite(const struct array *a)
{
    size_t panel = (size_t)panel_bytes(1, (int)a->shape[1]);
    struct array scales = { .type = ARRAY_F32, .count = PANEL_COLUMNS };

    for (size_t end = panel; end <= a->bytes; end += panel) {
        scales.data = (const char *)a->data + end - 2 * PANEL_LINE;
        if (floats_not_finite(&scales) < scales.count)
            return false;
    }
    return true;
}

size_t echo_array_not_finite(const struct array *a)
{
    struct array plain = *a;

    if (!echo_array_is_panels(a))
        return floats_not_finite(a);
    if (a->type == ARRAY_PANELS_I8)
        return scales_are_finite(a) ? a->count : 0;
    plain.type = a->type == ARRAY_PANELS_F32 ? ARRAY_F32 : ARRAY_BF16;
    plain.count = a->bytes / echo_array_type_size(a->type); /* with what fills the last one */
    return floats_not_finite(&plain) < plain.count ? 0 : a->count;
}

/* SPDX-License-Identifier: MIT */
#include "weights/shards.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "weights/torch.h"

#define SUFFIX ".safetensors"

static const char *file_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* Digits that end before `end` and begin no earlier than `start`; their number, or -1. */
static int number_before(const char *start, const char *end, int *digits)
{
    const char *first = end;
    int n = 0;

    while (first > start && first[-1] >= '0' && first[-1] <= '9')
        first--;
    *digits = (int)(end - first);
    if (*digits < 1 || *digits > 8)
        return -1;
    for (; first < end; first++)
        n = 10 * n + (*first - '0');
    return n;
}

bool echo_shard_parse(struct shard_name *s, const char *file)
{
    size_t length = strlen(file), suffix = strlen(SUFFIX);
    const char *end = file + length - suffix;
    int digits;

    if (length <= suffix || strcmp(end, SUFFIX))
        return false;
    s->count = number_before(file, end, &digits);
    end -= digits;
    if (s->count < 1 || s->count > SHARDS_MOST || end - file < 4 || memcmp(end - 4, "-of-", 4))
        return false;
    end -= 4;
    s->index = number_before(file, end, &s->width);
    end -= s->width;
    if (s->index < 1 || s->index > s->count || end - file < 2 || end[-1] != '-')
        return false;
    s->stem = (size_t)(end - 1 - file);
    return true;
}

int echo_shard_path(char *out, size_t size, const char *path, const struct shard_name *s,
                    int index)
{
    int before = (int)(file_of(path) - path + (ptrdiff_t)s->stem);

    return snprintf(out, size, "%.*s-%0*d-of-%0*d" SUFFIX, before, path, s->width, index,
                    s->width, s->count);
}

/* "DIR/NAME-*-of-00003.safetensors", for messages. */
static char *name_of_all(const char *path, const struct shard_name *s)
{
    size_t size = strlen(path) + 32;
    char *name = malloc(size);
    int before = (int)(file_of(path) - path + (ptrdiff_t)s->stem);

    if (name)
        snprintf(name, size, "%.*s-*-of-%0*d" SUFFIX, before, path, s->width, s->count);
    return name;
}

static echo_status open_parts(struct safetensors *all, const char *path,
                              const struct shard_name *s, echo_error *err)
{
    size_t size = strlen(path) + 32;
    char *part = malloc(size);
    echo_status status = ECHO_OK;

    if (!part)
        return echo_fail_memory(err, size, path);
    for (; all->shards < s->count && !status; all->shards++) {
        echo_shard_path(part, size, path, s, all->shards + 1);
        if ((status = echo_safetensors_open(&all->shard[all->shards], part, err)))
            break;
        all->n += all->shard[all->shards]->n;
        all->bytes += all->shard[all->shards]->bytes;
    }
    free(part);
    return status;
}

/* One list over all files; each array still lies in its own. */
static echo_status join(struct safetensors *all, echo_error *err)
{
    size_t at = 0;

    if (!(all->arrays = calloc(all->n + 1, sizeof *all->arrays)))
        return echo_fail_memory(err, all->n * sizeof *all->arrays, "a list of tensors");
    for (int i = 0; i < all->shards; i++) {
        const struct safetensors *f = all->shard[i];

        if (f->n)
            memcpy(all->arrays + at, f->arrays, f->n * sizeof *f->arrays);
        for (size_t j = 0; j < f->n; j++)
            all->arrays[at + j].place += at;
        at += f->n;
    }
    return echo_safetensors_sort(all, err);
}

/* Is a tensor where the index says? */
static echo_status check_entry(const struct safetensors *all, const char *index,
                               const char *tensor, const json_t *value, echo_error *err)
{
    const char *file = json_string_value(value);

    for (int i = 0; file && i < all->shards; i++) {
        if (strcmp(file_of(all->shard[i]->path), file))
            continue;
        if (echo_safetensors_find(all->shard[i], tensor))
            return ECHO_OK;
        return echo_fail(err, ECHO_ERR_FILE, "%.400s: it says that tensor '%.100s' is in "
                                             "%.200s, where it is not: download both again",
                         index, tensor, file);
    }
    return echo_fail(err, ECHO_ERR_FILE, "%.400s: it says that tensor '%.100s' is in '%.200s', "
                                         "which is not one of the %d files beside it", index,
                     tensor, file ? file : "?", all->shards);
}

/* An index is not needed; but one that says otherwise belongs to other files. */
static echo_status check_index(const struct safetensors *all, const char *path,
                               const struct shard_name *s, echo_error *err)
{
    size_t size = strlen(path) + 32;
    int before = (int)(file_of(path) - path + (ptrdiff_t)s->stem);
    char *index = malloc(size);
    json_t *json, *value;
    const char *tensor;
    echo_status status = ECHO_OK;

    if (!index)
        return echo_fail_memory(err, size, path);
    snprintf(index, size, "%.*s" SUFFIX ".index.json", before, path);
    json = json_load_file(index, 0, NULL); /* NULL: there is none, or one that says nothing */
    json_object_foreach(json_object_get(json, "weight_map"), tensor, value)
        if ((status = check_entry(all, index, tensor, value, err)))
            break;
    json_decref(json);
    free(index);
    return status;
}

/* A file of either kind, by its first bytes. */
static echo_status open_one(struct safetensors **out, const char *path, echo_error *err)
{
    struct file_map map;
    echo_status s;

    if ((s = echo_map_open(&map, path, err)))
        return s;
    if (echo_torch_claims(map.data, map.bytes))
        s = echo_torch_parse(out, path, map.data, map.bytes, err);
    else
        s = echo_safetensors_parse(out, path, map.data, map.bytes, err);
    if (s)
        echo_map_close(&map);
    else
        (*out)->map = map;
    return s;
}

echo_status echo_shards_open(struct safetensors **out, const char *path, echo_error *err)
{
    struct shard_name s;
    struct safetensors *all;
    echo_status status;

    *out = NULL;
    if (!echo_shard_parse(&s, file_of(path)))
        return open_one(out, path, err);
    if (!(all = calloc(1, sizeof *all)) || !(all->path = name_of_all(path, &s)) ||
        !(all->shard = calloc((size_t)s.count, sizeof(struct safetensors *)))) {
        echo_safetensors_close(&all);
        return echo_fail_memory(err, (size_t)s.count * sizeof *all, path);
    }
    if ((status = open_parts(all, path, &s, err)) ||
        (status = check_index(all, path, &s, err)) || (status = join(all, err)))
        echo_safetensors_close(&all);
    *out = all;
    return status;
}

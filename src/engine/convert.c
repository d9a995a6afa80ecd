/* SPDX-License-Identifier: MIT */
/* convert.c - a checkpoint as others save it to one plain safetensors file. */
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bf16.h"
#include "engine/model.h"
#include "model/checkpoint.h"
#include "weights/shards.h"

#define BLOCK 4096 /* numbers that are rounded at a time */

struct converting {
    const echo_convert_opts *o;
    struct safetensors *file;
    enum checkpoint kind;
    struct array *from, *to; /* what is written, in the order of the file */
    size_t n;
    double done, total; /* bytes read, twice: they are checked before anything is written */
};

static void tell(const struct converting *c, echo_log_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void tell(const struct converting *c, echo_log_level level, const char *fmt, ...)
{
    char line[ECHO_LOG_BYTES];
    va_list ap;

    if (!c->o->log)
        return;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    c->o->log(c->o->user, level, line);
}

static bool advance(struct converting *c, size_t bytes)
{
    c->done += (double)bytes;
    return !c->o->progress || c->o->progress(c->o->user, c->done / c->total);
}

/* ---- which tensors ---- */

/* Names and shapes of the whole model; nothing is loaded. */
static echo_status check_whole(const struct converting *c, echo_error *err)
{
    struct device *device = echo_null_device();
    struct owner owner = { .headers_only = true };
    struct binder b = { .owner = &owner, .device = device, .file = c->file, .err = err };
    struct dit dit = { 0 };
    struct codec codec = { 0 };

    if (!device)
        return echo_fail_memory(err, sizeof dit, "a model");
    if (c->kind == CHECKPOINT_DIT)
        echo_bind_dit(&b, &dit);
    else
        echo_bind_codec(&b, &codec);
    echo_owner_clear(&owner);
    device->ops->close(device);
    return b.status;
}

/* The names in the file become those of the model. */
static echo_status settle(struct converting *c, echo_error *err)
{
    char prefix[CHECKPOINT_PREFIX];
    echo_status s;

    if (echo_safetensors_note(c->file, PACK_FORMAT_NOTE))
        return echo_fail(err, ECHO_ERR_ARG, "%s: this is a packed model: name the file that it "
                                            "was packed of", c->file->path);
    c->kind = echo_checkpoint_is(c->file, CHECKPOINT_DIT) ||
                      !echo_checkpoint_is(c->file, CHECKPOINT_CODEC)
                  ? CHECKPOINT_DIT : CHECKPOINT_CODEC;
    if ((s = echo_checkpoint_settle(c->file, c->kind, prefix, err)))
        return s;
    if (!echo_checkpoint_is(c->file, c->kind))
        return echo_fail(err, ECHO_ERR_FILE, "%s: it has neither the tensors of the speech "
                                             "model nor those of the codec", c->file->path);
    if (c->file->taken)
        tell(c, strstr(c->file->taken, ", not") ? ECHO_LOG_WARNING : ECHO_LOG_INFO,
             "%s: its tensors are %s", c->file->path, c->file->taken);
    if (*prefix)
        tell(c, ECHO_LOG_INFO, "taken off the names of tensors: %s", prefix);
    return check_whole(c, err);
}

static int by_place(const void *a, const void *b)
{
    size_t x = ((const struct array *)a)->place, y = ((const struct array *)b)->place;

    return (x > y) - (x < y);
}

static const struct {
    const char *name;
    enum array_type type; /* ARRAY_OTHER: as it is */
} dtypes[] = { { "keep", ARRAY_OTHER }, { "f32", ARRAY_F32 }, { "bf16", ARRAY_BF16 },
               { "f16", ARRAY_F16 } };

static echo_status find_dtype(enum array_type *type, const char *name, echo_error *err)
{
    *type = ARRAY_OTHER;
    for (size_t i = 0; name && i < sizeof dtypes / sizeof *dtypes; i++)
        if (!strcmp(dtypes[i].name, name)) {
            *type = dtypes[i].type;
            return ECHO_OK;
        }
    return name ? echo_fail_field(err, "dtype", "'%.40s': unknown dtype; keep, f32, bf16 and "
                                                "f16 are known", name)
                : ECHO_OK;
}

static echo_status choose(struct converting *c, enum array_type type, echo_error *err)
{
    const struct array *left_out = NULL;
    size_t others = 0;

    c->from = calloc(c->file->n + 1, sizeof *c->from);
    c->to = calloc(c->file->n + 1, sizeof *c->to);
    if (!c->from || !c->to)
        return echo_fail_memory(err, c->file->n * sizeof *c->from, "a list of tensors");
    for (size_t i = 0; i < c->file->n; i++) {
        const struct array *a = &c->file->arrays[i];

        if (a->type < ARRAY_OTHER && echo_checkpoint_has(c->kind, a->name))
            c->from[c->n++] = *a;
        else if (!others++)
            left_out = a;
    }
    qsort(c->from, c->n, sizeof *c->from, by_place);
    for (size_t i = 0; i < c->n; i++) {
        c->to[i] = c->from[i];
        c->to[i].data = NULL; /* fill() has it */
        c->to[i].checksum = 0;
        if (type != ARRAY_OTHER && echo_array_is_float(&c->from[i]))
            c->to[i].type = type;
        c->total += 2 * (double)c->from[i].bytes;
    }
    tell(c, ECHO_LOG_INFO, "%s is %s, %zu tensors", c->file->path,
         echo_checkpoint_name(c->kind), c->n);
    if (others)
        tell(c, ECHO_LOG_WARNING, "%s: %zu tensors are left out, since they are none of %s "
                                  "('%.80s'%s)", c->file->path, others,
             echo_checkpoint_name(c->kind), left_out->name, others > 1 ? ", ..." : "");
    return ECHO_OK;
}

/* ---- numbers ---- */

/* Number `at` and those after it, up to BLOCK, as they are written; their bytes. */
static size_t round_block(const struct array *from, enum array_type type, size_t at,
                          void *out, bool *finite)
{
    size_t n = from->count - at < BLOCK ? from->count - at : BLOCK;
    float values[BLOCK];
    uint16_t *halves = out;

    echo_array_floats(from, at, n, values);
    for (size_t i = 0; i < n; i++) {
        if (type == ARRAY_BF16)
            halves[i] = f32_to_bf16(values[i]);
        else if (type == ARRAY_F16)
            halves[i] = f32_to_f16(values[i]);
        if (finite && type != ARRAY_F32)
            *finite &= (halves[i] & (type == ARRAY_F16 ? 0x7c00 : 0x7f80)) !=
                       (type == ARRAY_F16 ? 0x7c00 : 0x7f80);
    }
    if (type == ARRAY_F32)
        memcpy(out, values, n * sizeof *values);
    return n * echo_array_type_size(type);
}

static bool fits(const struct array *from, enum array_type type)
{
    float block[BLOCK];
    bool finite = true;

    for (size_t at = 0; at < from->count && finite && type != from->type; at += BLOCK)
        round_block(from, type, at, block, &finite);
    return finite;
}

/* Before anything is written. */
static echo_status check_numbers(struct converting *c, const char *out, echo_error *err)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct array *a = &c->from[i];
        size_t bad = echo_array_is_float(a) ? echo_array_not_finite(a) : a->count;

        if (bad < a->count)
            return echo_fail(err, ECHO_ERR_FILE,
                             "%s: tensor '%s' has a number that is not finite (number %zu): "
                             "the file is damaged, or its training failed", c->file->path,
                             a->name, bad);
        if (echo_array_is_float(a) && !fits(a, c->to[i].type))
            return echo_fail(err, ECHO_ERR_FILE, "%s: tensor '%s' has a number that is too "
                                                 "large for %s", c->file->path, a->name,
                             echo_array_type_name(c->to[i].type));
        if (!advance(c, a->bytes))
            return echo_fail(err, ECHO_ERR_CANCELLED, "%s: writing was cancelled", out);
    }
    return ECHO_OK;
}

static bool fill(void *user, size_t index, struct file_out *out)
{
    struct converting *c = user;
    const struct array *from = &c->from[index];
    enum array_type type = c->to[index].type;
    float block[BLOCK];

    if (type == from->type)
        echo_out_write(out, from->data, from->bytes);
    for (size_t at = 0; at < from->count && type != from->type; at += BLOCK)
        echo_out_write(out, block, round_block(from, type, at, block, NULL));
    return advance(c, from->bytes);
}

/* ---- the file ---- */

static echo_status write_file(struct converting *c, const char *out, echo_error *err)
{
    json_t *notes = json_pack("{s:s}", "format", "pt"); /* other programs look for it */
    echo_status s;

    if (!notes)
        return echo_fail_memory(err, 1, "a safetensors header");
    s = echo_safetensors_write(out, c->to, c->n, notes, fill, c, err);
    json_decref(notes);
    return s;
}

static echo_status check_paths(const char *path, const char *out, echo_error *err)
{
    struct stat in, to;

    if (stat(path, &in))
        return ECHO_OK; /* opening says it */
    if (S_ISDIR(in.st_mode))
        return echo_fail(err, ECHO_ERR_ARG, "%s: this is a directory: name the file in it that "
                                            "is to be converted", path);
    if (!stat(out, &to) && in.st_dev == to.st_dev && in.st_ino == to.st_ino)
        return echo_fail(err, ECHO_ERR_ARG, "%s: it would replace what is read: give another "
                                            "name", out);
    return ECHO_OK;
}

echo_status echo_model_convert(const char *path, const char *out, const echo_convert_opts *opts,
                               echo_error *err)
{
    static const echo_convert_opts none = { 0 };
    struct converting c = { .o = opts ? opts : &none };
    enum array_type type;
    echo_status s;

    if ((s = find_dtype(&type, c.o->dtype, err)) || (s = check_paths(path, out, err)))
        return s;
    if ((s = echo_shards_open(&c.file, path, err)) || (s = settle(&c, err)) ||
        (s = choose(&c, type, err)) || (s = check_numbers(&c, out, err))) {
        s = echo_model_failed(s, err);
        goto done;
    }
    s = write_file(&c, out, err);
done:
    free(c.from);
    free(c.to);
    echo_safetensors_close(&c.file);
    return s;
}

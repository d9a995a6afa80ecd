/* SPDX-License-Identifier: MIT */
/*
 * merge.c - the speech model with its adapters merged, as a checkpoint.
 *
 * The model is opened by its headers alone, which checks all that can be checked.  Then tensor
 * after tensor is written: its bytes as they are, or numbers that were changed or converted.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bf16.h"
#include "base/cpu.h"
#include "base/pool.h"
#include "engine/model.h"

#define CHUNK ((size_t)1 << 20) /* numbers at a time, but at least a row */

struct merging {
    echo_model *m;
    struct array *arrays; /* as they are written */
    struct pool *pool;
    bool (*progress)(void *user, double done);
    void *user;
    double done, total;
    echo_status status; /* why filling ended */
    echo_error *err;
};

static void round_to(enum array_type type, const float *values, size_t n, uint16_t *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = type == ARRAY_BF16 ? f32_to_bf16(values[i]) : f32_to_f16(values[i]);
}

/* Is everything finite, as it is written? */
static bool all_finite(const void *data, enum array_type type, size_t n)
{
    struct array a = { .type = type, .data = data, .count = n };

    return echo_array_not_finite(&a) == n;
}

/* `rows` rows of a tensor, from row `first` on. */
static bool write_rows(struct merging *g, size_t index, size_t first, size_t rows, size_t row,
                       float *values, struct file_out *out)
{
    const struct array *from = &g->m->echo_file->arrays[index], *to = &g->arrays[index];
    uint16_t *halves = (uint16_t *)(void *)(values + rows * row);
    size_t n = rows * row, size = echo_array_type_size(to->type);

    echo_array_floats(from, first * row, n, values);
    if (!echo_loras_add(&g->m->loras, g->pool, from, values, first, rows)) {
        g->status = echo_fail_memory(g->err, row, "a LoRA");
        return false;
    }
    if (to->type != ARRAY_F32)
        round_to(to->type, values, n, halves);
    const void *data = to->type == ARRAY_F32 ? (const void *)values : halves;

    if (!all_finite(data, to->type, n)) {
        g->status = echo_fail(g->err, ECHO_ERR_FILE, "%s: tensor '%s' is not finite, with what "
                                                     "its LoRA adds to it, as %s",
                              g->m->files.echo, from->name, echo_array_type_name(to->type));
        return false;
    }
    echo_out_write(out, data, n * size);
    return true;
}

static bool advance(struct merging *g, const struct array *a)
{
    g->done += (double)a->count;
    return !g->progress || g->progress(g->user, g->done / g->total);
}

static bool fill(void *user, size_t index, struct file_out *out)
{
    struct merging *g = user;
    const struct array *a = &g->m->echo_file->arrays[index];
    size_t row = a->dims == 2 ? (size_t)a->shape[1] : 1, rows = row ? a->count / row : 0;
    size_t step = row && row < CHUNK ? CHUNK / row : 1;
    bool fine = true;

    if (g->arrays[index].type == a->type && !echo_loras_touch(&g->m->loras, a)) {
        echo_out_write(out, a->data, a->bytes);
        echo_map_forget(a->data, a->bytes);
        return advance(g, a);
    }
    float *values = echo_alloc(echo_product(step * row, sizeof *values + sizeof(uint16_t)));

    if (!values) {
        g->status = echo_fail_memory(g->err, step * row, "a tensor");
        return false;
    }
    for (size_t i = 0; i < rows && fine; i += step)
        fine = write_rows(g, index, i, i + step < rows ? step : rows - i, row, values, out);
    echo_free(values);
    return fine && advance(g, a);
}

static echo_status write_file(struct merging *g, const char *path, enum array_type type,
                              echo_error *err)
{
    const struct safetensors *f = g->m->echo_file;
    echo_status s;

    if (!(g->arrays = calloc(f->n, sizeof *g->arrays)))
        return echo_fail_memory(err, f->n * sizeof *g->arrays, "a list of tensors");
    for (size_t i = 0; i < f->n; i++) {
        g->arrays[i] = f->arrays[i];
        g->arrays[i].data = NULL; /* fill() has it */
        if (f->arrays[i].type == ARRAY_OTHER)
            return echo_fail(err, ECHO_ERR_FILE, "%s: tensor '%s' is of a type that cannot be "
                                                 "written", f->path, f->arrays[i].name);
        if (type != ARRAY_OTHER && echo_array_is_float(&f->arrays[i]))
            g->arrays[i].type = type;
        g->arrays[i].checksum = 0;
        g->total += (double)f->arrays[i].count;
    }
    s = echo_safetensors_write(path, g->arrays, f->n, f->notes, fill, g, err);
    return g->status ? g->status : s;
}

static echo_status find_type(enum array_type *out, const char *dtype, echo_error *err)
{
    static const struct {
        const char *name;
        enum array_type type;
    } types[] = { { "keep", ARRAY_OTHER }, { "f32", ARRAY_F32 }, { "bf16", ARRAY_BF16 } };

    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!strcmp(dtype, types[i].name)) {
            *out = types[i].type;
            return ECHO_OK;
        }
    return echo_fail_field(err, "dtype", "dtype is '%.40s', expected keep, f32 or bf16", dtype);
}

echo_status echo_model_merge(const char *path, const char *out, const char *dtype,
                             const echo_model_opts *opts, echo_error *err)
{
    echo_model_opts o = opts ? *opts : (echo_model_opts){ 0 };
    echo_error why = { 0 };
    struct merging g = { .progress = o.progress, .user = o.user, .err = &why };
    enum array_type type = ARRAY_OTHER;
    echo_status s;

    if ((s = find_type(&type, dtype ? dtype : "keep", err)))
        return s;
    if (!o.n_loras)
        return echo_fail_field(err, "loras", "no LoRA is named: there is nothing to merge");
    o.device = o.codec_device = "cpu";
    o.precision = o.codec_precision = NULL;
    o.describe = true;
    o.progress = NULL;
    if ((s = echo_model_open(&g.m, path, &o, err)))
        return s;
    if (g.m->packed)
        s = echo_fail(err, ECHO_ERR_ARG, "%s is packed: name the directory of the original "
                                         "files, or pack those with the LoRA", g.m->files.dir);
    else if (!(s = echo_pool_open(&g.pool, o.threads ? o.threads : echo_cpu_count(), err)))
        s = write_file(&g, out, type, err);
    if (g.status && err)
        *err = why;
    echo_pool_close(&g.pool);
    free(g.arrays);
    echo_model_close(&g.m);
    return echo_model_failed(s, err);
}

/* SPDX-License-Identifier: MIT */
#include "model/bind.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/integers.h"
#include "base/panels.h"
#include "model/projection.h"

struct owned {
    struct owned *next;
    struct buffer device; /* empty if this is host memory */
    _Alignas(16) char host[];
};

void echo_owner_clear(struct owner *o)
{
    while (o->first) {
        struct owned *old = o->first;
        struct device *device = old->device.device;

        o->first = old->next;
        if (device)
            device->ops->free(device, &old->device);
        free(old);
    }
}

void echo_bind_fail(struct binder *b, const char *fmt, ...)
{
    char line[400];
    va_list ap;

    if (b->status)
        return;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    b->status = echo_fail(b->err, ECHO_ERR_FILE, "%s: %s", b->file->path, line);
}

static struct owned *keep(struct binder *b, size_t bytes)
{
    struct owned *k;

    if (b->status)
        return NULL;
    if (bytes > PTRDIFF_MAX - sizeof *k || !(k = calloc(1, sizeof *k + bytes))) {
        b->status = echo_fail_memory(b->err, bytes, "the model");
        return NULL;
    }
    k->next = b->owner->first;
    b->owner->first = k;
    return k;
}

void *echo_bind_memory(struct binder *b, size_t count, size_t size)
{
    struct owned *k = keep(b, echo_product(count, size));

    return k ? k->host : NULL;
}

/* The array a format names, and its name. */
struct named {
    char name[160];
    const struct array *array;
};

/* A weight norm by the names it had before parametrizations: weight_g, weight_v. */
static const struct array *find_old_norm(const struct safetensors *f, const char *name)
{
    const char *norm = "parametrizations.weight.original", *at = strstr(name, norm);
    char old[160];

    if (!at || (strcmp(at + strlen(norm), "0") && strcmp(at + strlen(norm), "1")))
        return NULL;
    snprintf(old, sizeof old, "%.*sweight_%c", (int)(at - name), name,
             at[strlen(norm)] == '0' ? 'g' : 'v');
    return echo_safetensors_find(f, old);
}

static struct named find(const struct binder *b, const char *fmt, va_list ap)
{
    struct named n;

    vsnprintf(n.name, sizeof n.name, fmt, ap);
    n.array = echo_safetensors_find(b->file, n.name);
    if (!n.array)
        n.array = find_old_norm(b->file, n.name);
    return n;
}

bool echo_bind_has(const struct binder *b, const char *name, ...)
{
    va_list ap;

    va_start(ap, name);
    struct named n = find(b, name, ap);
    va_end(ap);
    return n.array != NULL;
}

static bool require(struct binder *b, const struct named *n)
{
    if (b->status)
        return false;
    if (!n->array)
        echo_bind_fail(b, "tensor '%s' is missing", n->name);
    else if (!echo_array_is_float(n->array) && !echo_array_is_panels(n->array))
        echo_bind_fail(b, "tensor '%s' is of type %s, expected F32, BF16 or F16", n->name,
                       echo_array_type_name(n->array->type));
    return !b->status;
}

/* "2x3x4" */
static const char *shape_text(const struct array *a, char *text, size_t size)
{
    size_t used = 0;

    snprintf(text, size, "a single number");
    for (int i = 0; i < a->dims && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%lld", i ? "x" : "",
                                 (long long)a->shape[i]);
    return text;
}

static bool require_shape(struct binder *b, const struct named *n, int d0, int d1, int d2)
{
    int want[3] = { d0, d1, d2 }, dims = d2 ? 3 : d1 ? 2 : 1;
    char have[120], wanted[60];

    if (!require(b, n))
        return false;
    bool same = n->array->dims == dims;

    for (int i = 0; same && i < dims; i++)
        same = n->array->shape[i] == want[i];
    if (same)
        return true;
    int used = snprintf(wanted, sizeof wanted, "%d", d0);

    for (int i = 1; i < dims; i++)
        used += snprintf(wanted + used, sizeof wanted - (size_t)used, "x%d", want[i]);
    echo_bind_fail(b, "tensor '%s' has shape %s, expected %s", n->name,
                   shape_text(n->array, have, sizeof have), wanted);
    return false;
}

int echo_bind_dim(struct binder *b, int axis, const char *name, ...)
{
    va_list ap;
    char have[120];

    va_start(ap, name);
    struct named n = find(b, name, ap);
    va_end(ap);
    if (!require(b, &n))
        return 1;
    if (axis < n.array->dims && n.array->shape[axis] >= 1 && n.array->shape[axis] <= MAX_SIZE)
        return (int)n.array->shape[axis];
    echo_bind_fail(b, "tensor '%s' has the impossible shape %s", n.name,
                   shape_text(n.array, have, sizeof have));
    return 1;
}

int echo_bind_count(struct binder *b, const char *stem)
{
    size_t length = strlen(stem);
    int count = 0;

    if (b->status)
        return 1;
    for (size_t i = 0; i < b->file->n; i++) {
        const char *name = b->file->arrays[i].name;
        char *end;

        if (strncmp(name, stem, length) || name[length] < '0' || name[length] > '9')
            continue;
        long number = strtol(name + length, &end, 10);

        if (*end == '.' && number < MAX_SIZE && number >= count)
            count = (int)number + 1;
    }
    if (!count)
        echo_bind_fail(b, "there is no tensor '%s0...'", stem);
    return count ? count : 1;
}

static struct tensor to_device(struct binder *b, const float *values, int rows, int cols)
{
    struct owned *k = keep(b, 0);
    size_t bytes = (size_t)rows * (size_t)cols * sizeof *values;

    if (!k)
        return no_tensor;
    if (!b->device->ops->alloc(b->device, &k->device, bytes)) {
        b->status = echo_fail_memory(b->err, bytes, "the model");
        return no_tensor;
    }
    struct tensor t = { &k->device, 0, rows, cols, cols, DT_F32 };

    op_write(b->queue, t, values);
    return t;
}

void echo_bind_fold(struct binder *b, float *v, const float *g, int rows, int row,
                    const char *stem)
{
    for (int i = 0; i < rows && !b->status; i++, v += row) {
        double sum = 0;

        for (int j = 0; j < row; j++)
            sum += (double)v[j] * v[j];
        if (sum == 0)
            echo_bind_fail(b, "'%s': weight norm divides by row %d, which is all zeros", stem,
                           i);
        for (int j = 0; j < row; j++)
            v[j] = (float)(v[j] * (g[i] / sqrt(sum)));
    }
}

/* Derived weights may overflow even if the file is finite (1 / 1e-45). */
static bool made_well(struct binder *b, const float *values, size_t n)
{
    for (size_t i = 0; i < n && !b->status; i++)
        if (!isfinite(values[i]))
            echo_bind_fail(b, "a weight computed from its tensors is not finite: the file is "
                              "damaged");
    return !b->status;
}

/* ---- telling ---- */

static void tell(struct binder *b, const char *name, const struct array *a,
                 const struct weight *w)
{
    const struct bind_observer *o = b->owner->observer;

    if (o && !b->status && !b->unobserved)
        b->status = o->bound(o->user, name, a, w, b->err);
}

bool echo_bind_made_sizes(struct binder *b, int sizes[3], const char *name)
{
    char shape[170];

    snprintf(shape, sizeof shape, "%s.shape", name);
    const struct array *a = echo_safetensors_find(b->file, shape);

    if (!a)
        return false;
    if (a->type != ARRAY_I32 || a->count != 3) {
        echo_bind_fail(b, "tensor '%s' is not three integers", shape);
        return false;
    }
    for (int i = 0; i < 3; i++) {
        int32_t size;

        memcpy(&size, (const char *)a->data + 4 * i, sizeof size);
        if (size < 1 || size > MAX_SIZE)
            echo_bind_fail(b, "tensor '%s' has the impossible number %d", shape, (int)size);
        sizes[i] = b->status ? 1 : size;
    }
    return true;
}

void echo_bind_tell_made(struct binder *b, const struct weight *w, const int sizes[3],
                         const char *name)
{
    char shape[170];
    int32_t *owned;

    if (!b->owner->observer || !(owned = echo_bind_memory(b, 3, sizeof *owned)))
        return;
    for (int i = 0; i < 3; i++)
        owned[i] = sizes[i];
    snprintf(shape, sizeof shape, "%s.shape", name);
    tell(b, name, NULL, w);
    tell(b, shape, &(struct array){ .type = ARRAY_I32, .dims = 1, .shape = { 3 },
                                    .data = owned, .bytes = 3 * sizeof *owned }, NULL);
}

/* ---- numbers ---- */

struct tensor echo_bind_made(struct binder *b, const float *values, int rows, int cols)
{
    bool good = !b->owner->headers_only && made_well(b, values, (size_t)rows * (size_t)cols);

    return good ? to_device(b, values, rows, cols) : no_tensor;
}

static void report(struct binder *b, size_t bytes)
{
    struct owner *k = b->owner;
    double done = (double)(k->loaded += bytes) / (double)k->total;

    /* weights that two parts read are counted twice */
    if (!b->status && k->progress && !k->progress(k->user, done < 1 ? done : 1))
        b->status = echo_fail(b->err, ECHO_ERR_CANCELLED, "stopped on request");
}

/* Pairs of bfloat16 need whole pairs of x. */
static enum dtype precision_of(const struct binder *b, enum part part, int k)
{
    enum dtype precision = echo_precision_of(&b->precisions, part);

    return k % 2 && precision == DT_BF16 ? echo_precision_of(&b->precisions, PART_ODD_INPUTS)
                                         : precision;
}

static void load(struct binder *b, struct weight *w, const struct weight_source *from)
{
    struct device *device = b->device;
    int size = (int)dtype_size(from->dtype);
    size_t numbers = (size_t)from->n * (size_t)from->k, bytes = numbers * (size_t)size;
    struct owned *owned = b->owner->headers_only ? NULL : keep(b, 0);

    if (!owned)
        return;
    if (!device->ops->load(device, w, from))
        b->status = echo_fail_memory(b->err, numbers * 4, "the model's weights");
    else if (w->bytes.device)
        owned->device = w->bytes;
    report(b, bytes);
    if (from->layout == LAYOUT_PANELS)
        bytes = panels_bytes(size, from->n, from->k);
    if (from->stays && w->bytes.device) /* it is a copy: memory need not hold both */
        echo_map_forget(from->data, bytes);
}

static void load_made(struct binder *b, struct weight *w, const float *values, int n, int k,
                      enum dtype x_dtype)
{
    if (!b->owner->headers_only && made_well(b, values, (size_t)n * (size_t)k))
        load(b, w, &(struct weight_source){ .data = values, .dtype = DT_F32, .n = n, .k = k,
                                            .x_dtype = x_dtype });
}

void echo_bind_made_weight(struct binder *b, enum part part, struct weight *w,
                           const float *values, int n, int k)
{
    load_made(b, w, values, n, k, precision_of(b, part, k));
}

/* Panels are for the precision they were packed for, or for one that can be made of it. */
static const enum dtype panel_types[] = { [ARRAY_PANELS_F32] = DT_F32,
                                          [ARRAY_PANELS_BF16] = DT_BF16,
                                          [ARRAY_PANELS_I8] = DT_I8 };

static void check_panels(struct binder *b, enum part part, int first, int k,
                         const struct named *name)
{
    enum dtype dtype = panel_types[name->array->type];

    if (!echo_panels_serve(dtype, precision_of(b, part, k)))
        echo_bind_fail(b, "tensor '%s' is of type %s: the file is damaged", name->name,
                       echo_array_type_name(name->array->type));
    else if (first % PANEL_COLUMNS || (dtype == DT_BF16 && k % 2))
        echo_bind_fail(b, "tensor '%s' cannot be cut at row %d", name->name, first);
}

/* From row `first` on, where an array of panels or rows lies. */
static const char *rows_of(const struct array *a, int first, int k)
{
    size_t row = (size_t)k * echo_array_type_size(a->type);
    size_t panel = echo_array_is_panels(a)
                       ? (size_t)panel_bytes((int)echo_array_type_size(a->type), k) : 0;

    return (const char *)a->data +
           (panel ? (size_t)(first / PANEL_COLUMNS) * panel : (size_t)first * row);
}

/* Rows of float32 with what adapters add to them, for echo_free(); NULL on failure. */
static float *merged_rows(struct binder *b, const struct array *a, int first, int n, int k)
{
    size_t count = (size_t)n * (size_t)k;
    float *values = echo_bind_workspace(b, count);

    if (!values)
        return NULL;
    echo_array_floats(a, (size_t)first * (size_t)k, count, values);
    if (!echo_loras_add(b->loras, b->pool, a, values, (size_t)first, (size_t)n)) {
        b->status = echo_fail_memory(b->err, (size_t)k, "a LoRA");
        echo_free(values);
        return NULL;
    }
    echo_map_forget(rows_of(a, first, k), count * echo_array_type_size(a->type));
    return values;
}

/* A weight that an adapter changes is made, in the precision it would have had. */
static void bind_merged(struct binder *b, enum part part, struct weight *w, int first, int n,
                        int k, const struct named *name)
{
    float *values = merged_rows(b, name->array, first, n, k);

    if (!values)
        return;
    for (size_t i = 0; i < (size_t)n * (size_t)k && !b->status; i++)
        if (!isfinite(values[i]))
            echo_bind_fail(b, "tensor '%s' is not finite, with what its LoRA adds to it",
                           name->name);
    load(b, w, &(struct weight_source){ .data = values, .dtype = DT_F32, .n = n, .k = k,
                                        .x_dtype = precision_of(b, part, k) });
    tell(b, name->name, name->array, w);
    echo_free(values);
}

/* A multiple of this many: matmuls like their inputs so. */
#define RANK_STEP 8

/* Additions to a packed weight stay beside it: unpacking it and packing it again would round it
 * twice.  `down` has the inputs of the weight itself. */
static void bind_beside(struct binder *b, struct weight *w, int first, int n, int k,
                        const struct named *name)
{
    int rank = divide_up(echo_loras_rank(b->loras, name->array), RANK_STEP) * RANK_STEP;
    enum dtype fine = w->x_dtype == DT_I8 ? b->precisions.fine : w->x_dtype;
    struct low_rank *low = echo_bind_memory(b, 1, sizeof *low);
    float *down = echo_bind_workspace(b, (size_t)rank * (size_t)k);
    float *up = echo_bind_workspace(b, (size_t)n * (size_t)rank);

    if (low && down && up) {
        memset(down, 0, (size_t)rank * (size_t)k * sizeof *down);
        memset(up, 0, (size_t)n * (size_t)rank * sizeof *up);
        echo_loras_split(b->loras, name->array, down, up, (size_t)rank, (size_t)first,
                         (size_t)n);
        load_made(b, &low->down, down, rank, k, w->x_dtype);
        load_made(b, &low->up, up, n, rank, fine);
        w->low = low;
    }
    echo_free(down);
    echo_free(up);
}

static void bind_rows(struct binder *b, enum part part, struct weight *w, int first, int n,
                      int of, int k, const struct named *name)
{
    static const enum dtype types[] = { [ARRAY_F32] = DT_F32, [ARRAY_BF16] = DT_BF16,
                                        [ARRAY_F16] = DT_F16 };
    const struct array *a = name->array;

    if (!require_shape(b, name, of, k, 0))
        return;
    bool panels = echo_array_is_panels(a), touched = echo_loras_touch(b->loras, a);

    b->parameters += (uint64_t)n * (uint64_t)k;
    if (panels)
        check_panels(b, part, first, k, name);
    if (b->owner->headers_only)
        return;
    if (touched && !panels) {
        bind_merged(b, part, w, first, n, k, name);
        return;
    }
    load(b, w, &(struct weight_source){
                   .data = rows_of(a, first, k),
                   .layout = panels ? LAYOUT_PANELS : LAYOUT_ROWS,
                   .dtype = panels ? panel_types[a->type] : types[a->type], .n = n, .k = k,
                   .x_dtype = precision_of(b, part, k), .stays = true });
    if (!panels)
        tell(b, name->name, a, w->layout == LAYOUT_ROWS ? NULL : w);
    else if (touched && !b->status)
        bind_beside(b, w, first, n, k, name);
}

void echo_bind_weight(struct binder *b, enum part part, struct weight *w, int n, int k,
                      const char *name, ...)
{
    va_list ap;

    va_start(ap, name);
    struct named named = find(b, name, ap);
    va_end(ap);
    bind_rows(b, part, w, 0, n, n, k, &named);
}

void echo_bind_rows(struct binder *b, enum part part, struct weight *w, int first, int n,
                    int of, int k, const char *name, ...)
{
    va_list ap;

    va_start(ap, name);
    struct named named = find(b, name, ap);
    va_end(ap);
    bind_rows(b, part, w, first, n, of, k, &named);
}

float *echo_bind_workspace(struct binder *b, size_t count)
{
    size_t bytes = echo_product(count, sizeof(float));
    bool none = b->status || b->owner->headers_only;
    float *capacity = none ? NULL : echo_alloc(bytes);

    if (!capacity && !none)
        b->status = echo_fail_memory(b->err, bytes, "the model");
    return capacity;
}

/* All numbers of an array, for echo_free(). */
static float *floats(struct binder *b, const struct named *n)
{
    float *values;

    if (!echo_array_is_float(n->array)) {
        echo_bind_fail(b, "tensor '%s' is of type %s, expected F32, BF16 or F16", n->name,
                       echo_array_type_name(n->array->type));
        return NULL;
    }
    if (b->owner->headers_only) {
        b->parameters += n->array->count;
        return NULL;
    }
    size_t bad = echo_array_not_finite(n->array);

    if (bad < n->array->count) {
        echo_bind_fail(b,
                       "tensor '%s' has a number that is not finite (number %zu): the file is "
                       "damaged",
                       n->name, bad);
        return NULL;
    }
    if (!(values = echo_bind_workspace(b, n->array->count)))
        return NULL;
    echo_array_floats(n->array, 0, n->array->count, values);
    b->parameters += n->array->count;
    tell(b, n->name, n->array, NULL);
    return values;
}

float *echo_bind_floats(struct binder *b, int d0, int d1, int d2, const char *name, ...)
{
    va_list ap;

    va_start(ap, name);
    struct named n = find(b, name, ap);
    va_end(ap);
    return require_shape(b, &n, d0, d1, d2) ? floats(b, &n) : NULL;
}

struct tensor echo_bind_vector(struct binder *b, int n, const char *name, ...)
{
    va_list ap;
    char have[120];

    va_start(ap, name);
    struct named named = find(b, name, ap);
    va_end(ap);
    if (!require(b, &named))
        return no_tensor;
    if (named.array->count != (size_t)n) {
        echo_bind_fail(b, "tensor '%s' has shape %s, expected %d elements", named.name,
                       shape_text(named.array, have, sizeof have), n);
        return no_tensor;
    }
    float *values = floats(b, &named);
    struct tensor t = values ? to_device(b, values, 1, n) : no_tensor;

    echo_free(values);
    return t;
}

/* SPDX-License-Identifier: MIT */
#include "weights/torch.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "weights/pickle.h"
#include "weights/zip.h"

#define MOST_WRAPPINGS 4 /* of a tensor in a parameter in ... */

/* ---- what may be named ---- */

static const struct number_type {
    const char *storage; /* NULL: only in untyped storages */
    const char *dtype;
    enum array_type type;
    size_t bytes;
} number_types[] = {
    { "FloatStorage", "float32", ARRAY_F32, 4 },
    { "BFloat16Storage", "bfloat16", ARRAY_BF16, 2 },
    { "HalfStorage", "float16", ARRAY_F16, 2 },
    { "IntStorage", "int32", ARRAY_I32, 4 },
    { "LongStorage", "int64", ARRAY_I64, 8 },
    { "ByteStorage", "uint8", ARRAY_U8, 1 },
    { "BoolStorage", "bool", ARRAY_BOOL, 1 },
    { "DoubleStorage", "float64", ARRAY_OTHER, 8 },
    { "ShortStorage", "int16", ARRAY_OTHER, 2 },
    { "CharStorage", "int8", ARRAY_OTHER, 1 },
    { "ComplexFloatStorage", "complex64", ARRAY_OTHER, 8 },
    { "ComplexDoubleStorage", "complex128", ARRAY_OTHER, 16 },
    { NULL, "uint16", ARRAY_OTHER, 2 },
    { NULL, "uint32", ARRAY_OTHER, 4 },
    { NULL, "uint64", ARRAY_OTHER, 8 },
    { NULL, "float8_e4m3fn", ARRAY_OTHER, 1 },
    { NULL, "float8_e5m2", ARRAY_OTHER, 1 },
};

#define CALLS(module, name) { module, name, PICKLE_CALL }
#define DICTS(module, name) { module, name, PICKLE_DICT }

/* None of them does anything here.  What torch.load(weights_only=True) allows is longer. */
static const struct pickle_name names[] = {
    DICTS("collections", "OrderedDict"), DICTS("collections", "defaultdict"),
    DICTS("collections", "Counter"), DICTS("builtins", "dict"), DICTS("__builtin__", "dict"),
    CALLS("builtins", "set"), CALLS("__builtin__", "set"), CALLS("_codecs", "encode"),
    CALLS("torch._utils", "_rebuild_tensor"), CALLS("torch._utils", "_rebuild_tensor_v2"),
    CALLS("torch._utils", "_rebuild_tensor_v3"), CALLS("torch._utils", "_rebuild_parameter"),
    CALLS("torch._utils", "_rebuild_parameter_with_state"),
    CALLS("torch._tensor", "_rebuild_from_type_v2"), CALLS("torch", "Tensor"),
    CALLS("torch.nn.parameter", "Parameter"), CALLS("torch", "Size"), CALLS("torch", "device"),
    CALLS("torch.serialization", "_get_layout"), CALLS("torch.storage", "UntypedStorage"),
    CALLS("torch", "FloatStorage"), CALLS("torch", "BFloat16Storage"),
    CALLS("torch", "HalfStorage"), CALLS("torch", "IntStorage"), CALLS("torch", "LongStorage"),
    CALLS("torch", "ByteStorage"), CALLS("torch", "BoolStorage"),
    CALLS("torch", "DoubleStorage"), CALLS("torch", "ShortStorage"),
    CALLS("torch", "CharStorage"), CALLS("torch", "ComplexFloatStorage"),
    CALLS("torch", "ComplexDoubleStorage"), CALLS("torch", "float32"),
    CALLS("torch", "bfloat16"), CALLS("torch", "float16"), CALLS("torch", "int32"),
    CALLS("torch", "int64"), CALLS("torch", "uint8"), CALLS("torch", "bool"),
    CALLS("torch", "float64"), CALLS("torch", "int16"), CALLS("torch", "int8"),
    CALLS("torch", "complex64"), CALLS("torch", "complex128"), CALLS("torch", "uint16"),
    CALLS("torch", "uint32"), CALLS("torch", "uint64"), CALLS("torch", "float8_e4m3fn"),
    CALLS("torch", "float8_e5m2"), { 0 },
};

/* Keys under which trainers put the model, the likeliest first. */
static const char *const keys[] = { "model", "model_state_dict", "state_dict", "module",
                                    "ema",   "ema_model",        "model_ema",  "ema_state_dict",
                                    "generator", "net",          "weights",    "params" };

/* The file while it is read. */
struct reading {
    const char *path;
    size_t bytes;
    struct zip zip;
    struct pickle *pickle;
    char folder[300];  /* of all entries, with its slash */
    char shown[80];    /* name of the tensor at hand, cut for messages */
    size_t copy_bytes; /* of all copies */
    echo_error *err;
};

/* A tensor before it is an array: strides are in numbers. */
struct view {
    const struct number_type *type;
    const unsigned char *data; /* of the storage */
    size_t numbers;            /* in it */
    int64_t offset;
    int dims;
    int64_t shape[ARRAY_MAX_DIMS], strides[ARRAY_MAX_DIMS];
    size_t count;
};

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

static bool is_name(const struct pickle_value *v, const char *module, const char *name)
{
    return v && v->name && !strcmp(v->name->module, module) && !strcmp(v->name->name, name);
}

static bool is_kind(const struct pickle_value *v, enum pickle_kind kind)
{
    return v && v->kind == kind;
}

/* ---- one tensor ---- */

/* The call that makes it, and its arguments; NULL if this is no tensor.  A parameter wraps
 * one, and a tensor with fields of its own names the call first. */
static const struct pickle_value *find_call(const struct pickle_value *v,
                                            const struct pickle_value **args)
{
    for (int i = 0; i < MOST_WRAPPINGS && is_kind(v, PICKLE_CALL); i++) {
        *args = v->of;
        if (is_name(v, "torch._tensor", "_rebuild_from_type_v2")) {
            v = echo_pickle_item(v->of, 0);
            *args = echo_pickle_item(*args, 2);
            if (!is_kind(v, PICKLE_NAME) || !is_kind(*args, PICKLE_TUPLE))
                return NULL;
        }
        if (is_name(v, "torch._utils", "_rebuild_tensor") ||
            is_name(v, "torch._utils", "_rebuild_tensor_v2") ||
            is_name(v, "torch._utils", "_rebuild_tensor_v3"))
            return v;
        if (!is_name(v, "torch._utils", "_rebuild_parameter") &&
            !is_name(v, "torch._utils", "_rebuild_parameter_with_state"))
            return NULL;
        v = echo_pickle_item(*args, 0);
    }
    return NULL;
}

static bool is_tensor(const struct pickle_value *v)
{
    const struct pickle_value *args;

    return find_call(v, &args) != NULL;
}

/* Numbers of a tuple or of a torch.Size of one; their count, or -1. */
static int read_numbers(const struct pickle_value *v, int64_t out[ARRAY_MAX_DIMS])
{
    int n = 0;

    if (is_kind(v, PICKLE_CALL) && is_name(v, "torch", "Size"))
        v = echo_pickle_item(v->of, 0);
    if (!is_kind(v, PICKLE_TUPLE) && !is_kind(v, PICKLE_LIST))
        return -1;
    if (v->items > ARRAY_MAX_DIMS)
        return -1;
    for (const struct pickle_item *i = v->first; i; i = i->next) {
        if (i->value->kind != PICKLE_INT || i->value->number < 0)
            return -1;
        out[n++] = i->value->number;
    }
    return n;
}

static const struct number_type *find_type(const struct pickle_value *name, bool storage)
{
    for (size_t i = 0; i < sizeof number_types / sizeof *number_types; i++) {
        const struct number_type *t = &number_types[i];

        if (is_name(name, "torch", storage && t->storage ? t->storage : t->dtype) &&
            (!storage || t->storage))
            return t;
    }
    return NULL;
}

/* ("storage", its type, the entry's name, where it was, how many numbers). */
static echo_status read_storage(struct view *v, struct reading *r,
                                const struct pickle_value *stored)
{
    const struct pickle_value *of = is_kind(stored, PICKLE_STORED) ? stored->of : NULL;
    bool whole = is_kind(of, PICKLE_TUPLE) && of->items >= 5;
    const struct pickle_value *key = whole ? echo_pickle_item(of, 2) : NULL;
    const struct pickle_value *numbers = whole ? echo_pickle_item(of, 4) : NULL;
    const struct pickle_value *type = whole ? echo_pickle_item(of, 1) : NULL;
    const struct zip_entry *entry;
    char name[400];

    if (!is_kind(key, PICKLE_TEXT) || !is_kind(numbers, PICKLE_INT) || numbers->number < 0 ||
        key->bytes > 64 || memchr(key->text, 0, key->bytes))
        return bad_tensor(r, "has no storage that is known: the file is damaged");
    if (!v->type && !(v->type = find_type(type, true)))
        return bad_tensor(r, "has numbers of a type that is not known");
    snprintf(name, sizeof name, "%sdata/%.*s", r->folder, (int)key->bytes, key->text);
    if (!(entry = echo_zip_find(&r->zip, name)))
        return bad_tensor(r, "has its numbers in '%.100s', which is missing: the file is "
                             "truncated or damaged", name);
    v->data = entry->data;
    v->numbers = (size_t)numbers->number;
    if (is_name(type, "torch.storage", "UntypedStorage"))
        v->numbers /= v->type->bytes;
    else if (find_type(type, true) != v->type)
        return bad_tensor(r, "is of one type, its numbers of another");
    if (v->numbers > entry->bytes / v->type->bytes)
        return bad_tensor(r, "should have %zu numbers in '%.100s', which has %zu bytes: the "
                             "file is truncated or damaged", v->numbers, name, entry->bytes);
    return ECHO_OK;
}

/* How many numbers there are, and that none lies outside of the storage. */
static echo_status check_view(struct view *v, struct reading *r)
{
    size_t last = (size_t)v->offset;

    v->count = 1;
    for (int i = 0; i < v->dims; i++)
        if (!v->shape[i])
            v->count = 0;
    for (int i = 0; i < v->dims && v->count; i++) {
        size_t size = (size_t)v->shape[i], stride = (size_t)v->strides[i], reach;

        if (__builtin_mul_overflow(v->count, size, &v->count) ||
            __builtin_mul_overflow(size - 1, stride, &reach) ||
            __builtin_add_overflow(last, reach, &last))
            return bad_tensor(r, "has a shape that overflows; no file holds so much");
    }
    if (v->count && last >= v->numbers)
        return bad_tensor(r, "ends at number %zu of %zu in its storage: the file is damaged",
                          last, v->numbers);
    if (v->count > v->numbers)
        return bad_tensor(r, "repeats its numbers (expand): save it with contiguous()");
    return ECHO_OK;
}

static echo_status read_view(struct view *v, struct reading *r, const struct pickle_value *of)
{
    const struct pickle_value *args = NULL, *call = find_call(of, &args), *offset;
    int strides;
    echo_status s;

    *v = (struct view){ 0 };
    if (!is_kind(args, PICKLE_TUPLE))
        return bad_tensor(r, "is not described as PyTorch does: the file is damaged");
    if (is_name(call, "torch._utils", "_rebuild_tensor_v3") &&
        !(v->type = find_type(echo_pickle_item(args, 6), false)))
        return bad_tensor(r, "has numbers of a type that is not known");
    if ((s = read_storage(v, r, echo_pickle_item(args, 0))))
        return s;
    offset = echo_pickle_item(args, 1);
    v->dims = read_numbers(echo_pickle_item(args, 2), v->shape);
    strides = read_numbers(echo_pickle_item(args, 3), v->strides);
    if (!is_kind(offset, PICKLE_INT) || offset->number < 0 || v->dims < 0 ||
        strides != v->dims)
        return bad_tensor(r, "has a shape, or strides, that are not read: up to %d whole "
                             "numbers from 0 are", ARRAY_MAX_DIMS);
    v->offset = offset->number;
    return check_view(v, r);
}

/* Do the numbers lie in the order in which they are counted? */
static bool is_in_order(const struct view *v)
{
    int64_t expected = 1;

    for (int i = v->dims - 1; i >= 0 && v->count; i--) {
        if (v->shape[i] > 1 && v->strides[i] != expected)
            return false;
        expected *= v->shape[i];
    }
    return true;
}

/* Number after number, in the order in which they are counted. */
static void copy_view(unsigned char *to, const struct view *v)
{
    int64_t index[ARRAY_MAX_DIMS] = { 0 };
    size_t size = v->type->bytes, at = (size_t)v->offset;

    for (size_t n = 0; n < v->count; n++) {
        memcpy(to + n * size, v->data + at * size, size);
        for (int i = v->dims - 1; i >= 0; i--) {
            at += (size_t)v->strides[i];
            if (++index[i] < v->shape[i])
                break;
            at -= (size_t)v->strides[i] * (size_t)v->shape[i];
            index[i] = 0;
        }
    }
}

/* ---- all of them ---- */

/* Those in a dict. */
static size_t count_tensors(const struct pickle_value *dict)
{
    size_t n = 0;

    for (const struct pickle_item *i = dict->first; i; i = i->next)
        n += i->key->kind == PICKLE_TEXT && is_tensor(i->value);
    return n;
}

/* Room for the arrays, their names behind them, and for copies: filled by the second pass. */
static echo_status list_arrays(struct safetensors *f, struct reading *r,
                               const struct pickle_value *dict)
{
    size_t n = count_tensors(dict), name_bytes = 0;
    char *names_at;

    for (const struct pickle_item *i = dict->first; i; i = i->next)
        if (i->key->kind == PICKLE_TEXT && is_tensor(i->value))
            name_bytes += (i->key->bytes <= ARRAY_MAX_NAME ? i->key->bytes : 0) + 1;
    if (!(f->arrays = calloc(1, n * sizeof *f->arrays + name_bytes + 1)))
        return echo_fail_memory(r->err, n * sizeof *f->arrays, "a list of tensors");
    names_at = (char *)(f->arrays + n);
    for (const struct pickle_item *i = dict->first; i; i = i->next) {
        struct array *a = &f->arrays[f->n];
        json_t *text;

        if (i->key->kind != PICKLE_TEXT || !is_tensor(i->value))
            continue;
        snprintf(r->shown, sizeof r->shown, "%zu", f->n);
        text = json_stringn(i->key->text, i->key->bytes); /* NULL: not UTF-8 */
        json_decref(text);
        if (!text || !i->key->bytes || i->key->bytes > ARRAY_MAX_NAME ||
            memchr(i->key->text, 0, i->key->bytes))
            return bad_tensor(r, "has a name that is not 1 to %d bytes of UTF-8",
                              ARRAY_MAX_NAME);
        a->name = memcpy(names_at, i->key->text, i->key->bytes);
        a->place = f->n++;
        names_at += i->key->bytes + 1;
    }
    return ECHO_OK;
}

/* Tensors of dict one after the other: in place, or with a place in the copies. */
static echo_status place_arrays(struct safetensors *f, struct reading *r,
                                const struct pickle_value *dict, bool copying)
{
    size_t n = 0;

    for (const struct pickle_item *i = dict->first; i; i = i->next) {
        struct view v;
        struct array *a = &f->arrays[n];
        echo_status s;

        if (i->key->kind != PICKLE_TEXT || !is_tensor(i->value))
            continue;
        echo_array_show_name(r->shown, sizeof r->shown, f->arrays[n++].name);
        if ((s = read_view(&v, r, i->value)))
            return s;
        a->type = v.type->type;
        a->dims = v.dims;
        memcpy(a->shape, v.shape, sizeof a->shape);
        a->count = v.count;
        a->bytes = v.count * v.type->bytes;
        if (is_in_order(&v)) {
            a->data = v.count ? v.data + (size_t)v.offset * v.type->bytes : v.data;
            continue;
        }
        if (copying) {
            a->data = (unsigned char *)f->copies + r->copy_bytes;
            copy_view((unsigned char *)f->copies + r->copy_bytes, &v);
        }
        r->copy_bytes += (a->bytes + ECHO_ALIGN - 1) / ECHO_ALIGN * ECHO_ALIGN;
        if (r->copy_bytes > r->bytes + n * ECHO_ALIGN) /* views of the same numbers */
            return bad_tensor(r, "and those before it are views that would take more memory "
                                 "than the file has: save them with contiguous()");
    }
    return ECHO_OK;
}

static echo_status take_arrays(struct safetensors *f, struct reading *r,
                               const struct pickle_value *dict)
{
    echo_status s;

    if ((s = list_arrays(f, r, dict)) || (s = place_arrays(f, r, dict, false)))
        return s;
    if (r->copy_bytes) {
        if (!(f->copies = echo_alloc(r->copy_bytes)))
            return echo_fail_memory(r->err, r->copy_bytes, "copies of tensors");
        r->copy_bytes = 0;
        if ((s = place_arrays(f, r, dict, true)))
            return s;
    }
    return echo_safetensors_sort(f, r->err);
}

/* ---- which of them ---- */

/* "'step', 'config', ...", for messages. */
static void list_keys(char *out, size_t size, const struct pickle_value *dict)
{
    size_t used = 0;
    int n = 0;

    *out = 0;
    for (const struct pickle_item *i = dict->first; i && used + 40 < size && n < 6;
         i = i->next) {
        json_t *text = i->key->kind == PICKLE_TEXT && i->key->bytes
                           ? json_stringn(i->key->text, i->key->bytes) : NULL;

        if (text)
            used += (size_t)snprintf(out + used, size - used, "%s'%.24s'", n++ ? ", " : "",
                                     json_string_value(text));
        json_decref(text);
    }
}

/* The dict with the model's tensors, and the key that it lies under, or NULL. */
static const struct pickle_value *choose(const struct pickle_value *root, const char **key)
{
    size_t own = is_kind(root, PICKLE_DICT) ? count_tensors(root) : 0;

    *key = NULL;
    for (size_t i = 0; i < sizeof keys / sizeof *keys && is_kind(root, PICKLE_DICT); i++) {
        const struct pickle_value *v = echo_pickle_get(root, keys[i]);

        if (is_kind(v, PICKLE_DICT) && count_tensors(v)) {
            *key = keys[i];
            return v;
        }
    }
    return own ? root : NULL;
}

/* "those under 'model', not under 'ema'" */
static echo_status note_taken(struct safetensors *f, const struct reading *r,
                              const struct pickle_value *root, const char *key)
{
    char line[300];
    size_t used;
    int others = 0;

    if (!key)
        return ECHO_OK;
    used = (size_t)snprintf(line, sizeof line, "those under '%s'", key);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const struct pickle_value *v = echo_pickle_get(root, keys[i]);

        if (!strcmp(keys[i], key) || !is_kind(v, PICKLE_DICT) || !count_tensors(v))
            continue;
        used += (size_t)snprintf(line + used, sizeof line - used, "%s '%s'",
                                 others++ ? "," : ", not under", keys[i]);
    }
    if (!(f->taken = strdup(line)))
        return echo_fail_memory(r->err, sizeof line, r->path);
    return ECHO_OK;
}

static echo_status take_model(struct safetensors *f, struct reading *r)
{
    const struct pickle_value *root = echo_pickle_root(r->pickle), *dict;
    const char *key;
    char list[200];
    echo_status s;

    if ((dict = choose(root, &key)))
        return (s = note_taken(f, r, root, key)) ? s : take_arrays(f, r, dict);
    if (!is_kind(root, PICKLE_DICT))
        return echo_fail(r->err, ECHO_ERR_FILE, "%s: it holds no dictionary of tensors: save "
                                                "the model's state_dict()", r->path);
    list_keys(list, sizeof list, root);
    return echo_fail(r->err, ECHO_ERR_FILE,
                     "%s: it holds no tensors by name, neither itself nor under 'model' or "
                     "'state_dict' (its keys: %s): save the model's state_dict()", r->path,
                     *list ? list : "none");
}

/* ---- the archive ---- */

/* The one "FOLDER/data.pkl" there is. */
static echo_status find_pickle(struct reading *r, const struct zip_entry **pickle)
{
    static const char ending[] = "/data.pkl";
    size_t length = sizeof ending - 1;

    *pickle = NULL;
    for (size_t i = 0; i < r->zip.n; i++) {
        const struct zip_entry *e = &r->zip.entries[i];
        size_t folder = e->name_bytes - length;

        if (e->name_bytes <= length || memcmp(e->name + folder, ending, length) ||
            memchr(e->name, '/', folder))
            continue;
        if (*pickle || folder + 2 > sizeof r->folder)
            return echo_fail(r->err, ECHO_ERR_FILE, "%s: there is more than one data.pkl in "
                                                    "it, or its folder has a long name",
                             r->path);
        *pickle = e;
        snprintf(r->folder, sizeof r->folder, "%.*s/", (int)folder, e->name);
    }
    if (!*pickle)
        return echo_fail(r->err, ECHO_ERR_FILE,
                         "%s: a ZIP archive, but not by torch.save(): there is no data.pkl in "
                         "it", r->path);
    return ECHO_OK;
}

static const struct zip_entry *find_entry(const struct reading *r, const char *name)
{
    char whole[sizeof r->folder + 32];

    snprintf(whole, sizeof whole, "%s%s", r->folder, name);
    return echo_zip_find(&r->zip, whole);
}

static echo_status check_kind(const struct reading *r)
{
    const struct zip_entry *order = find_entry(r, "byteorder");

    if (find_entry(r, "constants.pkl"))
        return echo_fail(r->err, ECHO_ERR_FILE, "%s: this is a TorchScript program, not "
                                                "tensors: save the model's state_dict()",
                         r->path);
    if (order && (order->bytes < 6 || memcmp(order->data, "little", 6)))
        return echo_fail(r->err, ECHO_ERR_FILE, "%s: its numbers are in big-endian order, "
                                                "which is not read", r->path);
    return ECHO_OK;
}

/* Of formats from before 2020 (PyTorch 1.6). */
static echo_status fail_old(const char *path, const char *what, echo_error *err)
{
    return echo_fail(err, ECHO_ERR_FILE,
                     "%s: this is %s, which is not read: let PyTorch convert it: "
                     "torch.save(torch.load('OLD', map_location='cpu', weights_only=True), "
                     "'NEW.pt')", path, what);
}

/* "ustar" of new archives, or that what saved the first ones wrote as its first entry. */
static bool is_tar(const unsigned char *p, size_t bytes)
{
    return bytes >= 262 && (!memcmp(p + 257, "ustar", 5) || !memcmp(p, "storages", 9));
}

/* Where safetensors begin with such a length, there are zeros in it. */
static bool is_pickle(const unsigned char *p, size_t bytes)
{
    return bytes >= 8 && p[0] == 0x80 && p[1] >= 2 && p[1] <= 5 && memcmp(p + 4, "\0\0\0", 4);
}

bool echo_torch_claims(const void *head, size_t bytes)
{
    return (bytes >= 4 && !memcmp(head, "PK\3\4", 4)) || is_tar(head, bytes) ||
           is_pickle(head, bytes);
}

echo_status echo_torch_parse(struct safetensors **out, const char *path, const void *data,
                             size_t bytes, echo_error *err)
{
    struct reading r = { .path = path, .bytes = bytes, .err = err };
    struct safetensors *f = NULL;
    const struct zip_entry *pickle;
    echo_status s;

    *out = NULL;
    if (is_tar(data, bytes))
        return fail_old(path, "a tar archive of PyTorch's first format", err);
    if (is_pickle(data, bytes))
        return fail_old(path, "an old PyTorch file (before 1.6), or a pickle alone", err);
    if ((s = echo_zip_open(&r.zip, path, data, bytes, err)))
        return s;
    if ((s = find_pickle(&r, &pickle)) || (s = check_kind(&r)) ||
        (s = echo_pickle_open(&r.pickle, path, pickle->data, pickle->bytes, names, err)))
        goto done;
    if (!(f = calloc(1, sizeof *f)) || !(f->path = strdup(path)))
        s = echo_fail_memory(err, sizeof *f, path);
    else if (!(s = take_model(f, &r)))
        f->bytes = bytes;
done:
    echo_pickle_close(&r.pickle);
    echo_zip_close(&r.zip);
    if (s)
        echo_safetensors_close(&f);
    *out = f;
    return s;
}

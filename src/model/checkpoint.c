/* SPDX-License-Identifier: MIT */
#include "model/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* A tensor that each has, and nothing else. */
static const char *const anchors[] = { [CHECKPOINT_DIT] = "cond_module.0.weight",
                                       [CHECKPOINT_CODEC] = "decoder.model.0.conv.bias" };
static const char *const kind_names[] = { [CHECKPOINT_DIT] = "the speech model",
                                          [CHECKPOINT_CODEC] = "the codec" };

/* The modules at the top of each. */
static const char *const dit_parts[] = { "blocks", "cond_module", "in_proj", "latent_encoder",
                                         "latent_norm", "out_norm", "out_proj",
                                         "speaker_encoder", "speaker_norm", "text_encoder",
                                         "text_norm" };
static const char *const codec_parts[] = { "encoder", "decoder", "quantizer" };

/* Modules that stand for the one inside them, wherever they are. */
static const char *const wrappers[] = { "_orig_mod", "_fsdp_wrapped_module",
                                        "_checkpoint_wrapped_module" };

/* Names that trainers put in front of all others. */
static const char *const prefixes[] = { "module", "model",     "ema_model",
                                        "ema",    "generator", "base_model" };

/* Parts of the names of adapters' tensors. */
static const char *const adapters[] = { "lora_", "lokr_", "hada_w", "oft_", "ia3_" };

/* The length of a name's first part with its dot if it is in the list, else 0. */
static size_t known_part(const char *name, const char *const *list, size_t n)
{
    size_t length = strcspn(name, ".");

    for (size_t i = 0; i < n && name[length]; i++)
        if (strlen(list[i]) == length && !memcmp(list[i], name, length))
            return length + 1;
    return 0;
}

/* Bytes of all that is known in front of a name. */
static size_t prefix_of(const char *name)
{
    size_t n = 0, more;

    while ((more = known_part(name + n, prefixes, sizeof prefixes / sizeof *prefixes)))
        n += more;
    return n;
}

/* A name without its wrappers; false if it has none, or is nothing else. */
static bool bare_name(char out[ARRAY_MAX_NAME + 1], const char *name)
{
    bool wrapped = false;
    size_t used = 0;

    for (size_t skip, part; *name; name += skip ? skip : part) {
        skip = known_part(name, wrappers, sizeof wrappers / sizeof *wrappers);
        part = strnlen(name, strcspn(name, ".") + 1);
        wrapped |= skip > 0;
        if (!skip) {
            memcpy(out + used, name, part);
            used += part;
        }
    }
    out[used] = 0;
    return wrapped && used;
}

/* Take the wrappers out; where that is the name of another tensor, this one keeps its own.
 * *any: there were some. */
static echo_status unwrap(struct safetensors *f, bool *any, echo_error *err)
{
    char bare[ARRAY_MAX_NAME + 1];
    bool *taken = calloc(f->n + 1, sizeof *taken);

    if (!taken)
        return echo_fail_memory(err, f->n, "a list of tensors");
    for (size_t i = 0; i < f->n; i++) /* while they are in order */
        taken[i] = bare_name(bare, f->arrays[i].name) && !echo_safetensors_find(f, bare);
    for (size_t i = 0; i < f->n; i++)
        if (taken[i] && bare_name(bare, f->arrays[i].name)) {
            echo_safetensors_rename(&f->arrays[i], bare);
            *any = true;
        }
    free(taken);
    return echo_safetensors_sort(f, err);
}

/* The first array whose name is one of an adapter's, or NULL. */
static const struct array *find_adapter(const struct safetensors *f)
{
    for (size_t i = 0; i < f->n; i++)
        for (const char *part = f->arrays[i].name; part; part = strchr(part, '.')) {
            part += *part == '.';
            for (size_t j = 0; j < sizeof adapters / sizeof *adapters; j++)
                if (!strncmp(part, adapters[j], strlen(adapters[j])))
                    return &f->arrays[i];
        }
    return NULL;
}

/* The array that ends in the anchor, with a dot before it or nothing; the shortest of them. */
static const struct array *find_anchor(const struct safetensors *f, enum checkpoint kind)
{
    size_t length = strlen(anchors[kind]);
    const struct array *best = NULL;

    for (size_t i = 0; i < f->n; i++) {
        const char *name = f->arrays[i].name;
        size_t n = strlen(name);

        if (n < length || strcmp(name + n - length, anchors[kind]) ||
            (n > length && name[n - length - 1] != '.'))
            continue;
        if (!best || n < strlen(best->name))
            best = &f->arrays[i];
    }
    return best;
}

bool echo_checkpoint_is(const struct safetensors *f, enum checkpoint kind)
{
    return find_anchor(f, kind) != NULL;
}

const char *echo_checkpoint_name(enum checkpoint kind)
{
    return kind_names[kind];
}

bool echo_checkpoint_has(enum checkpoint kind, const char *name)
{
    return kind == CHECKPOINT_DIT
               ? known_part(name, dit_parts, sizeof dit_parts / sizeof *dit_parts) > 0
               : known_part(name, codec_parts, sizeof codec_parts / sizeof *codec_parts) > 0;
}

/* Does an array begin with the first `length` bytes of prefix and the first part of name? */
static bool has_part(const struct safetensors *f, const char *prefix, size_t length,
                     const char *name)
{
    char key[CHECKPOINT_PREFIX + ARRAY_MAX_NAME + 1];
    size_t part = strcspn(name, "."), first = 0, end = f->n;

    memcpy(key, prefix, length);
    memcpy(key + length, name, part);
    key[length + part] = 0;
    while (first < end) { /* the first one that is not before the key */
        size_t middle = first + (end - first) / 2;

        if (strcmp(f->arrays[middle].name, key) < 0)
            first = middle + 1;
        else
            end = middle;
    }
    return first < f->n && !strncmp(f->arrays[first].name, key, length + part);
}

/* Whatever has not the prefix must be something else: an optimizer's, a discriminator's. */
static echo_status check_others(const struct safetensors *f, const char *prefix, size_t length,
                                echo_error *err)
{
    for (size_t i = 0; i < f->n; i++) {
        const char *name = f->arrays[i].name;

        if (!strncmp(name, prefix, length) ||
            !has_part(f, prefix, length, name + prefix_of(name)))
            continue;
        return echo_fail(err, ECHO_ERR_FILE,
                         "%s: the names of some tensors begin with '%.*s', but there is also "
                         "'%.100s': which ones are meant? Save one model alone",
                         f->path, (int)length, prefix, name);
    }
    return ECHO_OK;
}

/* Take the first `length` bytes of this name off all names that begin so. */
static echo_status take_off(struct safetensors *f, const char *of, size_t length,
                            echo_error *err)
{
    char prefix[CHECKPOINT_PREFIX];
    echo_status s;

    if (prefix_of(of) < length || length >= CHECKPOINT_PREFIX)
        return echo_fail(err, ECHO_ERR_FILE, "%s: the names of its tensors begin with '%.*s', "
                                             "which is not known: save it without that",
                         f->path, length < 100 ? (int)length : 100, of);
    memcpy(prefix, of, length);
    prefix[length] = 0;
    if ((s = check_others(f, prefix, length, err)))
        return s;
    for (size_t i = 0; i < f->n; i++)
        if (!strncmp(f->arrays[i].name, prefix, length) && f->arrays[i].name[length])
            echo_safetensors_rename(&f->arrays[i], f->arrays[i].name + length);
    return echo_safetensors_sort(f, err);
}

/* Without the anchor it may be the other file, or no model. */
static echo_status explain(const struct safetensors *f, enum checkpoint kind, echo_error *err)
{
    enum checkpoint other = kind == CHECKPOINT_DIT ? CHECKPOINT_CODEC : CHECKPOINT_DIT;

    if (echo_checkpoint_is(f, other))
        return echo_fail(err, ECHO_ERR_FILE, "%s: this is %s, where %s is expected", f->path,
                         kind_names[other], kind_names[kind]);
    return ECHO_OK; /* binding names what is missing */
}

/* How many bytes there are in front of an anchor; NULL has none. */
static size_t before_anchor(const struct array *anchor, enum checkpoint kind)
{
    return anchor ? strlen(anchor->name) - strlen(anchors[kind]) : 0;
}

echo_status echo_checkpoint_settle(struct safetensors *f, enum checkpoint kind,
                                   char prefix[CHECKPOINT_PREFIX], echo_error *err)
{
    const struct array *adapter = find_adapter(f), *anchor = find_anchor(f, kind);
    size_t length = before_anchor(anchor, kind);
    bool wrapped = false;
    echo_status s;

    snprintf(prefix, CHECKPOINT_PREFIX, "%.*s", (int)length, anchor ? anchor->name : "");
    if (adapter)
        return echo_fail(err, ECHO_ERR_FILE,
                         "%s: this is a LoRA or another adapter, or has one in it ('%.100s'): "
                         "name the model itself, and a LoRA by --lora; merge others first",
                         f->path, adapter->name);
    if ((s = unwrap(f, &wrapped, err)))
        return s;
    if (wrapped && !*prefix)
        snprintf(prefix, CHECKPOINT_PREFIX, "%s.", wrappers[0]);
    if (!(anchor = find_anchor(f, kind)))
        return explain(f, kind, err);
    length = before_anchor(anchor, kind);
    return length ? take_off(f, anchor->name, length, err) : ECHO_OK;
}

/* SPDX-License-Identifier: MIT */
/* lora_config.c - adapter_config.json, which PEFT puts beside an adapter: its scales. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "weights/lora.h"

#define ADAPTER "adapter_model.safetensors"
#define CONFIG  "adapter_config.json"
#define PREFIX  "base_model.model." /* PEFT's own, which its patterns do not know */

/* folder/name, for free(); NULL without memory. */
static char *join(const char *folder, size_t length, const char *name)
{
    size_t size = length + strlen(name) + 2;
    char *path = malloc(size);

    if (path)
        snprintf(path, size, "%.*s%s%s", (int)length, folder, length ? "/" : "", name);
    return path;
}

echo_status echo_lora_locate(char **file, const char *path, echo_error *err)
{
    struct stat st, inside;
    bool folder = !stat(path, &st) && S_ISDIR(st.st_mode);

    *file = folder ? join(path, strlen(path), ADAPTER) : strdup(path);
    if (!*file)
        return echo_fail_memory(err, strlen(path), "a path");
    if (folder && stat(*file, &inside))
        return echo_fail(err, ECHO_ERR_FILE, "%s: there is no " ADAPTER " in this folder: save "
                                             "the LoRA as safetensors", path);
    return ECHO_OK;
}

static echo_status refuse(const struct lora_config *c, const char *key, const char *is,
                          echo_error *err)
{
    return echo_fail(err, ECHO_ERR_FILE, "%s: %s: %s", c->path, key, is);
}

/* true, or a list that is not empty */
static bool is_set(const json_t *root, const char *key)
{
    const json_t *value = json_object_get(root, key);

    return json_is_true(value) || json_array_size(value) > 0;
}

/* Starting values that take something off the model's own weights. */
static bool starts_from_weights(const json_t *root)
{
    static const char *const names[] = { "pissa", "olora", "corda", "loftq" };
    const char *init = json_string_value(json_object_get(root, "init_lora_weights"));

    for (size_t i = 0; init && i < sizeof names / sizeof *names; i++)
        if (!strncmp(init, names[i], strlen(names[i])))
            return true;
    return false;
}

static echo_status check(const struct lora_config *c, echo_error *err)
{
    const char *type = json_string_value(json_object_get(c->root, "peft_type"));
    const char *bias = json_string_value(json_object_get(c->root, "bias"));

    if (type && strcmp(type, "LORA"))
        return echo_fail(err, ECHO_ERR_FILE, "%s: peft_type is %.40s, expected LORA", c->path,
                         type);
    if (bias && strcmp(bias, "none"))
        return refuse(c, "bias", "it changes biases too, expected none", err);
    if (is_set(c->root, "use_dora"))
        return refuse(c, "use_dora", "DoRA is not known, only plain LoRA", err);
    if (is_set(c->root, "modules_to_save"))
        return refuse(c, "modules_to_save", "it has whole modules in it, expected none", err);
    if (is_set(c->root, "fan_in_fan_out"))
        return refuse(c, "fan_in_fan_out", "its weights are transposed, expected false", err);
    if (starts_from_weights(c->root))
        return refuse(c, "init_lora_weights", "it changes the model's own weights; save it "
                                              "converted to plain LoRA", err);
    return ECHO_OK;
}

/* Folder of the file, with nothing where there is no slash. */
static char *beside(const char *file)
{
    const char *slash = strrchr(file, '/');

    if (slash == file)
        return strdup("/" CONFIG);
    return join(file, slash ? (size_t)(slash - file) : 0, CONFIG);
}

echo_status echo_lora_config_open(struct lora_config *c, const char *file, echo_error *err)
{
    json_error_t why;
    struct stat st;

    if (!(c->path = beside(file)))
        return echo_fail_memory(err, strlen(file), "a path");
    if (stat(c->path, &st))
        return ECHO_OK;
    if (!(c->root = json_load_file(c->path, JSON_REJECT_DUPLICATES, &why)))
        return echo_fail(err, ECHO_ERR_FILE, "%s: %s (line %d)", c->path, why.text, why.line);
    if (!json_is_object(c->root))
        return echo_fail(err, ECHO_ERR_FILE, "%s: not a JSON object", c->path);
    return check(c, err);
}

void echo_lora_config_close(struct lora_config *c)
{
    json_decref(c->root);
    free((void *)(uintptr_t)c->path);
    *c = (struct lora_config){ 0 };
}

/* Does a pattern's key, the end of a module's name from a dot on, or all of it behind '^',
 * mean this module? */
static bool is_meant(const char *key, const char *module)
{
    bool whole = *key == '^';
    size_t length, part = strlen(key += whole);

    if (!strncmp(module, PREFIX, strlen(PREFIX)))
        module += strlen(PREFIX);
    length = strlen(module);
    if (part && key[part - 1] == '$')
        part--;
    if (!part || part > length || strncmp(module + length - part, key, part))
        return false;
    return part == length || (!whole && module[length - part - 1] == '.');
}

/* Letters, digits, '_', '.': other signs are of regular expressions. */
static bool is_plain(const char *key)
{
    const char *end = key + (*key == '^');

    end += strspn(end, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.");
    return !*end || !strcmp(end, "$");
}

/* The number for a module: of the pattern, else of the whole; NAN: none. */
static echo_status number_of(double *out, const struct lora_config *c, const char *key,
                             const char *pattern, const char *module, echo_error *err)
{
    json_t *patterns = json_object_get(c->root, pattern), *value = NULL, *one;
    const char *part;

    json_object_foreach(patterns, part, one) {
        if (!is_plain(part))
            return echo_fail(err, ECHO_ERR_FILE, "%s: %s: '%.100s' is a regular expression: "
                                                 "write the ends of names", c->path, pattern,
                             part);
        if (!value && is_meant(part, module))
            value = one;
    }
    if (!value)
        value = json_object_get(c->root, key);
    *out = NAN;
    if (!value || json_is_null(value))
        return ECHO_OK;
    *out = json_number_value(value);
    if (!json_is_number(value) || !isfinite(*out))
        return echo_fail(err, ECHO_ERR_FILE, "%s: %s is not a number", c->path, key);
    return ECHO_OK;
}

echo_status echo_lora_config_scale(double *out, const struct lora_config *c, const char *module,
                                   int rank, echo_error *err)
{
    double alpha, r;
    echo_status s = number_of(&alpha, c, "lora_alpha", "alpha_pattern", module, err);

    if (s || (s = number_of(&r, c, "r", "rank_pattern", module, err)))
        return s;
    if (isnan(alpha))
        return echo_fail(err, ECHO_ERR_FILE, "%s: lora_alpha is missing", c->path);
    if (!isnan(r) && r != rank)
        return echo_fail(err, ECHO_ERR_FILE, "%s: r of '%.200s' is %g, but its tensors have "
                                             "rank %d", c->path, module, r, rank);
    *out = is_set(c->root, "use_rslora") ? alpha / sqrt(rank) : alpha / rank;
    return ECHO_OK;
}

/* SPDX-License-Identifier: MIT */
/*
 * lora_keys.c - how trainers name what they save of an adapter.
 *
 *     PEFT   base_model.model.blocks.0.mlp.w1.lora_A.weight, .lora_B.default.weight, .lora_A
 *     kohya  lora_unet_blocks_0_mlp_w1.lora_down.weight, .lora_up.weight, .alpha
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "weights/lora.h"

/* Parts of the keys of what is no plain LoRA, and what that is. */
static const struct {
    const char *part, *is;
} others[] = {
    { "lora_magnitude_vector", "DoRA, which scales whole rows" },
    { "dora_scale", "DoRA, which scales whole rows" },
    { "lora_embedding_", "a LoRA of an embedding" },
    { "lora_mid", "a LoRA of a convolution (Tucker)" },
    { "hada_w", "LoHa" },
    { "lokr_w", "LoKr" },
    { "lokr_t", "LoKr" },
    { "ia3_", "IA3" },
    { "oft_", "OFT" },
    { "modules_to_save", "a whole tensor (modules_to_save)" },
    { "original_module", "a whole tensor (modules_to_save)" },
    { "lora_bias", "a bias of a LoRA" },
};

/* Ends of keys, with what may stand for a name of the adapter. */
static const struct {
    const char *in; /* between the module and the end */
    enum lora_part part;
    bool peft;
} ends[] = {
    { ".lora_A", LORA_A, true },        { ".lora_B", LORA_B, true },
    { ".lora_down", LORA_A, false },    { ".lora_up", LORA_B, false },
    { ".lora.down", LORA_A, false },    { ".lora.up", LORA_B, false },
    { ".alpha", LORA_ALPHA, false },
};

/* Put in front of modules by trainers: of dotted names, of those with underscores. */
static const char *const dotted[] = { "base_model.", "model.", "module.", "_orig_mod.",
                                      "transformer.", "diffusion_model.", "ema_model." };
static const char *const underscored[] = { "lora_unet_", "lora_transformer_", "lora_dit_",
                                           "lora_model_", "lycoris_", "lora_" };

static echo_status refuse_other(const struct safetensors *f, const char *name, echo_error *err)
{
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        const char *at = strstr(name, others[i].part);

        if (at && (at == name || at[-1] == '.' || at[-1] == '_'))
            return echo_fail(err, ECHO_ERR_FILE,
                             "%s: '%.200s' is of %s: only plain LoRA is known; merge it into "
                             "the model where it was made", f->path, name, others[i].is);
    }
    return ECHO_OK;
}

/* "", ".weight" or ".NAME.weight" */
static bool ends_well(const char *rest)
{
    const char *dot = *rest == '.' ? strchr(rest + 1, '.') : NULL;

    return !*rest || !strcmp(rest, ".weight") || (dot && !strcmp(dot, ".weight"));
}

echo_status echo_lora_key(struct lora_key *out, const struct safetensors *f, const char *name,
                          echo_error *err)
{
    echo_status s = refuse_other(f, name, err);

    for (size_t i = 0; i < sizeof ends / sizeof *ends && !s; i++) {
        const char *at = strstr(name, ends[i].in), *rest = at ? at + strlen(ends[i].in) : "";

        if (!at || at == name || !ends_well(rest) || (ends[i].part == LORA_ALPHA && *rest))
            continue;
        out->part = ends[i].part;
        out->peft = ends[i].peft;
        snprintf(out->module, sizeof out->module, "%.*s", (int)(at - name), name);
        return ECHO_OK;
    }
    return s ? s : echo_fail(err, ECHO_ERR_FILE,
                             "%s: '%.200s' is no tensor of a LoRA: expected NAME.lora_A.weight "
                             "and .lora_B.weight, or .lora_down.weight, .lora_up.weight and "
                             ".alpha", f->path, name);
}

static const struct array *weight_named(const struct safetensors *model, const char *module)
{
    char name[ARRAY_MAX_NAME + 16];

    snprintf(name, sizeof name, "%s.weight", module);
    return echo_safetensors_find(model, name);
}

/* With every known prefix taken off, one after the other. */
static const struct array *find_dotted(const struct safetensors *model, const char *module)
{
    const struct array *found = weight_named(model, module);

    for (size_t i = 0; !found && i < sizeof dotted / sizeof *dotted; i++) {
        size_t length = strlen(dotted[i]);

        if (!strncmp(module, dotted[i], length))
            return find_dotted(model, module + length);
    }
    return found;
}

/* Is a name of the model, without ".weight", this one once its dots are underscores? */
static bool is_underscored(const char *name, const char *module)
{
    size_t length = strlen(module);

    for (size_t i = 0; i < length; i++)
        if (!name[i] || (name[i] == '.' ? '_' : name[i]) != module[i])
            return false;
    return !strcmp(name + length, ".weight");
}

/* *more: another one that it may mean as well. */
static const struct array *find_underscored(const struct safetensors *model,
                                            const char *module, const struct array **more)
{
    const struct array *found = NULL;

    for (size_t i = 0; i < model->n; i++) {
        if (!is_underscored(model->arrays[i].name, module))
            continue;
        if (found)
            *more = &model->arrays[i];
        found = found ? found : &model->arrays[i];
    }
    return found;
}

echo_status echo_lora_target(const struct array **out, const struct lora_key *key,
                             const struct safetensors *f, const char *name,
                             const struct safetensors *model, echo_error *err)
{
    const struct array *found = find_dotted(model, key->module), *more = NULL;

    if (!found)
        found = find_underscored(model, key->module, &more);
    for (size_t i = 0; !found && i < sizeof underscored / sizeof *underscored; i++) {
        size_t length = strlen(underscored[i]);

        if (!strncmp(key->module, underscored[i], length))
            found = find_underscored(model, key->module + length, &more);
    }
    if (!found)
        return echo_fail(err, ECHO_ERR_FILE,
                         "%s: '%.200s' fits no weight of the model %.200s: it was made for "
                         "another one", f->path, name, model->path);
    if (more)
        return echo_fail(err, ECHO_ERR_FILE,
                         "%s: '%.200s' may mean '%.100s' or '%.100s': save it with dotted "
                         "names", f->path, name, found->name, more->name);
    if (found->dims != 2 || strstr(found->name, "norm.") || strstr(found->name, "embedding"))
        return echo_fail(err, ECHO_ERR_FILE,
                         "%s: '%.200s' changes '%.100s', which is no weight of a matrix "
                         "product: a LoRA can only be of those", f->path, name, found->name);
    *out = found;
    return ECHO_OK;
}

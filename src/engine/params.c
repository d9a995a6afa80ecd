/* SPDX-License-Identifier: MIT */
#include "engine/params.h"

#include <string.h>

#include "base/error.h"

echo_params echo_params_reference(void)
{
    return (echo_params){
        .num_steps = 40,
        .cfg_scale_text = 3,
        .cfg_scale_speaker = 8,
        .cfg_min_t = 0.5f,
        .cfg_max_t = 1,
        .truncation_factor = 0.8f,
        .speaker_kv_max_layers = -1,
        .sequence_length = ECHO_LENGTH_AUTO,
        .normalize = true,
        .trim = true,
    };
}

/* ---- the table ---- */

#define AT(field) offsetof(echo_params, field)

static const echo_param_word lengths[] = {
    { "auto", ECHO_LENGTH_AUTO }, { "full", ECHO_LENGTH_FULL }, { NULL, 0 }
};
static const echo_param_word none[] = { { "none", 1 }, { NULL, 0 } };
static const echo_param_word all[] = { { "all", -1 }, { NULL, 0 } };

static const echo_param table[] = {
    { .name = "sequence_length", .alias = "frames", .kind = ECHO_PARAM_INT,
      .offset = AT(sequence_length), .min = ECHO_LENGTH_FULL, .max = ECHO_MAX_FRAMES,
      .words = lengths,
      .help = "latent frames, 22 to a second" },
    { .name = "block_sizes", .alias = "blocks", .kind = ECHO_PARAM_LIST,
      .offset = AT(block_sizes), .min = 1, .max = ECHO_MAX_FRAMES,
      .help = "frames of each block, instead of one length" },
    { .name = "rng_seed", .alias = "seed", .kind = ECHO_PARAM_SEED, .offset = AT(rng_seed),
      .max = (double)UINT64_MAX,
      .help = "the same seed gives the same speech" },
    { .name = "num_steps", .alias = "steps", .kind = ECHO_PARAM_INT, .offset = AT(num_steps),
      .min = 1, .max = 1000,
      .help = "Euler steps" },
    { .name = "cfg_scale_text", .alias = "cfg_text", .kind = ECHO_PARAM_FLOAT,
      .offset = AT(cfg_scale_text), .min = -100, .max = 100,
      .help = "guidance towards the text" },
    { .name = "cfg_scale_speaker", .alias = "cfg_speaker", .kind = ECHO_PARAM_FLOAT,
      .offset = AT(cfg_scale_speaker), .min = -100, .max = 100,
      .help = "guidance towards the voice" },
    { .name = "cfg_min_t", .kind = ECHO_PARAM_FLOAT, .offset = AT(cfg_min_t), .max = 100,
      .help = "guidance is on from this time on; above 1: never" },
    { .name = "cfg_max_t", .kind = ECHO_PARAM_FLOAT, .offset = AT(cfg_max_t), .max = 100,
      .help = "guidance is on up to this time" },
    { .name = "truncation_factor", .alias = "truncation", .kind = ECHO_PARAM_FLOAT,
      .offset = AT(truncation_factor), .max = 10, .words = none,
      .help = "scale of the initial noise" },
    { .name = "rescale_k", .kind = ECHO_PARAM_FLOAT, .offset = AT(rescale_k), .max = 100,
      .help = "temporal score rescaling; 0: off" },
    { .name = "rescale_sigma", .kind = ECHO_PARAM_FLOAT, .offset = AT(rescale_sigma),
      .max = 100,
      .help = "its second parameter; 0: off" },
    { .name = "speaker_kv_scale", .alias = "force_speaker", .kind = ECHO_PARAM_FLOAT,
      .offset = AT(speaker_kv_scale), .max = 100,
      .help = "scale of the voice's keys and values; 0: off" },
    { .name = "speaker_kv_max_layers", .alias = "force_speaker_layers", .kind = ECHO_PARAM_INT,
      .offset = AT(speaker_kv_max_layers), .min = -1, .max = 1000, .words = all,
      .help = "scale only the first N layers" },
    { .name = "speaker_kv_min_t", .alias = "force_speaker_min_t", .kind = ECHO_PARAM_FLOAT,
      .offset = AT(speaker_kv_min_t), .max = 1,
      .help = "scale them until the time falls below this" },
    { .name = "normalize", .kind = ECHO_PARAM_BOOL, .offset = AT(normalize),
      .help = "adapt quotes, dashes and the speaker tag to the model" },
    { .name = "trim", .kind = ECHO_PARAM_BOOL, .offset = AT(trim),
      .help = "cut what comes after the end of speech" },
    { .name = "strict", .kind = ECHO_PARAM_BOOL, .offset = AT(strict),
      .help = "fail where speech may be missing, instead of a warning" },
    { .name = "round_timesteps", .kind = ECHO_PARAM_BOOL, .offset = AT(round_timesteps),
      .help = "round times to bfloat16, as published runs do" },
};

#define PARAMS (sizeof table / sizeof *table)

const echo_param *echo_param_at(int i)
{
    return i >= 0 && (size_t)i < PARAMS ? &table[i] : NULL;
}

const echo_param *echo_param_find(const char *name)
{
    for (size_t i = 0; i < PARAMS; i++)
        if (!strcmp(name, table[i].name) || (table[i].alias && !strcmp(name, table[i].alias)))
            return &table[i];
    return NULL;
}

const echo_param_word *echo_param_word_named(const echo_param *p, const char *text)
{
    for (const echo_param_word *w = p->words; w && w->word; w++)
        if (!strcmp(w->word, text))
            return w;
    return NULL;
}

const echo_param_word *echo_param_word_of(const echo_param *p, double number)
{
    for (const echo_param_word *w = p->words; w && w->word; w++)
        if (w->number == number)
            return w;
    return NULL;
}

/* ---- checking ---- */

/* Written so that NaN is outside. */
static bool in_range(const echo_param *t, double value)
{
    return value >= t->min && value <= t->max;
}

static echo_status check_list(const echo_param *t, const echo_list *list, echo_error *err)
{
    int sum = 0;

    if (list->n < 0 || list->n > ECHO_MAX_BLOCKS)
        return echo_fail_field(err, t->name, "%s has %d entries, expected 0 to %d", t->name,
                               list->n, ECHO_MAX_BLOCKS);
    for (int i = 0; i < list->n; i++) {
        if (!in_range(t, list->items[i]))
            return echo_fail_field(err, t->name,
                                   "%s: block %d has %d frames, expected %g to %g", t->name,
                                   i + 1, list->items[i], t->min, t->max);
        sum += list->items[i];
    }
    if (sum > t->max)
        return echo_fail_field(err, t->name, "%s: %d frames together, at most %g fit", t->name,
                               sum, t->max);
    return ECHO_OK;
}

echo_status echo_param_check(const echo_param *t, const void *of, echo_error *err)
{
    const void *at = (const char *)of + t->offset;
    double value;

    switch (t->kind) {
    case ECHO_PARAM_INT: value = *(const int *)at; break;
    case ECHO_PARAM_FLOAT: value = *(const float *)at; break;
    case ECHO_PARAM_LIST: return check_list(t, at, err);
    default: return ECHO_OK; /* any is right */
    }
    if (in_range(t, value))
        return ECHO_OK;
    return echo_fail_field(err, t->name, "%s is %g, expected %g to %g", t->name, value, t->min,
                           t->max);
}

echo_status echo_params_check(const echo_params *p, echo_error *err)
{
    echo_status s;

    for (size_t i = 0; i < PARAMS; i++)
        if ((s = echo_param_check(&table[i], p, err)))
            return s;
    if ((p->rescale_k != 0) != (p->rescale_sigma != 0))
        return echo_fail_field(err, p->rescale_k != 0 ? "rescale_sigma" : "rescale_k",
                               "rescaling needs both rescale_k and rescale_sigma");
    return ECHO_OK;
}

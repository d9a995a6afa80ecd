/* SPDX-License-Identifier: MIT */
#include "parameters.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define MOST_PARAMS 32

static struct {
    struct option rows[MOST_PARAMS + 1];
    char names[MOST_PARAMS][2][40]; /* and aliases */
} params;

/* More for the manual than the library's half a line. */
static const struct {
    const char *name, *details;
} more[] = {
    { "sequence_length",
      "A shorter window is proportionally cheaper. auto is as many as the text takes. If they "
      "hold no end of speech, the model goes on behind them. A model without blocks says the "
      "text again in its largest window, which is full." },
    { "block_sizes",
      "Each block is decoded while the next is made, and continues what came before it. "
      "Instead of --sequence-length." },
    { "num_steps", "The time that sampling takes is proportional to them." },
    { "cfg_scale_text", "0 is none, which is faster." },
    { "cfg_scale_speaker", "0 is none, which is faster." },
    { "cfg_min_t",
      "The time runs from 1, all noise, to 0, speech. Steps without guidance are faster." },
    { "rng_seed", "The low 32 bits count." },
    { "rescale_k", "Goes with --rescale-sigma." },
    { "rescale_sigma", "Goes with --rescale-k." },
    { "speaker_kv_scale", "Above 1 it forces a voice that the model does not take on." },
};

static const char *details_of(const char *name)
{
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        if (!strcmp(name, more[i].name))
            return more[i].details;
    return NULL;
}

static const char *with_dashes(char out[40], const char *name)
{
    if (!name)
        return NULL;
    snprintf(out, 40, "%s", name);
    for (char *p = out; *p; p++)
        if (*p == '_')
            *p = '-';
    return out;
}

static void fill_rows(void)
{
    static const char seed_help[] = "the same seed gives the same speech (default: random)";
    static const struct {
        enum option_kind kind;
        const char *value;
    } kinds[] = {
        [ECHO_PARAM_SEED] = { OPTION_SEED, "N" },
        [ECHO_PARAM_INT] = { OPTION_INT, "N" },
        [ECHO_PARAM_FLOAT] = { OPTION_FLOAT, "F" },
        [ECHO_PARAM_BOOL] = { OPTION_SWITCH, NULL },
        [ECHO_PARAM_LIST] = { OPTION_LIST, "N,N,..." },
    };
    const echo_param *p;

    for (int i = 0; (p = echo_param_at(i)); i++) {
        assert(i < MOST_PARAMS);
        params.rows[i] = (struct option){
            .name = with_dashes(params.names[i][0], p->name),
            .letter = strcmp(p->name, "num_steps") ? 0 : 's',
            .alias = with_dashes(params.names[i][1], p->alias),
            .kind = kinds[p->kind].kind,
            .at = p->offset,
            .value = kinds[p->kind].value,
            .help = p->kind == ECHO_PARAM_SEED ? seed_help : p->help,
            .details = details_of(p->name),
            .min = p->min,
            .max = p->max,
            .words = p->words,
        };
    }
}

const struct option preset_options[] = {
    { .name = "preset", .kind = OPTION_STRING, .at = offsetof(struct common, preset),
      .value = "NAME", .ask = "presets",
      .help = "settings by name: fast, balanced, best, ...; list shows them",
      .details = "A preset sets some of the parameters below. What is given beside it counts "
                 "more. none: not the preset of the file of settings. With --json the list is "
                 "a JSON array." },
    { 0 },
};

const struct option *parameters_rows(void)
{
    if (!params.rows->name)
        fill_rows();
    return params.rows;
}

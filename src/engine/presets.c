/* SPDX-License-Identifier: MIT */
/* presets.c - settings that go together: the reference's, and three by what they cost. */
#include <ctype.h>
#include <string.h>

#include "engine/params.h"

/* ---- the table ---- */

/* The reference's all have its own steps and its own times of guidance. */
#define REFERENCE(text, speaker, truncation, k)                                                \
    (const echo_preset_value[])                                                                \
    {                                                                                          \
        { "num_steps", 40 }, { "cfg_scale_text", text }, { "cfg_scale_speaker", speaker },     \
            { "cfg_min_t", 0.5 }, { "cfg_max_t", 1 }, { "truncation_factor", truncation },     \
            { "rescale_k", k }, { "rescale_sigma", 3 }, { NULL, 0 },                           \
    }
#define PLAIN(text, speaker) REFERENCE(text, speaker, 1, 1)
#define FLAT(text, speaker)  REFERENCE(text, speaker, 0.8, 1.2)

/* The strength of guidance and the noise stay the model's own. */
#define STEPS(steps)                                                                           \
    (const echo_preset_value[])                                                                \
    {                                                                                          \
        { "num_steps", steps }, { "cfg_min_t", 0.5 }, { "cfg_max_t", 1 }, { NULL, 0 },         \
    }

static const echo_preset presets[] = {
    { "fast", "Fast", "10 steps, a quarter of the work of best", 20, STEPS(10) },
    { "balanced", "Balanced", "20 steps, half the work of best", 40, STEPS(20) },
    { "best", "Best", "40 steps, as many as the reference makes", 80, STEPS(40) },
    { "independent-high-speaker-cfg", "Independent-High-Speaker-CFG",
      "guidance by the text 3, by the voice 8", 80, PLAIN(3, 8) },
    { "independent-high-speaker-cfg-flat", "Independent-High-Speaker-CFG-Flat",
      "the same, less noise and rescaled", 80, FLAT(3, 8) },
    { "independent-high-cfg", "Independent-High-CFG", "guidance by the text 8, by the voice 8",
      80, PLAIN(8, 8) },
    { "independent-high-cfg-flat", "Independent-High-CFG-Flat",
      "the same, less noise and rescaled", 80, FLAT(8, 8) },
    { "independent-low-cfg", "Independent-Low-CFG", "guidance by the text 3, by the voice 3",
      80, PLAIN(3, 3) },
    { "independent-low-cfg-flat", "Independent-Low-CFG-Flat",
      "the same, less noise and rescaled", 80, FLAT(3, 3) },
};

#define PRESETS (sizeof presets / sizeof *presets)

const echo_preset *echo_preset_at(int i)
{
    return i >= 0 && (size_t)i < PRESETS ? &presets[i] : NULL;
}

/* ---- names ---- */

/* The next letter or digit, in lower case, and behind it; '\0' at the end.  Whatever else is
 * in ASCII only parts words. */
static char next_letter(const char **at)
{
    while (**at && (unsigned char)**at < 128 && !isalnum((unsigned char)**at))
        ++*at;
    return **at ? (char)tolower((unsigned char)*(*at)++) : '\0';
}

static bool is_same_name(const char *a, const char *b)
{
    char x, y;

    do {
        x = next_letter(&a);
        y = next_letter(&b);
    } while (x && x == y);
    return x == y;
}

const echo_preset *echo_preset_named(const char *name)
{
    for (size_t i = 0; name && i < PRESETS; i++)
        if (is_same_name(name, presets[i].name))
            return &presets[i];
    return NULL;
}

/* ---- values ---- */

void echo_preset_apply(const echo_preset *preset, echo_params *params)
{
    for (const echo_preset_value *v = preset->values; v->name; v++) {
        const echo_param *p = echo_param_find(v->name);
        void *at = (char *)params + p->offset;

        if (p->kind == ECHO_PARAM_INT)
            *(int *)at = (int)v->value;
        else
            *(float *)at = (float)v->value;
    }
}

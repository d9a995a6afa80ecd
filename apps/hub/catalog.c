/* SPDX-License-Identifier: MIT */
#include "hub/catalog.h"

#include <string.h>

static const struct catalog_part base_parts[] = {
    { "jordand/echo-tts-base",
      (const char *const[]){ "pytorch_model.safetensors", "pca_state.safetensors", NULL } },
    { "jordand/fish-s1-dac-min", (const char *const[]){ "pytorch_model.safetensors", NULL } },
    { 0 },
};

static const struct catalog_model models[] = {
    { .name = "base",
      .title = "Echo-TTS base by Jordan Darefsky, with the Fish S1-DAC codec by Fish Audio",
      .parts = base_parts,
      .license = "CC-BY-NC-SA-4.0",
      .license_line = "The weights, and the sound made with them, are not for commercial use. "
                      "Who shares them names the authors, and shares alike.",
      .license_url = "https://creativecommons.org/licenses/by-nc-sa/4.0/",
      .bytes = 7.5e9 },
};

const struct catalog_model *catalog_at(int i)
{
    return (size_t)i < sizeof models / sizeof *models ? &models[i] : NULL;
}

const struct catalog_model *catalog_find(const char *name)
{
    const struct catalog_model *m;

    for (int i = 0; (m = catalog_at(i)); i++)
        if (!strcmp(m->name, name) || !strcmp(m->parts[0].repository, name))
            return m;
    return NULL;
}

const struct catalog_part *catalog_codec(void)
{
    return &base_parts[1];
}

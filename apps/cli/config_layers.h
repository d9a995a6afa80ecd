/* SPDX-License-Identifier: MIT */
/* config_layers.h - a file of settings, as its two halves see it: reading it, and using it. */
#ifndef CLI_CONFIG_LAYERS_H
#define CLI_CONFIG_LAYERS_H

#include "common/toml.h"
#include "config_file.h"

/* Of the table of one model: [for."small"]. */
#define CONFIG_FOR "for"

struct config_file {
    char path[4096];
    struct toml *toml;
    char *kept[MOST_OPTIONS]; /* paths with a home directory in them */
    int n_kept;
};

/* Which settings an entry is one of; the first ones count most. */
enum config_layer { LAYER_MODEL, LAYER_COMMAND, LAYER_ALL, LAYERS };

enum config_layer config_layer_of(const struct toml_entry *e);

/* The row of the option, by any of its spellings, or -1. */
int config_find(const struct command *c, const struct toml_entry *e);

/* Read the entry's value as the row's. */
echo_status config_read(const struct config_file *f, const struct option *o,
                        const struct toml_entry *e, void *at, echo_error *err);

/* The preset of this name; NULL with ECHO_ERR_ARG, behind `before`. */
const echo_preset *config_preset(const char *before, const char *name, echo_error *err);

#endif

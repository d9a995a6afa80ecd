/* SPDX-License-Identifier: MIT */
/*
 * synth_recipes.h - how the numbers of each array are distributed in trained weights.
 */
#ifndef ECHO_SYNTH_RECIPES_H
#define ECHO_SYNTH_RECIPES_H

#include "engine/synth_names.h"
#include "engine/synth_numbers.h"

/* Write list->arrays[index].  latent_scale: of the PCA file.  False if the meter said stop or
 * there is no memory. */
bool echo_recipe_write(struct numbers *g, const struct array_list *list, size_t index,
                       double latent_scale, struct file_out *out, struct meter *m);

#endif

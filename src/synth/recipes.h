/* SPDX-License-Identifier: MIT */
/*
 * recipes.h - how the numbers of each array are distributed in trained weights.
 */
#ifndef ECHO_SYNTH_RECIPES_H
#define ECHO_SYNTH_RECIPES_H

#include "synth/names.h"
#include "synth/numbers.h"

/* Write list->arrays[index].  latent_scale: of the PCA file.  False if the meter said stop or
 * there is no memory. */
bool echo_recipe_write(struct numbers *g, const struct array_list *list, size_t index,
                       double latent_scale, struct file_out *out, struct meter *m);

#endif

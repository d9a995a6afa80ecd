/* SPDX-License-Identifier: MIT */
/*
 * checkpoint.h - what trainers do to the names of tensors, and what is no model at all.
 */
#ifndef ECHO_CHECKPOINT_H
#define ECHO_CHECKPOINT_H

#include "weights/safetensors.h"

enum checkpoint { CHECKPOINT_DIT, CHECKPOINT_CODEC };

#define CHECKPOINT_PREFIX 128

/*
 * Make the names in f those of the model: what wrappers put into them ("_orig_mod.") and what
 * stands in front ("module.", "ema_model.", ...) is taken out, and `prefix` says what that was;
 * "" if nothing.  ECHO_ERR_FILE for an adapter, for the other file of the two, and where it is
 * not clear which tensors are meant.
 */
echo_status echo_checkpoint_settle(struct safetensors *f, enum checkpoint kind,
                                   char prefix[CHECKPOINT_PREFIX], echo_error *err);

/* "the speech model" */
const char *echo_checkpoint_name(enum checkpoint kind);

/* Is this, by its first part, the name of a tensor of the model (once settled)? */
bool echo_checkpoint_has(enum checkpoint kind, const char *name);

/* Has it the tensors of this one, under whatever prefix? */
bool echo_checkpoint_is(const struct safetensors *f, enum checkpoint kind);

#endif

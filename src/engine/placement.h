/* SPDX-License-Identifier: MIT */
/* placement.h - which device and which precision each part of a model gets. */
#ifndef ECHO_ENGINE_PLACEMENT_H
#define ECHO_ENGINE_PLACEMENT_H

#include "engine/model.h"

/* A copy of what the options ask for. */
struct choice echo_placement_choice(const echo_model_opts *o);

/* Whether opening takes so long that something else should be done meanwhile. */
bool echo_placement_takes_time(const struct choice *c);

/* Open m->device and m->codec_device, which may be the same. */
echo_status echo_placement_open(echo_model *m, echo_error *err);

/* With the files open: precisions that devices and files allow, and whether there is memory.
 * Without enough, "auto" moves to the CPU what does not fit; a device that is named refuses. */
echo_status echo_placement_choose(echo_model *m, echo_error *err);

/* Put the devices aside, for sessions that still hold something of theirs. */
echo_status echo_placement_retire(echo_model *m, echo_error *err);

/* Close all of them. */
void echo_placement_close(echo_model *m);

/* "f16" */
const char *echo_precision_name(enum dtype t);

#endif

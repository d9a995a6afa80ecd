/* SPDX-License-Identifier: MIT */
/*
 * revive.h - a model outlives the loss of a device.
 *
 * GPUs are lost: a driver resets one that hangs, a laptop sleeps.  The call that meets it
 * fails, with a line.  The next one opens the devices again, or what "auto" finds then, and
 * loads the weights from the mapped files.
 */
#ifndef ECHO_ENGINE_REVIVE_H
#define ECHO_ENGINE_REVIVE_H

#include "engine/model.h"

/* Every call that uses the devices is between these.  ECHO_ERR_DEVICE: one was lost and cannot
 * be opened again, or calls that still use it do not end. */
echo_status echo_model_enter(echo_model *m, echo_error *err);
void echo_model_leave(echo_model *m);

#endif

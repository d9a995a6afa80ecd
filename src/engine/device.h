/* SPDX-License-Identifier: MIT */
/* device.h - what computes, by the names that options give it. */
#ifndef ECHO_ENGINE_DEVICE_H
#define ECHO_ENGINE_DEVICE_H

#include "backend/backend.h"

/* An option of echo_model_opts that is not given, or "auto". */
bool echo_is_auto(const char *name);

/* The one of this name, or for "auto" or NULL the best.  option: what the caller calls it.  Of
 * the options isa and threads count.  why: it and no other, in a line; empty: there is none. */
echo_status echo_device_open(struct device **out, const char *option, const char *name,
                             const echo_model_opts *o, char *why, size_t size, echo_error *err);

/* Whether opening it may load drivers. */
bool echo_device_is_slow(const char *name);

/* Whether the codec, by the name of its device, goes where the rest is. */
bool echo_device_same(const char *codec, const char *rest);
void echo_device_close(struct device **d);

#endif

/* SPDX-License-Identifier: MIT */
/* device.h - what computes, by the names that options give it. */
#ifndef ECHO_ENGINE_DEVICE_H
#define ECHO_ENGINE_DEVICE_H

#include "backend/backend.h"

/* Of the options device, isa and threads count. */
echo_status echo_device_open(struct device **out, const echo_model_opts *o, echo_error *err);
void echo_device_close(struct device **d);

#endif

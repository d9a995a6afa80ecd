/* SPDX-License-Identifier: MIT */
/* check.h - does a device compute what it should? */
#ifndef ECHO_BACKEND_CHECK_H
#define ECHO_BACKEND_CHECK_H

#include "backend/backend.h"

/*
 * Run each family of kernels on small inputs, and compare with the CPU: some drivers compute
 * nonsense in silence.  ECHO_ERR_DEVICE names the first family that is wrong.
 */
echo_status echo_check_device(struct device *device, echo_error *err);

#endif

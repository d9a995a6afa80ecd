/* SPDX-License-Identifier: MIT */
/* presets.h - what --preset list prints. */
#ifndef CLI_PRESETS_H
#define CLI_PRESETS_H

#include "options.h"

echo_status presets_print(const struct common *common, echo_error *err);

#endif

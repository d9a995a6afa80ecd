/* SPDX-License-Identifier: MIT */
/*
 * synth.h - random models, for tests and benchmarks where the real weights cannot be had.
 */
#ifndef ECHO_SYNTH_H
#define ECHO_SYNTH_H

#include <stdbool.h>
#include <stdint.h>

#include "echotts_dev.h"

/* echo_model_synthesize() of echotts.h.  On failure none of the three files is left. */
echo_status echo_synthesize(const char *size, const char *dir, uint64_t seed,
                            bool (*progress)(void *user, double done), void *user,
                            echo_error *err);

#endif

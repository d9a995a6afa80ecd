/* SPDX-License-Identifier: MIT */
/*
 * sampler.h - from noise to latents: Euler steps along the velocity, with guidance.
 *
 * Guidance is independent for text and speaker, as in the reference:
 * v = v_full + s_text (v_full - v_notext) + s_speaker (v_full - v_nospeaker).
 */
#ifndef ECHO_SAMPLER_H
#define ECHO_SAMPLER_H

#include "model/dit.h"

/* The contexts of a run: keys and values per layer, or NULL. */
struct sampler_contexts {
    const struct kv *text, *speaker, *prefix;
    int start; /* position of the first frame */
};

/* Host floats that sampling up to `frames` frames works in. */
size_t echo_sampler_floats(const struct dit *d, int frames);

struct sampler_result {
    int steps, evaluations; /* done; a guidance branch is one evaluation */
};

/*
 * x [frames][latent], host: in noise, scaled by truncation_factor, out latents.  step(user) is
 * called after each step; a run that is stopped ends within one.  In a dry run the costliest
 * step is gone through, and nothing else is done.
 */
struct sampler_result echo_sample(struct run *r, const struct dit *d, const echo_params *p,
                                  const struct sampler_contexts *c, float *x, int frames,
                                  float *work, void (*step)(void *user), void *user);

#endif

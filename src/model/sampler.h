/* SPDX-License-Identifier: MIT */
/*
 * sampler.h - from noise to latents: Euler steps along the velocity, with guidance.
 *
 * Guidance is independent for text and voice, as in the reference:
 * v = v_full + s_text (v_full - v_notext) + s_voice (v_full - v_novoice).
 */
#ifndef ECHO_SAMPLER_H
#define ECHO_SAMPLER_H

#include "model/dit.h"

/* See echo_params; truncation is applied to the noise by the caller. */
struct sampler_options {
    int steps;
    float cfg_text, cfg_voice, cfg_min_t, cfg_max_t;
    float rescale_k, rescale_sigma; /* 0 = off */
    float force_voice;              /* 0 = off */
    int force_layers;               /* -1 = all */
    float force_min_t;
    bool round_times;
};

/* The contexts of a run: keys and values per layer, or NULL. */
struct sampler_contexts {
    const struct kv *text, *voice, *past;
    int start; /* position of the first frame */
};

/* Host floats that a run over up to `frames` frames works in. */
size_t echo_sampler_floats(const struct dit *d, int frames);

struct sampler_result {
    int steps, evaluations; /* done; a guidance branch is one evaluation */
};

/*
 * x [frames][latent], host: in noise, out latents.  step(user) is called after each step; a run
 * that is stopped ends within one.
 */
struct sampler_result echo_sample(struct run *r, const struct dit *d,
                                  const struct sampler_options *o,
                                  const struct sampler_contexts *c, float *x, int frames,
                                  float *work, void (*step)(void *user), void *user);

/* On a null queue: the shapes of such a run, with all branches that its options ask for. */
void echo_sample_plan(struct run *r, const struct dit *d, const struct sampler_options *o,
                      const struct sampler_contexts *c, int frames, float *work);

#endif

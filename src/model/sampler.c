/* SPDX-License-Identifier: MIT */
/*
 * sampler.c - the sampler's arithmetic is on the host, in float32: a few thousand
 * numbers a step, beside the 1e12 operations of an evaluation.
 */
#include "model/sampler.h"

#include "base/bf16.h"

#define TIMES_AT_ONCE 32 /* steps whose modulation is made together, from weights read once */
#define FIRST_TIME    0.999 /* the reference's schedule starts here */

#define MAX_BRANCHES 3 /* the full one is the first */

/* Which branches a guided step evaluates; 0: not this one. */
struct branches {
    int no_text, no_speaker, count;
};

static struct branches guided(const echo_params *p, const struct sampler_contexts *c)
{
    struct branches b = { .count = 1 };

    if (p->cfg_scale_text != 0)
        b.no_text = b.count++;
    if (p->cfg_scale_speaker != 0 && c->speaker) /* else this branch is the full one */
        b.no_speaker = b.count++;
    return b;
}

/* All branches but this one, if it is one, see what it leaves out. */
static unsigned seen_without(int branch)
{
    return branch ? ~(1u << branch) : ~0u;
}

static float timestep(const echo_params *p, int step)
{
    return (float)((1 - (double)step / p->num_steps) * FIRST_TIME);
}

size_t echo_sampler_floats(const struct dit *d, int frames)
{
    return (size_t)MAX_BRANCHES * (size_t)frames * (size_t)d->latent +
           (size_t)TIMES_AT_ONCE * (size_t)d->time_size;
}

/* Modulation of the steps from `first` on, as many as there are rows. */
static void modulate(struct run *r, const struct dit *d, const echo_params *p,
                     struct tensor table, int first, float *embeddings)
{
    size_t mark = arena_mark(&r->arena);
    int n = table.rows < p->num_steps - first ? table.rows : p->num_steps - first;
    struct tensor embedding = scratch(r, n, d->time_size);
    float times[TIMES_AT_ONCE] = { 0 };

    for (int i = 0; i < n; i++) {
        times[i] = timestep(p, first + i);
        if (p->round_timesteps)
            times[i] = bf16_to_f32(f32_to_bf16(times[i]));
    }
    echo_dit_embed_times(d, times, n, embeddings);
    op_write(r->queue, embedding, embeddings);
    echo_dit_modulation(r, d, tensor_rows(table, 0, n), embedding);
    arena_reset(&r->arena, mark);
}

/* The contexts of a guided step; `scale`: of the voice's keys and values, 0: none. */
static int gather(struct dit_context contexts[CONTEXT_KINDS], const struct dit *d,
                  const echo_params *p, const struct sampler_contexts *c,
                  const struct branches *guiding, float scale)
{
    int layers = p->speaker_kv_max_layers < 0 ? d->layers : p->speaker_kv_max_layers, n = 0;

    if (c->prefix)
        contexts[n++] = (struct dit_context){ .kv = c->prefix, .seen_by = ~0u };
    if (c->text)
        contexts[n++] = (struct dit_context){ .kv = c->text,
                                              .seen_by = seen_without(guiding->no_text) };
    if (c->speaker)
        contexts[n++] = (struct dit_context){ .kv = c->speaker,
                                              .seen_by = seen_without(guiding->no_speaker),
                                              .scale = scale,
                                              .scaled_layers = layers };
    return n;
}

/* v of all branches, host [branches][frames][latent] */
static void evaluate(struct run *r, const struct dit *d, const struct dit_context *contexts,
                     int n, struct tensor rope, struct tensor modulation, const float *x,
                     int branches, float *v)
{
    size_t mark = arena_mark(&r->arena);
    struct tensor input = scratch(r, rope.rows, d->latent);
    struct tensor output = scratch(r, branches * rope.rows, d->latent);

    op_write(r->queue, input, x);
    echo_dit_forward(r, d, output, input, modulation, rope, contexts, n, branches);
    op_read(r->queue, v, output);
    arena_reset(&r->arena, mark);
}

/* One Euler step of n numbers from t to next; v [branches][n]. */
static void euler_step(const echo_params *p, const struct branches *b, float *x,
                       const float *v, size_t n, float t, float next)
{
    /* by 1 it would only round once more */
    bool rescale = p->rescale_k != 0 && p->rescale_k != 1 && p->rescale_sigma != 0 && t < 1;
    float snr = (1 - t) * (1 - t) / (t * t), s2 = p->rescale_sigma * p->rescale_sigma;
    float ratio = rescale ? (snr * s2 + 1) / (snr * s2 / p->rescale_k + 1) : 1;

    for (size_t i = 0; i < n; i++) {
        float full = v[i], u = full;

        if (b->no_text)
            u += p->cfg_scale_text * (full - v[(size_t)b->no_text * n + i]);
        if (b->no_speaker)
            u += p->cfg_scale_speaker * (full - v[(size_t)b->no_speaker * n + i]);
        if (rescale)
            u = (ratio * ((1 - t) * u + x[i]) - x[i]) / (1 - t);
        x[i] += u * (next - t);
    }
}

static int steps_at_once(const echo_params *p)
{
    return p->num_steps < TIMES_AT_ONCE ? p->num_steps : TIMES_AT_ONCE;
}

struct sampler_result echo_sample(struct run *r, const struct dit *d, const echo_params *p,
                                  const struct sampler_contexts *c, float *x, int frames,
                                  float *work, void (*step)(void *user), void *user)
{
    size_t mark = arena_mark(&r->arena), n = (size_t)frames * (size_t)d->latent;
    float *v = work, *embeddings = work + MAX_BRANCHES * n;
    int at_once = steps_at_once(p);
    struct tensor table = scratch(r, at_once, echo_dit_modulation_size(d));
    struct tensor rope = echo_dit_rope(r, d, frames, c->start);
    const struct branches guiding = guided(p, c), unguided = { .count = 1 };
    struct sampler_result result = { 0 };
    float scale = p->speaker_kv_scale;

    for (int i = 0; i < (r->dry ? 1 : p->num_steps) && !run_stopped(r); i++) {
        float t = timestep(p, i), next = timestep(p, i + 1);
        bool guides = r->dry || (t >= p->cfg_min_t && t <= p->cfg_max_t);
        const struct branches *b = guides ? &guiding : &unguided;
        struct dit_context contexts[CONTEXT_KINDS];
        int count = gather(contexts, d, p, c, &guiding, scale);

        if (i % at_once == 0)
            modulate(r, d, p, table, i, embeddings);
        evaluate(r, d, contexts, count, rope, tensor_rows(table, i % at_once, 1), x, b->count,
                 v);
        if (r->dry || run_stopped(r))
            break; /* v is not finished */
        euler_step(p, b, x, v, n, t, next);
        result.steps++;
        result.evaluations += b->count;
        if (t >= p->speaker_kv_min_t && next < p->speaker_kv_min_t)
            scale = 0;
        if (step)
            step(user);
    }
    arena_reset(&r->arena, mark);
    return result;
}

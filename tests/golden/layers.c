/* SPDX-License-Identifier: MIT */
/* layers.c - the encoders, what the transformer sees of them, and single evaluations. */
#include <stdio.h>
#include <stdlib.h>

#include "golden.h"

struct contexts {
    struct tensor state[CONTEXT_KINDS];
    struct kv *kv[CONTEXT_KINDS];
};

static const char *const names[CONTEXT_KINDS] = { "text", "speaker", "latent" };

static void check_context(struct golden *g, const struct contexts *c, enum context_kind kind)
{
    const struct dit *d = &g->model->dit;
    const struct kv *first = &c->kv[kind][0], *last = &c->kv[kind][d->layers - 1];
    char name[60];

    snprintf(name, sizeof name, "%s_encoder.state", names[kind]);
    golden_close_tensor(g, name, c->state[kind], g->bound.context);
    const struct {
        const char *what;
        struct tensor got;
    } parts[] = { { "k_first", first->k }, { "v_first", first->v },
                  { "k_last", last->k },   { "v_last", last->v } };

    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "%s_encoder.%s", names[kind], parts[i].what);
        golden_close_tensor(g, name, parts[i].got, g->bound.context);
    }
}

static void encode_text(struct run *r, const struct encoder *e, struct tensor state,
                        const unsigned char *ids)
{
    float *host = malloc((size_t)state.rows * (size_t)e->dim * sizeof *host);

    echo_encode_text(r, e, state, ids, host);
    free(host);
}

static void encode(struct golden *g, struct run *r, struct contexts *c, enum context_kind kind,
                   const float *input, size_t n)
{
    const struct dit *d = &g->model->dit;
    const struct encoder *e = &d->encoder[kind];
    unsigned char ids[800];
    int rows = (int)(kind == CONTEXT_TEXT ? n : n / (size_t)(e->patch * e->latent));

    c->state[kind] = scratch(r, rows, e->dim);
    c->kv[kind] = g->session->kv + kind * d->layers;
    for (size_t i = 0; kind == CONTEXT_TEXT && i < n; i++)
        ids[i] = (unsigned char)input[i];
    if (kind == CONTEXT_TEXT)
        encode_text(r, e, c->state[kind], ids);
    else
        echo_encode_latents(r, e, c->state[kind], input);
    struct tensor act = echo_dit_hidden(r, d, kind, rows);

    op_copy(r->queue, act, c->state[kind]);
    echo_dit_context(r, d, kind, act, c->kv[kind]);
}

/* The padded case: without its padding, which a mask hides, the result is the same. */
static void check_padded_text(struct golden *g)
{
    const struct array *ids = golden_array(g, "text_encoder_padded.ids");
    const struct array *state = golden_array(g, "text_encoder_padded.state");
    struct run r = golden_run(g);
    unsigned char bytes[800];

    if (!CHECK(ids && state && state->shape[1] < ids->shape[1]))
        return;
    for (int i = 0; i < state->shape[1]; i++)
        bytes[i] = (unsigned char)((const int32_t *)ids->data)[i];
    struct tensor got = scratch(&r, (int)state->shape[1], (int)state->shape[2]);

    encode_text(&r, &g->model->dit.encoder[CONTEXT_TEXT], got, bytes);
    golden_close_tensor(g, state->name, got, g->bound.context);
}

/* In float32 in every precision. */
static void check_time(struct golden *g, struct run r)
{
    const struct dit *d = &g->model->dit;
    float t = 0.7f, *embedding = malloc((size_t)d->time_size * sizeof *embedding);

    echo_dit_embed_times(d, &t, 1, embedding);
    golden_close(g, "timestep_embedding.embedding", embedding, (size_t)d->time_size,
                 ENCODER_BOUND);
    struct tensor in = scratch(&r, 1, d->time_size), a = scratch(&r, 1, d->dim);
    struct tensor b = scratch(&r, 1, d->dim), c = scratch(&r, 1, 3 * d->dim);

    op_write(r.queue, in, embedding);
    op_linear(r.queue, a, in, &d->cond[0], no_tensor);
    op_silu(r.queue, b, a);
    op_linear(r.queue, a, b, &d->cond[1], no_tensor);
    op_silu(r.queue, b, a);
    op_linear(r.queue, c, b, &d->cond[2], no_tensor);
    golden_close_tensor(g, "timestep_embedding.cond", c, ENCODER_BOUND);
    free(embedding);
}

/* One evaluation at t with the contexts that `kinds` names. */
static void check_forward(struct golden *g, struct run r, const struct contexts *c,
                          const char *name, float t, unsigned kinds, int start)
{
    const struct dit *d = &g->model->dit;
    size_t n = 0;
    float *x = golden_floats(g, "dit_forward.t0.999.x", &n);
    float *embedding = malloc((size_t)d->time_size * sizeof *embedding);
    struct dit_context contexts[CONTEXT_KINDS];
    int frames = (int)n / d->latent, count = 0;
    struct tensor input = scratch(&r, frames, d->latent), v = scratch(&r, frames, d->latent);
    struct tensor times = scratch(&r, 1, d->time_size);
    struct tensor modulation = scratch(&r, 1, echo_dit_modulation_size(d));

    for (int k = 0; k < CONTEXT_KINDS; k++)
        if (kinds >> k & 1)
            contexts[count++] = (struct dit_context){ .kv = c->kv[k], .seen_by = ~0u };
    echo_dit_embed_times(d, &t, 1, embedding);
    op_write(r.queue, times, embedding);
    op_write(r.queue, input, x);
    echo_dit_modulation(&r, d, modulation, times);
    echo_dit_forward(&r, d, v, input, modulation, echo_dit_rope(&r, d, frames, start), contexts,
                     count, 1);
    golden_close_tensor(g, name, v, g->bound.forward);
    free(x);
    free(embedding);
}

void golden_layers(struct golden *g)
{
    static const struct {
        const char *t, *v;
    } times[] = { { "dit_forward.t0.999.t", "dit_forward.t0.999.v" },
                  { "dit_forward.t0.6243.t", "dit_forward.t0.6243.v" },
                  { "dit_forward.t0.025.t", "dit_forward.t0.025.v" } };
    const unsigned text = 1 << CONTEXT_TEXT, voice = 1 << CONTEXT_SPEAKER;
    struct run r = golden_run(g);
    struct contexts c;
    size_t n_ids = 0, n_latent = 0, n_prefix = 0;

    if (!golden_array(g, "text_encoder.ids"))
        return;
    const struct array *ids = golden_array(g, "text_encoder.ids");
    float bytes[800], *latent = golden_floats(g, "speaker_latent.latent", &n_latent);
    float *prefix = golden_floats(g, "latent_encoder.prefix", &n_prefix);

    check_padded_text(g); /* first: its run is over the same memory */
    n_ids = ids->count;
    for (size_t i = 0; i < n_ids; i++)
        bytes[i] = (float)((const int32_t *)ids->data)[i];
    encode(g, &r, &c, CONTEXT_TEXT, bytes, n_ids);
    encode(g, &r, &c, CONTEXT_SPEAKER, latent, n_latent);
    encode(g, &r, &c, CONTEXT_PREFIX, prefix, n_prefix);
    for (enum context_kind k = 0; k < CONTEXT_KINDS; k++)
        check_context(g, &c, k);
    check_time(g, r);

    for (int i = 0; i < 3; i++) {
        float *t = golden_floats(g, times[i].t, NULL);

        check_forward(g, r, &c, times[i].v, *t, text | voice, 0);
        free(t);
    }
    check_forward(g, r, &c, "dit_forward.no_text.v", 0.7f, voice, 0);
    check_forward(g, r, &c, "dit_forward.no_speaker.v", 0.7f, text, 0);
    /* only patches that begin before the start count */
    json_t *one = json_object_get(json_object_get(g->json, "cases"), "dit_forward.prefix");
    int start = (int)json_integer_value(json_object_get(one, "start_pos"));
    int patch = g->model->dit.encoder[CONTEXT_PREFIX].patch;

    for (int i = 0; i < g->model->dit.layers; i++) {
        struct kv *kv = &c.kv[CONTEXT_PREFIX][i];

        kv->k = tensor_rows(kv->k, 0, (start + patch - 1) / patch);
        kv->v = tensor_rows(kv->v, 0, (start + patch - 1) / patch);
    }
    check_forward(g, r, &c, "dit_forward.prefix.v", 0.7f, text | voice | 1 << CONTEXT_PREFIX,
                  start);
    free(latent);
    free(prefix);
}

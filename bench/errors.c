/* SPDX-License-Identifier: MIT */
/*
 * errors.c - where a precision loses: bench_errors MODEL [PRECISION].
 *
 * One evaluation of the transformer in float32 is compared with the same one in which some
 * weights, and what they are multiplied by, are of the other precision: all of them, one kind
 * at a time, one layer at a time.  Figures are relative errors (root mean square) of the
 * velocity; the first column is how large the error is after so many layers.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "engine/model.h"
#include "engine/session.h"

#define FRAMES 128
#define TIME   0.7f

static const unsigned char text[] = "\0[S1] The quick brown fox jumps over the lazy dog.";

struct scene {
    echo_model *model, *other;
    echo_session *session;
    float *noise;
    size_t n;
};

/* The weights of a layer by what they read. */
enum kind { FROM_X, OUT, MLP_IN, MLP_OUT, KINDS };

static const char *const kind_names[KINDS] = { "wq, wk, wv, gate", "wo", "w1, w3", "w2" };

static void take(struct dit_layer *to, const struct dit_layer *from, enum kind kind)
{
    switch (kind) {
    case FROM_X:
        to->attention.q = from->attention.q;
        to->attention.k = from->attention.k;
        to->attention.v = from->attention.v;
        to->attention.gate = from->attention.gate;
        break;
    case OUT: to->attention.out = from->attention.out; break;
    case MLP_IN:
        to->mlp.w1 = from->mlp.w1;
        to->mlp.w3 = from->mlp.w3;
        break;
    default: to->mlp.w2 = from->mlp.w2;
    }
}

static echo_model *open_model(const char *path, const char *precision)
{
    echo_model_opts o = { .precision = precision };
    echo_model *m;
    echo_error e;

    if (echo_model_open(&m, path, &o, &e)) {
        fprintf(stderr, "%s\n", e.text);
        exit(1);
    }
    return m;
}

static struct tensor write(struct run *r, const float *x, int rows, int cols)
{
    struct tensor t = scratch(r, rows, cols);

    op_write(r->queue, t, x);
    return t;
}

/* The velocity of one evaluation with the layers of d, and contexts by its own encoder. */
static void pass(struct run *r, const struct dit *d, const float *noise, float *v)
{
    struct kv kv[64];
    struct dit_context contexts[] = { { .kv = kv, .seen_by = ~0u } };
    struct tensor state = echo_dit_hidden(r, d, CONTEXT_TEXT, sizeof text - 1);
    float time = TIME, *embedding = malloc((size_t)d->time_size * sizeof *embedding);
    float *host = malloc(sizeof text * (size_t)d->encoder[CONTEXT_TEXT].dim * sizeof *host);
    struct tensor modulation = scratch(r, 1, echo_dit_modulation_size(d));
    struct tensor out = scratch(r, FRAMES, d->latent);

    echo_dit_embed_times(d, &time, 1, embedding);
    echo_dit_modulation(r, d, modulation, write(r, embedding, 1, d->time_size));
    echo_encode_text(r, &d->encoder[CONTEXT_TEXT], state, text, host);
    echo_dit_context(r, d, CONTEXT_TEXT, state, kv);
    echo_dit_forward(r, d, out, write(r, noise, FRAMES, d->latent), modulation,
                     echo_dit_rope(r, d, FRAMES, 0), contexts, 1, 1);
    if (v)
        op_read(r->queue, v, out);
    free(embedding);
    free(host);
}

static void evaluate(struct scene *s, const struct dit *d, float *v)
{
    struct device *device = s->model->device;
    struct queue *null = echo_null_queue(device);
    struct buffer mem;
    struct run r = { .queue = null, .mem = &mem, .arena = { .cap = SIZE_MAX } };

    pass(&r, d, s->noise, NULL);
    if (!device->ops->alloc(device, &mem, r.arena.peak))
        exit(1);
    r = (struct run){ .queue = s->session->sampling.queue, .mem = &mem,
                        .arena = { .cap = mem.bytes } };
    pass(&r, d, s->noise, v);
    device->ops->free(device, &mem);
    null->ops->close(null);
}

static double error_of(const struct scene *s, const float *got, const float *want)
{
    double error = 0, size = 0;

    for (size_t i = 0; i < s->n; i++) {
        error += ((double)got[i] - want[i]) * ((double)got[i] - want[i]);
        size += (double)want[i] * want[i];
    }
    return sqrt(error / size);
}

/* A dit with its own list of layers. */
static struct dit copy_of(const struct dit *d)
{
    struct dit c = *d;

    c.layer = malloc((size_t)d->layers * sizeof *c.layer);
    memcpy(c.layer, d->layer, (size_t)d->layers * sizeof *c.layer);
    return c;
}

/* Takes kinds `from` to `to` of layers `first` to `last` from the other model. */
static double mixed(struct scene *s, const float *want, int first, int last, int from, int to)
{
    struct dit d = copy_of(&s->model->dit);
    float *v = malloc(s->n * sizeof *v);
    double e;

    for (int i = first; i <= last; i++)
        for (int k = from; k <= to; k++)
            take(&d.layer[i], &s->other->dit.layer[i], k);
    evaluate(s, &d, v);
    e = error_of(s, v, want);
    free(d.layer);
    free(v);
    return e;
}

int main(int argc, char **argv)
{
    struct scene s = { 0 };
    struct generator g;

    if (argc < 2) {
        fprintf(stderr, "bench_errors MODEL [PRECISION]\n");
        return 2;
    }
    s.model = open_model(argv[1], "f32");
    s.other = open_model(argv[1], argc > 2 ? argv[2] : "int8");
    s.n = (size_t)FRAMES * (size_t)s.model->dit.latent;
    s.noise = malloc(s.n * sizeof *s.noise);
    echo_seed(&g, 1);
    echo_randn(&g, s.noise, s.n);
    if (echo_session_open(&s.session, s.model, NULL))
        return 1;
    const struct dit *d = &s.model->dit;
    float *want = malloc(s.n * sizeof *want), *v = malloc(s.n * sizeof *v);

    evaluate(&s, d, want);
    evaluate(&s, &s.other->dit, v);
    printf("all, encoders too   %.2e\n", error_of(&s, v, want));
    struct dit part = copy_of(d);

    part.encoder[CONTEXT_TEXT] = s.other->dit.encoder[CONTEXT_TEXT];
    evaluate(&s, &part, v);
    printf("text encoder        %.2e\n", error_of(&s, v, want));
    part.encoder[CONTEXT_TEXT] = d->encoder[CONTEXT_TEXT];
    for (int i = 0; i < d->layers; i++)
        part.layer[i].context[CONTEXT_TEXT] = s.other->dit.layer[i].context[CONTEXT_TEXT];
    evaluate(&s, &part, v);
    printf("its keys and values %.2e\n", error_of(&s, v, want));
    free(part.layer);
    printf("all layers          %.2e\n", mixed(&s, want, 0, d->layers - 1, 0, KINDS - 1));
    for (int k = 0; k < KINDS; k++)
        printf("%-18s  %.2e\n", kind_names[k],
               mixed(&s, want, 0, d->layers - 1, k, k));
    for (int i = 0; i < d->layers; i++)
        printf("layer %2d            %.2e\n", i, mixed(&s, want, i, i, 0, KINDS - 1));
    return 0;
}

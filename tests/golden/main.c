/* SPDX-License-Identifier: MIT */
/*
 * main.c - every golden case on every instruction set: test_golden FOLDER [MODE].
 *
 * c: the plain kernels, which take their time; layers: the same, without codec and whole runs;
 * fast: all the others; widest: the last of them; vulkan: the first such device instead.
 *
 * Cases that a folder does not have are skipped; that it has enough is checked.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden.h"

const struct array *golden_array(const struct golden *g, const char *name)
{
    return echo_safetensors_find(g->want, name);
}

float *golden_floats(const struct golden *g, const char *name, size_t *n)
{
    const struct array *a = golden_array(g, name);
    float *x = a ? malloc(a->count * sizeof *x) : NULL;

    if (!CHECK_SAY(x != NULL, "%s is missing", name))
        return NULL;
    echo_array_floats(a, 0, a->count, x);
    if (n)
        *n = a->count;
    return x;
}

static double relative_error(const float *got, const float *want, size_t n)
{
    double error = 0, size = 0;

    for (size_t i = 0; i < n; i++) {
        error += ((double)got[i] - want[i]) * ((double)got[i] - want[i]);
        size += (double)want[i] * want[i];
    }
    return sqrt(error / fmax(size, 1e-300));
}

void golden_close(const struct golden *g, const char *name, const float *got, size_t n,
                  double bound)
{
    size_t count = 0;
    float *want = golden_floats(g, name, &count);

    if (want && CHECK_SAY(n == count, "%s: %zu numbers, expected %zu", name, n, count)) {
        double e = relative_error(got, want, n);

        CHECK_SAY(e <= bound, "%s (%s): relative error %.2e above %.0e", name, g->isa, e,
                  bound);
    }
    free(want);
}

void golden_close_tensor(const struct golden *g, const char *name, struct tensor t,
                         double bound)
{
    size_t n = (size_t)t.rows * (size_t)t.cols;
    float *got = malloc(n * sizeof *got);

    op_read(g->session->sampling.queue, got, t);
    golden_close(g, name, got, n, bound);
    free(got);
}

void golden_close_turned(const struct golden *g, const char *name, struct tensor t,
                         double bound)
{
    size_t n = (size_t)t.rows * (size_t)t.cols;
    float *got = malloc(n * sizeof *got), *turned = malloc(n * sizeof *got);

    op_read(g->session->sampling.queue, got, t);
    for (int i = 0; i < t.rows; i++)
        for (int j = 0; j < t.cols; j++)
            turned[j * t.rows + i] = got[i * t.cols + j];
    golden_close(g, name, turned, n, bound);
    free(got);
    free(turned);
}

void golden_audio(const struct golden *g, const char *name, const float *got, size_t n)
{
    golden_close(g, name, got, n, pow(10, -g->bound.audio_db / 20));
}

struct run golden_run(struct golden *g)
{
    return (struct run){ .queue = g->session->sampling.queue, .mem = &g->memory,
                         .arena = { .cap = g->memory.bytes } };
}

struct causal_state golden_state(struct golden *g, int i)
{
    struct tensor all = { &g->state[i], 0, (int)(g->state[i].bytes / 4096), 1024, 1024,
                          DT_F32 };

    op_zero(g->session->sampling.queue, all);
    return (struct causal_state){ .mem = &g->state[i], .arena = { .cap = g->state[i].bytes } };
}

bool golden_open(struct golden *g, const echo_model_opts *opts)
{
    struct device *device;
    echo_error e;
    size_t n = 0;

    if (!CHECK_SAY(!echo_model_open(&g->model, g->folder, opts, &e), "%s", e.text))
        return false;
    device = g->model->device;
    device->ops->alloc(device, &g->memory, 256u << 20);
    for (int i = 0; i < 2; i++)
        device->ops->alloc(device, &g->state[i], 32u << 20);
    float *latent = golden_floats(g, "speaker_latent.latent", &n);
    int size = g->model->dit.latent;
    bool good = CHECK(latent && !echo_session_open(&g->session, g->model, NULL) &&
                      !echo_voice_from_latent(&g->voice, latent, (int)n / size, size, NULL));

    free(latent);
    return good;
}

void golden_close_model(struct golden *g)
{
    struct device *device = g->model ? g->model->device : NULL;

    echo_voice_close(&g->voice);
    echo_session_close(&g->session);
    if (device) {
        device->ops->free(device, &g->memory);
        device->ops->free(device, &g->state[0]);
        device->ops->free(device, &g->state[1]);
    }
    echo_model_close(&g->model);
}

static void test_device(struct golden *g, const char *device, const char *isa, bool whole)
{
    echo_model_opts o = { .device = device, .isa = isa, .precision = "f32",
                          .codec_precision = "f32" };
    int before = unit_failed, counted = unit_passed;

    g->device = device;
    g->cap = isa;
    g->isa = isa ? isa : device;
    g->bound = (struct bounds)F32_BOUNDS;
    if (golden_open(g, &o)) {
        golden_layers(g);
        golden_sampler(g);
        if (whole)
            golden_codec(g);
        if (whole && isa) /* of a GPU the parts are enough, and whole runs of the program */
            golden_pipeline(g);
    }
    golden_close_model(g);
    /* a folder with the layers has about 200 checks, one with whole runs alone 30 */
    CHECK(unit_passed - counted > (golden_array(g, "text_encoder.ids") ? 150 : 30));
    if (whole)
        golden_rounded(g);
    printf("%s %s: %s\n", g->folder, g->isa, unit_failed == before ? "ok" : "FAILED");
}

static bool is_wanted(const char *mode, const char *isa, bool last)
{
    if (!mode || !strcmp(mode, isa))
        return true;
    return (last && !strcmp(mode, "widest")) || (strcmp(isa, "c") && !strcmp(mode, "fast"));
}

int main(int argc, char **argv)
{
    struct golden g = { .folder = argc > 1 ? argv[1] : "tests/data/tiny" };
    char path[1000];
    echo_error e;
    json_error_t why;
    const char *isa, *mode = argc > 2 ? argv[2] : NULL;

    snprintf(path, sizeof path, "%s/expected.safetensors", g.folder);
    if (!CHECK_SAY(!echo_safetensors_open(&g.want, path, &e), "%s", e.text))
        return unit_report();
    snprintf(path, sizeof path, "%s/expected.json", g.folder);
    g.json = json_load_file(path, 0, &why);
    if (!CHECK_SAY(g.json != NULL, "%s: %s", path, why.text))
        return unit_report();
    if (mode && !strcmp(mode, "vulkan"))
        test_device(&g, "vulkan", NULL, true);
    if (mode && !strcmp(mode, "layers"))
        test_device(&g, "cpu", "c", false);
    for (int i = 0; (isa = echo_isa(i)); i++)
        if (is_wanted(mode, isa, !echo_isa(i + 1)))
            test_device(&g, "cpu", isa, true);
    json_decref(g.json);
    echo_safetensors_close(&g.want);
    return unit_report();
}

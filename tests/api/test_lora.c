/* SPDX-License-Identifier: MIT */
/*
 * test_lora.c - adapters on a device that may hide its memory, and after it was opened again;
 * jobs that another adapter may not go on with; and what repacking costs.  test_lora DATA
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bf16.h"
#include "base/panels.h"
#include "echotts_dev.h"
#include "engine/model.h"
#include "unit.h"

#define SAMPLES (8 * 2048)

static char odd[500], peft[500], kohya[500];

struct sound {
    float pcm[SAMPLES];
    size_t n;
};

static bool collect(void *user, const float *pcm, size_t n)
{
    struct sound *s = user;

    for (size_t i = 0; i < n && s->n < SAMPLES; i++)
        s->pcm[s->n++] = pcm[i];
    return true;
}

static bool same(const struct sound *a, const struct sound *b)
{
    return a->n && a->n == b->n && !memcmp(a->pcm, b->pcm, a->n * sizeof *a->pcm);
}

static echo_model *open_with(const char *dir, const echo_lora *loras, int n)
{
    echo_model_opts o = { .device = "cpu", .precision = "f32", .threads = 2, .loras = loras,
                          .n_loras = n };
    echo_model *m = NULL;
    echo_error e = { 0 };

    if (!CHECK_SAY(!echo_model_open(&m, dir, &o, &e), "%s", e.text))
        exit(unit_report());
    return m;
}

static echo_params quick(const echo_model *m)
{
    echo_params p = echo_params_default(m);

    p.num_steps = 1;
    p.sequence_length = 8;
    p.rng_seed = 5;
    p.trim = false;
    return p;
}

static struct sound speech(const echo_model *m)
{
    struct sound out;
    echo_sink sink = { .user = &out, .audio = collect };
    echo_params p = quick(m);
    echo_session *s = NULL;
    echo_error e = { 0 };

    out.n = 0;
    CHECK_SAY(!echo_session_open(&s, m, &e), "%s", e.text);
    CHECK_SAY(!echo_generate(s, "Some words.", NULL, &p, &sink, &e), "%s", e.text);
    echo_session_close(&s);
    return out;
}

/* The model with its speech part merged, in a folder of its own. */
static void merge_into(const char *folder, const echo_lora *loras, int n)
{
    echo_model_opts o = { .loras = loras, .n_loras = n };
    char from[600], to[600];
    echo_error e = { 0 };

    for (int i = 0; i < 2; i++) {
        const char *name = i ? "dac" : "pca";

        snprintf(from, sizeof from, "%s/%s.safetensors", odd, name);
        snprintf(to, sizeof to, "%s/%s.safetensors", folder, name);
        CHECK(!symlink(from, to));
    }
    snprintf(to, sizeof to, "%s/echo.safetensors", folder);
    CHECK_SAY(!echo_model_merge(odd, to, "f32", &o, &e), "%s", e.text);
}

static void remove_all(const char *folder)
{
    static const char *const names[] = { "echo", "dac", "pca" };
    char path[600];

    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s.safetensors", folder, names[i]);
        CHECK(!unlink(path));
    }
    CHECK(!rmdir(folder));
}

static void merged_and_added(void)
{
    echo_lora both[] = { { peft, 1 }, { kohya, -0.5f } };
    char folder[] = "/tmp/echotts-lora-XXXXXX";
    struct sound plain, added, merged;
    echo_model *m;

    CHECK(mkdtemp(folder) != NULL);
    m = open_with(odd, NULL, 0);
    plain = speech(m);
    echo_model_close(&m);
    merge_into(folder, both, 2);
    m = open_with(folder, NULL, 0);
    merged = speech(m);
    echo_model_close(&m);
    m = open_with(odd, both, 2);
    added = speech(m);
    CHECK(same(&added, &merged));
    CHECK(!same(&added, &plain));
    CHECK(!echo_model_load_again(m, NULL));
    added = speech(m);
    CHECK(same(&added, &merged));
    echo_model_close(&m);
    remove_all(folder);
}

static bool first_piece(void *user, const echo_piece *piece)
{
    echo_checkpoint *at = user;

    *at = piece->next;
    return false;
}

static bool silent(void *user, const float *pcm, size_t n)
{
    (void)user, (void)pcm, (void)n;
    return true;
}

/* Speak a text of several pieces from a checkpoint, up to the end of its first piece. */
static echo_status begin(const echo_model *m, const echo_checkpoint *from,
                         echo_checkpoint *next, echo_error *e)
{
    echo_speak_opts o = echo_speak_opts_default();
    echo_speak_sink sink = { .user = next, .audio = silent, .piece = first_piece };
    echo_params p = quick(m);
    echo_session *s = NULL;
    echo_status status;

    p.trim = true;
    o.from = from;
    o.retakes = 0;
    CHECK(!echo_session_open(&s, m, NULL));
    status = echo_speak(s, "One day it rained.\n\nThe next day it did not rain at all.", NULL,
                        &p, &o, &sink, e);
    echo_session_close(&s);
    return status;
}

static void jobs(void)
{
    echo_lora strong = { peft, 1 }, weak = { peft, 0.5f }, off = { peft, 0 };
    const struct {
        const echo_lora *loras;
        bool goes_on;
    } cases[] = { { &strong, true }, { &weak, false }, { &off, false }, { NULL, false } };
    echo_checkpoint at = { 0 }, next;
    echo_model *m = open_with(odd, &strong, 1);
    echo_error e = { 0 };

    CHECK(begin(m, NULL, &at, &e) == ECHO_ERR_CANCELLED);
    echo_model_close(&m);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        m = open_with(odd, cases[i].loras, cases[i].loras != NULL);
        e = (echo_error){ 0 };
        echo_status s = begin(m, &at, &next, &e);

        CHECK_SAY((s != ECHO_ERR_ARG) == cases[i].goes_on, "case %zu: %s", i, e.text);
        echo_model_close(&m);
    }
    m = open_with(odd, NULL, 0);
    CHECK(begin(m, NULL, &at, &e) == ECHO_ERR_CANCELLED);
    echo_model_close(&m);
    m = open_with(odd, &off, 1); /* one that is off is none */
    CHECK(begin(m, &at, &next, &e) != ECHO_ERR_ARG);
    echo_model_close(&m);
}

static void refusals(void)
{
    echo_lora bad[] = { { peft, 9 }, { peft, NAN }, { NULL, 1 }, { "/nowhere", 1 } };
    echo_lora many[17];
    echo_model *m = NULL;
    echo_error e = { 0 };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        echo_model_opts o = { .device = "cpu", .loras = &bad[i], .n_loras = 1 };
        echo_status want = i < 3 ? ECHO_ERR_ARG : ECHO_ERR_MODEL;

        CHECK_SAY(echo_model_open(&m, odd, &o, &e) == want && !m, "%zu: %s", i, e.text);
    }
    for (int i = 0; i < 17; i++)
        many[i] = (echo_lora){ peft, 1 };
    echo_model_opts o = { .device = "cpu", .loras = many, .n_loras = 17 };

    CHECK(echo_model_open(&m, odd, &o, &e) == ECHO_ERR_ARG);
    o.n_loras = -1;
    CHECK(echo_model_open(&m, odd, &o, NULL) == ECHO_ERR_ARG);
    CHECK(echo_model_merge(odd, "/tmp/x", "keep", NULL, &e) == ECHO_ERR_ARG);
    o.n_loras = 1;
    CHECK(echo_model_merge(odd, "/tmp/x", "i8", &o, &e) == ECHO_ERR_ARG &&
          !strcmp(e.field, "dtype"));
}

/* ---- panels ---- */

/* About normal, and the same everywhere. */
static float random_number(uint32_t *state)
{
    double sum = 0;

    for (int i = 0; i < 12; i++) {
        *state = *state * 1664525 + 1013904223;
        sum += *state / 4294967296.0;
    }
    return (float)(sum - 6);
}

/* Into panels of numbers of this size, and back. */
static void through(float *lines, int size, int k)
{
    char *panel = calloc(1, (size_t)panel_bytes(size, k));

    if (!panel)
        exit(unit_report());
    if (size == 2)
        echo_panel_pack_bf16((uint16_t *)(void *)panel, lines, k);
    else
        echo_panel_pack_i8((int8_t *)panel, lines, k);
    echo_panel_unpack(lines, panel, size, k);
    free(panel);
}

static double distance(const float *a, const float *b, int n)
{
    double sum = 0;

    for (int i = 0; i < n; i++)
        sum += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
    return sqrt(sum / n);
}

/* Weights that were packed, with something added, packed again: against those that were not. */
static void panels(int k)
{
    int n = k * PANEL_COLUMNS;
    float *w = calloc((size_t)n * 4, sizeof *w), *once, *twice, *want;
    uint32_t state = 7;

    if (!w)
        exit(unit_report());
    once = w + n;
    twice = once + n;
    want = twice + n;
    for (int i = 0; i < n; i++) {
        float added = 0.3f * random_number(&state);

        w[i] = random_number(&state);
        once[i] = want[i] = w[i] + added;
        twice[i] = w[i];
    }
    through(once, 2, k);
    for (int i = 0; i < n; i++)
        CHECK(once[i] == bf16_to_f32(f32_to_bf16(want[i])));
    memcpy(once, want, (size_t)n * sizeof *once);
    through(once, 1, k);
    through(twice, 1, k);
    for (int i = 0; i < n; i++)
        twice[i] += want[i] - w[i];
    through(twice, 1, k);
    double error = distance(once, want, n), again = distance(twice, want, n);

    /* Steps are a 127th of the largest of k numbers, 2.5 to 4.5 times their size. */
    CHECK_SAY(error > 0.003 && error < 0.015, "%d: %g", k, error);
    /* Two errors that know nothing of each other: 1.41 times one. */
    CHECK_SAY(again > 1.2 * error && again < 1.6 * error, "%d: %g of %g", k, again, error);
    free(w);
}

int main(int argc, char **argv)
{
    const char *data = argc > 1 ? argv[1] : ".";

    char *whole = realpath(data, NULL); /* links must lead there from anywhere */

    if (!CHECK_SAY(whole != NULL, "%s: no such folder", data))
        return unit_report();
    snprintf(odd, sizeof odd, "%s/odd", whole);
    free(whole);
    snprintf(peft, sizeof peft, "%s/lora/peft", data);
    snprintf(kohya, sizeof kohya, "%s/lora/kohya.safetensors", data);
    merged_and_added();
    jobs();
    refusals();
    for (int k = 100; k <= 2048; k = k == 100 ? 256 : k == 256 ? 768 : k + 1280)
        panels(k);
    return unit_report();
}

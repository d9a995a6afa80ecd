/* SPDX-License-Identifier: MIT */
/* test_synth.c - random models: the same for a seed, whole or not at all, like the trained
 * ones.  argv[1]: folder of golden data, whose model's shapes are imitated. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "synth/synth.h"
#include "unit.h"
#include "weights/safetensors.h"

static const char *const files[] = { "echo.safetensors", "dac.safetensors", "pca.safetensors" };

static struct safetensors *open_file(const char *folder, const char *name)
{
    struct safetensors *f = NULL;
    char path[1024];
    echo_error e;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    CHECK_SAY(!echo_safetensors_open(&f, path, &e), "%s", e.text);
    return f;
}

static void remove_model(const char *folder)
{
    char path[1024];

    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    CHECK_SAY(!rmdir(folder), "%s is not empty", folder);
}

/* Names, types and shapes are those of the other file; numbers too if `numbers`. */
static void check_same(const char *a, const char *b, bool numbers)
{
    for (int i = 0; i < 3; i++) {
        struct safetensors *x = open_file(a, files[i]), *y = open_file(b, files[i]);

        if (x && y && CHECK(x->n == y->n)) {
            size_t same = 0;

            for (size_t k = 0; k < x->n; k++) {
                const struct array *p = &x->arrays[k], *q = &y->arrays[k];

                same += !strcmp(p->name, q->name) && p->type == q->type && p->dims == q->dims &&
                        !memcmp(p->shape, q->shape, sizeof p->shape) &&
                        (!numbers || !memcmp(p->data, q->data, p->bytes));
            }
            CHECK_SAY(same == x->n, "%s: %zu of %zu", files[i], same, x->n);
        }
        echo_safetensors_close(&x);
        echo_safetensors_close(&y);
    }
}

/* Mean and standard deviation. */
static void moments(const struct array *a, double *mean, double *spread)
{
    double sum = 0, squares = 0;

    for (size_t i = 0; i < a->count; i++) {
        float x;

        echo_array_floats(a, i, 1, &x);
        sum += x;
        squares += (double)x * x;
    }
    *mean = sum / (double)a->count;
    *spread = sqrt(squares / (double)a->count - *mean * *mean);
}

static void check_numbers(const char *folder)
{
    static const struct {
        const char *name;
        double mean, spread, tolerance;
    } wanted[] = {
        { "blocks.2.attention.wq.weight", 0, 0.0884, 0.002 }, /* 1 / sqrt(128) */
        { "blocks.0.attention_adaln.gate_up.bias", 0.55, 0.15, 0.05 },
        { "text_norm.weight", 1, 0.1, 0.03 },
        { "text_encoder.text_embedding.weight", 0, 1, 0.02 },
        { "in_proj.weight", 0, 0.25 / 8.944, 0.001 },
    };
    struct safetensors *f = open_file(folder, files[0]), *pca = open_file(folder, files[2]);
    const struct array *k_norm, *rows;
    double mean, spread;
    float largest = 0;

    if (!f || !pca)
        return;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        moments(echo_safetensors_find(f, wanted[i].name), &mean, &spread);
        CHECK_SAY(fabs(mean - wanted[i].mean) < wanted[i].tolerance, "%s: mean %g",
                  wanted[i].name, mean);
        CHECK_SAY(fabs(spread - wanted[i].spread) < wanted[i].tolerance, "%s: spread %g",
                  wanted[i].name, spread);
    }
    k_norm = echo_safetensors_find(f, "blocks.5.attention.k_norm.weight");
    for (size_t i = 0; i < k_norm->count; i++) {
        float x;

        echo_array_floats(k_norm, i, 1, &x);
        largest = fmaxf(largest, x);
    }
    CHECK(largest > 100); /* the outlier of the last block */
    rows = echo_safetensors_find(pca, "pca_components");
    for (size_t i = 0; i < 80; i++) {
        double dot = 0;
        float x[128], y[128];

        echo_array_floats(rows, i * 128, 128, x);
        echo_array_floats(rows, i / 2 * 128, 128, y);
        for (int k = 0; k < 128; k++)
            dot += (double)x[k] * y[k];
        CHECK_SAY(fabs(dot - (i == i / 2)) < 1e-6, "rows %zu and %zu: %g", i, i / 2, dot);
    }
    echo_safetensors_close(&f);
    echo_safetensors_close(&pca);
}

struct calls {
    double last, stop;
    int n;
};

static bool watch(void *user, double done)
{
    struct calls *c = user;

    CHECK(done >= c->last && done <= 1);
    c->last = done;
    c->n++;
    return done < c->stop;
}

static void check_stopping(const char *folder)
{
    struct calls c = { .stop = 0.6 };
    char path[1024];
    struct stat st;
    echo_error e;

    snprintf(path, sizeof path, "%s/stopped", folder);
    CHECK(echo_synthesize("small", path, 1, watch, &c, &e) == ECHO_ERR_CANCELLED);
    CHECK(c.last >= 0.6 && c.last < 0.7 && stat(path, &st)); /* not even the directory */
    c = (struct calls){ .stop = 2 };
    CHECK(!echo_synthesize("small", path, 1, watch, &c, &e) && c.last == 1 && c.n > 50);
    remove_model(path);
    CHECK(echo_synthesize("medium", path, 1, NULL, NULL, &e) == ECHO_ERR_ARG);
    CHECK_SAY(strstr(e.text, "medium") != NULL, "%s", e.text);
    CHECK(echo_synthesize("small", "/nowhere/x", 1, NULL, NULL, &e) == ECHO_ERR_FILE);
    CHECK_SAY(strstr(e.text, "/nowhere/x") != NULL, "%s", e.text);
    CHECK(echo_synthesize(folder, path, 1, NULL, NULL, &e) == ECHO_ERR_FILE);
    CHECK_SAY(strstr(e.text, "echo.safetensors") != NULL && stat(path, &st), "%s", e.text);
}

int main(int argc, char **argv)
{
    const char *golden = argc > 1 ? argv[1] : "tests/data/tiny";
    char folder[] = "/tmp/echotts-test-XXXXXX", a[64], b[64];
    struct safetensors *f, *g;
    echo_error e;

    if (!CHECK(mkdtemp(folder) != NULL))
        return unit_report();
    snprintf(a, sizeof a, "%s/a", folder);
    snprintf(b, sizeof b, "%s/b", folder);
    CHECK_SAY(!echo_synthesize("small", a, 7, NULL, NULL, &e), "%s", e.text);
    check_numbers(a);
    CHECK_SAY(!echo_synthesize(a, b, 7, NULL, NULL, &e), "%s", e.text);
    check_same(a, b, true); /* names say it all, not the order or where they come from */
    CHECK(!echo_synthesize("small", b, 8, NULL, NULL, &e));
    f = open_file(a, files[0]);
    g = open_file(b, files[0]);
    CHECK(memcmp(f->arrays[0].data, g->arrays[0].data, f->arrays[0].bytes) != 0);
    echo_safetensors_close(&f);
    echo_safetensors_close(&g);
    remove_model(b);
    CHECK_SAY(!echo_synthesize(golden, b, 1, NULL, NULL, &e), "%s", e.text);
    check_same(golden, b, false);
    remove_model(a);
    remove_model(b);
    check_stopping(folder);
    CHECK(!rmdir(folder));
    return unit_report();
}

/* SPDX-License-Identifier: MIT */
/* test_random.c - the noise of a seed against PyTorch's.  argv[1]: folder of golden data. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "unit.h"
#include "weights/safetensors.h"

/* Seeds are compared with the reference's to this: libraries differ in the last bits of
 * logarithm and cosine, and a radius is at most sqrt(2 * 24 ln 2) = 5.8. */
#define TOLERANCE 1e-5

static double worst_difference(const struct array *want, const float *got)
{
    double worst = 0;

    for (size_t i = 0; i < want->count; i++) {
        float w;

        echo_array_floats(want, i, 1, &w);
        worst = fmax(worst, fabs((double)w - got[i]));
    }
    return worst;
}

/* "randn.seedS.nN.first" and ".last": 64 numbers of one call, or fewer. */
static void check_one(const struct array *want)
{
    struct generator g;
    unsigned long long seed = 0;
    char end[8] = "";
    double difference;
    size_t n = 0;
    float *x;

    if (sscanf(want->name, "randn.seed%llu.n%zu.%7s", &seed, &n, end) != 3 || n < want->count)
        return;
    if (!CHECK((x = malloc(n * sizeof *x)) != NULL))
        return;
    echo_seed(&g, seed);
    echo_randn(&g, x, n);
    difference = worst_difference(want, strcmp(end, "last") ? x : x + n - want->count);
    CHECK_SAY(difference <= TOLERANCE, "%s: %g", want->name, difference);
    free(x);
}

static void check_two_calls(const struct safetensors *f)
{
    const struct array *a = echo_safetensors_find(f, "randn.seed5.two_calls.a");
    const struct array *b = echo_safetensors_find(f, "randn.seed5.two_calls.b");
    struct generator g;
    float x[400];

    if (!CHECK(a && b && a->count == 240 && b->count == 400))
        return;
    echo_seed(&g, 5);
    echo_randn(&g, x, a->count);
    CHECK(worst_difference(a, x) <= TOLERANCE);
    echo_randn(&g, x, b->count);
    CHECK(worst_difference(b, x) <= TOLERANCE);
}

static void check_seeds(void)
{
    struct generator g;
    float a[33], b[33];

    echo_seed(&g, 0x100000007ull);
    echo_randn(&g, a, 33);
    echo_seed(&g, 7);
    echo_randn(&g, b, 33);
    CHECK(!memcmp(a, b, sizeof a)); /* the low 32 bits count */
    echo_randn(&g, b, 33);
    CHECK(memcmp(a, b, sizeof a) != 0);
    echo_randn(&g, a, 3); /* an odd number of single ones leaves a spare */
    echo_seed(&g, 7);
    echo_randn(&g, b, 0);
    CHECK(!g.has_spare);
    echo_randn(&g, a, 1);
    echo_randn(&g, a + 1, 1);
    echo_seed(&g, 7);
    echo_randn(&g, b, 2);
    CHECK(a[0] == b[0] && a[1] == b[1]);
}

static void check_moments(void)
{
    enum { N = 1 << 20 };
    static float x[N];
    struct generator g;
    double sum = 0, squares = 0;

    echo_seed(&g, 1);
    echo_randn(&g, x, N);
    for (int i = 0; i < N; i++) {
        sum += x[i];
        squares += (double)x[i] * x[i];
    }
    CHECK(fabs(sum / N) < 5 / sqrt(N)); /* five standard errors */
    CHECK(fabs(squares / N - 1) < 5 * sqrt(2.0 / N));
}

int main(int argc, char **argv)
{
    struct safetensors *f = NULL;
    char path[1024];
    echo_error e;

    snprintf(path, sizeof path, "%s/expected.safetensors",
             argc > 1 ? argv[1] : "tests/data/tiny");
    if (CHECK_SAY(!echo_safetensors_open(&f, path, &e), "%s", e.text)) {
        for (size_t i = 0; i < f->n; i++)
            check_one(&f->arrays[i]);
        check_two_calls(f);
        CHECK(unit_passed >= 18); /* the cases were found */
    }
    echo_safetensors_close(&f);
    check_seeds();
    check_moments();
    return unit_report();
}

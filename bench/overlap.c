/* SPDX-License-Identifier: MIT */
/*
 * overlap.c - does it pay to decode a block while the next one is sampled, on one CPU?
 *
 * Speaks in blocks, alternately without and with overlap, and prints medians: the whole, the
 * first sound, and whether the samples are the same.  bench_overlap MODEL [RUNS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "echotts_dev.h"

enum { MOST_RUNS = 50, MOST_SAMPLES = 640 * 2048 };

#define TEXT "The old lighthouse keeper climbed the stairs every evening, lit the lamp, and " \
             "wrote one line about the weather into a book that nobody had ever asked to read."

struct heard {
    float pcm[MOST_SAMPLES];
    size_t n;
    double begin, first_s;
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool audio(void *user, const float *pcm, size_t n)
{
    struct heard *h = user;

    if (!h->n)
        h->first_s = now() - h->begin;
    memcpy(h->pcm + h->n, pcm, n * sizeof *pcm);
    h->n += n;
    return true;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *x, int n)
{
    qsort(x, (size_t)n, sizeof *x, ascending);
    return x[n / 2];
}

int main(int argc, char **argv)
{
    static struct heard heard[2];
    static double whole_s[2][MOST_RUNS], first_s[2][MOST_RUNS], ratio[MOST_RUNS];
    const char *precision = getenv("PRECISION");
    echo_model_opts o = { .precision = precision };
    int runs = argc > 2 ? atoi(argv[2]) : 5;
    echo_model *m = NULL;
    echo_session *s = NULL;
    echo_error e;

    if (argc < 2 || runs < 1 || runs > MOST_RUNS)
        return 2;
    if (echo_model_open(&m, argv[1], &o, &e) || echo_session_open(&s, m, &e))
        goto failed;
    echo_params p = echo_params_default(m);

    p.rng_seed = 1;
    p.num_steps = 5;
    p.trim = false;
    p.block_sizes = (echo_list){ 4, { 48, 80, 96, 96 } };
    for (int i = -1; i < runs; i++) /* the first warms up */
        for (int on = 0; on < 2; on++) {
            struct heard *h = &heard[on];
            echo_sink sink = { .user = h, .audio = audio };

            h->n = 0;
            h->begin = now();
            echo_session_overlap(s, on);
            if (echo_generate(s, TEXT, NULL, &p, &sink, &e))
                goto failed;
            if (i < 0)
                continue;
            whole_s[on][i] = now() - h->begin;
            first_s[on][i] = h->first_s;
            if (on)
                ratio[i] = whole_s[0][i] / whole_s[1][i];
        }
    bool same = heard[0].n == heard[1].n &&
                !memcmp(heard[0].pcm, heard[1].pcm, heard[0].n * sizeof(float));

    printf("%s, %s: ", echo_model_describe(m).device, echo_model_describe(m).precision);
    printf("in turn %.3f s (first sound %.3f), overlapped %.3f s (first sound %.3f), ratio of "
           "pairs %.3f, samples %s\n",
           median(whole_s[0], runs), median(first_s[0], runs), median(whole_s[1], runs),
           median(first_s[1], runs), median(ratio, runs), same ? "the same" : "NOT the same");
    echo_session_close(&s);
    echo_model_close(&m);
    return !same;
failed:
    fprintf(stderr, "%s\n", e.text);
    return 1;
}

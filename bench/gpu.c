/* SPDX-License-Identifier: MIT */
/*
 * gpu.c - the parts of a run on a device: bench_gpu MODEL DEVICE FRAMES RUNS.
 *
 * Prints a line as soon as a part is known: its name, then the seconds of each run.  The text
 * has 73 tokens.  A step of a batch is the difference between runs with few and with many
 * steps.  With 0 RUNS it ends with the first sound.  bench/gpu.sh starts it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "echotts_dev.h"

enum { MOST_RUNS = 20,
       VOICE = 212,
       FEW = 2,
       MANY = 10,
       FIRST_FRAMES = 16 };

#define TEXT "The quick brown fox jumps over the lazy dog near the old riverbank."

struct bench {
    echo_model *model;
    echo_session *session;
    echo_voice *voice;
    int frames, runs;
    double begin;
    echo_error err;
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void print(const char *name, const double *seconds, int n)
{
    printf("%s", name);
    for (int i = 0; i < n; i++)
        printf(" %.6f", seconds[i]);
    putchar('\n');
    fflush(stdout);
}

static bool swallow(void *user, const float *pcm, size_t n)
{
    (void)user, (void)pcm, (void)n;
    return true;
}

/* Guided where t is at least from_t, which is never above 1. */
static bool generate(struct bench *b, int frames, int steps, float from_t,
                     const echo_voice *voice, bool sound, echo_stats *stats)
{
    echo_params p = echo_params_default(b->model);
    echo_sink sink = { .audio = sound ? swallow : NULL };

    p.rng_seed = 1;
    p.trim = false;
    p.sequence_length = frames;
    p.num_steps = steps;
    p.cfg_min_t = from_t;
    if (echo_generate(b->session, TEXT, voice, &p, &sink, &b->err))
        return false;
    *stats = echo_session_stats(b->session);
    return true;
}

/* Ten seconds of noise. */
static bool make_voice(struct bench *b)
{
    static float latent[VOICE * 256];
    int size = echo_model_describe(b->model).latent_size;
    unsigned seed = 1;

    for (int i = 0; size <= 256 && i < VOICE * size; i++) {
        seed = seed * 1664525u + 1013904223u;
        latent[i] = (float)(seed >> 8) / (float)(1 << 23) - 1;
    }
    return !echo_voice_from_latent(&b->voice, latent, VOICE, size, &b->err);
}

static bool open_all(struct bench *b, const char *path, const char *device)
{
    echo_model_opts o = { .device = device, .precision = getenv("PRECISION") };
    echo_stats stats;
    echo_model_info info;
    double seconds;

    if (echo_model_open(&b->model, path, &o, &b->err))
        return false;
    seconds = now() - b->begin;
    info = echo_model_describe(b->model);
    printf("device %s, %s, codec %s\n", info.device, info.precision, info.codec_precision);
    print("opened", &seconds, 1);
    if (echo_session_open(&b->session, b->model, &b->err) || !make_voice(b) ||
        !generate(b, FIRST_FRAMES, 1, 2, NULL, true, &stats))
        return false;
    seconds = now() - b->begin;
    print("first", &seconds, 1);
    return true;
}

/* An evaluation of so many branches: none guided; guided without a voice; guided with one. */
static bool evaluate(struct bench *b, int branches)
{
    const echo_voice *voice = branches == 3 ? b->voice : NULL;
    float from_t = branches == 1 ? 2 : 0;
    double seconds[MOST_RUNS];
    char name[20];

    for (int i = -1; i < b->runs; i++) { /* the first warms up */
        echo_stats few, many;

        if (!generate(b, b->frames, FEW, from_t, voice, false, &few) ||
            !generate(b, b->frames, i < 0 ? FEW : MANY, from_t, voice, false, &many))
            return false;
        if (i >= 0)
            seconds[i] = (many.sample_s - few.sample_s) / (MANY - FEW);
    }
    snprintf(name, sizeof name, "evaluation_%d", branches);
    print(name, seconds, b->runs);
    return true;
}

/* The default guidance: five of the ten steps. */
static bool speak(struct bench *b)
{
    double total[MOST_RUNS], sampling[MOST_RUNS], decoding[MOST_RUNS];

    for (int i = -1; i < b->runs; i++) {
        echo_stats stats;

        if (!generate(b, b->frames, 10, 0.5f, NULL, true, &stats))
            return false;
        if (i < 0)
            continue;
        total[i] = stats.total_s;
        sampling[i] = stats.sample_s;
        decoding[i] = stats.decode_s;
    }
    print("decode", decoding, b->runs);
    print("ten_steps", sampling, b->runs);
    print("whole", total, b->runs);
    return true;
}

int main(int argc, char **argv)
{
    struct bench b = { .begin = now() };
    bool good;

    if (argc < 5 || (b.frames = atoi(argv[3])) < FIRST_FRAMES ||
        (b.runs = atoi(argv[4])) < 0 || b.runs > MOST_RUNS) {
        fprintf(stderr, "bench_gpu MODEL DEVICE FRAMES RUNS\n");
        return 2;
    }
    good = open_all(&b, argv[1], argv[2]);
    for (int branches = 1; good && b.runs && branches <= 3; branches++)
        good = evaluate(&b, branches);
    good = good && (!b.runs || speak(&b));
    if (!good)
        fprintf(stderr, "%s\n", b.err.text);
    echo_voice_close(&b.voice);
    echo_session_close(&b.session);
    echo_model_close(&b.model);
    return !good;
}

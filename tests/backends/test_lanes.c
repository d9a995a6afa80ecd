/* SPDX-License-Identifier: MIT */
/*
 * test_lanes.c - sampling and decoding at the same time, on one device and on two.
 *
 * Linked over echo_device_same(): the codec goes where the test wants it.  Both devices hide
 * their memory (hidden.c), so that whoever mixes them fails.  test_lanes DATA
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "echotts_dev.h"
#include "engine/session.h"
#include "unit.h"

#define PATIENCE_MS 10000

static bool apart;

bool __wrap_echo_device_same(const char *codec, const char *rest);

bool __wrap_echo_device_same(const char *codec, const char *rest)
{
    (void)codec, (void)rest;
    return !apart;
}

/* The output of a call, and whether its callbacks kept to their promises. */
struct heard {
    float pcm[64 * 2048];
    _Atomic size_t n; /* samples */
    size_t stop_at;   /* 0: never */
    int blocks[8], asked;
    int sampled, decoded, total; /* of the last reports */
    atomic_int inside;           /* callbacks that must not overlap */
    bool overlapped, elsewhere;
    pthread_t caller;
    char log[300];
};

static bool audio(void *user, const float *pcm, size_t n)
{
    struct heard *h = user;

    CHECK(h->n + n <= sizeof h->pcm / sizeof *h->pcm);
    memcpy(h->pcm + h->n, pcm, n * sizeof *pcm);
    h->n += n;
    h->elsewhere |= !pthread_equal(pthread_self(), h->caller);
    return !h->stop_at || h->n < h->stop_at;
}

static bool progress(void *user, echo_stage stage, int done, int total)
{
    struct heard *h = user;

    h->overlapped |= atomic_fetch_add(&h->inside, 1) != 0;
    if (stage == ECHO_STAGE_SAMPLE) {
        h->sampled = done;
        h->total = total;
    } else {
        h->decoded = done;
    }
    atomic_fetch_sub(&h->inside, 1);
    return true;
}

/* Waits for the first sound, so that some decoding is beside the sampling for sure. */
static int next_block(void *user, int made, int left)
{
    struct heard *h = user;
    int frames = h->blocks[h->asked++];

    for (int i = 0; i < PATIENCE_MS && made && !h->n; i++)
        usleep(1000);
    return frames < left ? frames : left;
}

static int too_many(void *user, int made, int left)
{
    (void)user, (void)made;
    return left + 1;
}

static void keep_log(void *user, echo_log_level level, const char *line)
{
    struct heard *h = user;

    (void)level;
    snprintf(h->log, sizeof h->log, "%s", line);
}

static struct heard *fresh(void)
{
    struct heard *h = calloc(1, sizeof *h);

    h->caller = pthread_self();
    return h;
}

static echo_sink sink_of(struct heard *h)
{
    return (echo_sink){ .user = h, .audio = audio, .progress = progress, .log = keep_log };
}

static echo_params quick(const echo_model *m)
{
    echo_params p = echo_params_default(m);

    p.num_steps = 2;
    p.rng_seed = 4;
    p.trim = false;
    p.sequence_length = 30;
    return p;
}

#define TEXT "Some words to say."

static echo_status speak(echo_session *s, const echo_params *p, struct heard *h, echo_error *e)
{
    echo_sink sink = sink_of(h);

    return echo_generate(s, TEXT, NULL, p, &sink, e);
}

/* The parts of the time are those of the whole, once the overlap counts once. */
static void check_times(const echo_session *s, bool overlap, bool surely)
{
    echo_stats t = echo_session_stats(s);
    double parts = t.text_s + t.sample_s + t.decode_s - t.overlap_s;

    CHECK(t.overlap_s <= t.decode_s && (surely ? t.overlap_s > 0 : t.overlap_s >= 0));
    CHECK(overlap || t.overlap_s == 0);
    CHECK_SAY(parts > 0 && parts <= t.total_s, "%g + %g + %g - %g > %g", t.text_s, t.sample_s,
              t.decode_s, t.overlap_s, t.total_s);
}

/* Blocks, listed and asked for, overlapped or not: the same samples. */
static void check_same(echo_session *s, const echo_params *p, const struct heard *want)
{
    for (int asked = 0; asked < 2; asked++)
        for (int overlap = 0; overlap < 2; overlap++) {
            struct heard *h = fresh();
            echo_params q = *p;
            echo_sink sink = sink_of(h);
            echo_error e = { 0 };

            memcpy(h->blocks, (int[]){ 12, 10, 99 }, 3 * sizeof(int));
            if (asked)
                sink.next_block = next_block;
            else
                q.block_sizes = (echo_list){ 3, { 12, 10, 8 } };
            echo_session_overlap(s, overlap);
            CHECK_SAY(!echo_generate(s, TEXT, NULL, &q, &sink, &e), "%s", e.text);
            CHECK(h->n == 30 * 2048 && !memcmp(h->pcm, want->pcm, h->n * sizeof *h->pcm));
            CHECK(h->elsewhere == overlap && !h->overlapped);
            CHECK(h->sampled == 6 && h->total == 6 && h->decoded == 30);
            CHECK(echo_session_stats(s).blocks == 3 && echo_session_stats(s).steps == 6);
            check_times(s, overlap, overlap && asked);
            free(h);
        }
}

/* A caller that asks for less gets what it asked for; a wrong size is refused with a reason. */
static void check_asking(echo_session *s, const echo_params *p)
{
    struct heard *h = fresh();
    echo_sink sink = sink_of(h);
    echo_params both = *p;
    echo_error e = { 0 };

    h->blocks[0] = 12; /* then 0: no more */
    sink.next_block = next_block;
    CHECK_SAY(!echo_generate(s, TEXT, NULL, p, &sink, &e), "%s", e.text);
    CHECK(h->n == 12 * 2048 && echo_session_stats(s).frames == 12);
    both.block_sizes = (echo_list){ 1, { 3 } };
    CHECK(echo_generate(s, TEXT, NULL, &both, &sink, &e) == ECHO_ERR_ARG &&
          !strcmp(e.field, "block_sizes"));
    sink.next_block = too_many;
    CHECK(echo_generate(s, TEXT, NULL, p, &sink, &e) == ECHO_ERR_ARG &&
          !strcmp(e.field, "next_block"));
    free(h);
}

/* A listener who has heard enough stops the sampling, too; the next call is not hurt. */
static void check_stopping(echo_session *s, const echo_params *p)
{
    for (int overlap = 0; overlap < 2; overlap++) {
        struct heard *h = fresh();
        echo_params q = *p;
        echo_error e = { 0 };

        q.block_sizes = (echo_list){ 3, { 12, 10, 8 } };
        echo_session_overlap(s, overlap);
        h->stop_at = 2048;
        CHECK(speak(s, &q, h, &e) == ECHO_ERR_CANCELLED && h->n < 30 * 2048);
        h->stop_at = h->n = 0;
        CHECK_SAY(!speak(s, &q, h, &e) && h->n == 30 * 2048, "%s", e.text);
        echo_cancel(s);
        h->n = 0;
        CHECK(speak(s, &q, h, &e) == ECHO_ERR_CANCELLED && h->n == 0);
        free(h);
    }
}

/* The warnings of a call go to the call. */
static void check_log(echo_session *s, const echo_params *p)
{
    struct heard *h = fresh();
    echo_params q = *p;
    echo_error e = { 0 };

    q.trim = true;
    q.sequence_length = 4;
    CHECK_SAY(!speak(s, &q, h, &e), "%s", e.text);
    CHECK_SAY(strstr(h->log, "may be missing") != NULL, "'%s'", h->log);
    free(h);
}

static void check_model(const char *folder, bool two, struct heard *want)
{
    echo_model_opts o = { .threads = 2, .precision = "f32" };
    echo_model *m = NULL;
    echo_session *s = NULL;
    echo_error e = { 0 };

    apart = two;
    if (!CHECK_SAY(!echo_model_open(&m, folder, &o, &e) && !echo_session_open(&s, m, &e), "%s",
                   e.text))
        return;
    CHECK((m->device != m->codec_device) == two && s->overlap == two);
    echo_params p = quick(m), blocks = p;

    if (!want->n) {
        blocks.block_sizes = (echo_list){ 3, { 12, 10, 8 } };
        CHECK_SAY(!speak(s, &blocks, want, &e), "%s", e.text);
    }
    check_same(s, &p, want);
    check_asking(s, &p);
    check_stopping(s, &p);
    check_log(s, &p);
    echo_session_close(&s);
    echo_model_close(&m);
}

int main(int argc, char **argv)
{
    char folder[600];
    struct heard *want = fresh();

    if (argc != 2)
        return 2;
    snprintf(folder, sizeof folder, "%s/odd", argv[1]);
    check_model(folder, false, want);
    check_model(folder, true, want);
    free(want);
    return unit_report();
}

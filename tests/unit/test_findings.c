/* SPDX-License-Identifier: MIT */
/*
 * test_findings.c - each finding is told of a clip that was spoilt for it, and not of the clip
 * that it was made of.  test_findings MODELS
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/findings.h"
#include "audio/flat.h"
#include "base/memory.h"
#include "unit.h"

#define RATE ECHO_SAMPLE_RATE

/* A clip at 44.1 kHz. */
struct sound {
    float *pcm;
    size_t n;
};

static struct sound joe; /* a clean clip of 4 s */

/* ---- made clips ---- */

static struct sound copy(const struct sound *of, size_t before, size_t behind)
{
    size_t n = before + of->n + behind;
    struct sound s = { calloc(n, sizeof *s.pcm), n };

    memcpy(s.pcm + before, of->pcm, of->n * sizeof *s.pcm);
    return s;
}

/* a, then b times `gain`, and so on. */
static struct sound turns(const struct sound *of, int times, float gain)
{
    struct sound s = { calloc((size_t)times * of->n, sizeof *s.pcm), (size_t)times * of->n };

    for (size_t i = 0; i < s.n; i++)
        s.pcm[i] = of->pcm[i % of->n] * (i / of->n % 2 ? gain : 1);
    return s;
}

static double power_of(const struct sound *s)
{
    double sum = 0;

    for (size_t i = 0; i < s->n; i++)
        sum += (double)s->pcm[i] * s->pcm[i];
    return sum / (double)s->n;
}

/* With white noise that is so many dB weaker. */
static struct sound noisy(const struct sound *of, double db)
{
    struct sound s = copy(of, 0, 0);
    double size = sqrt(3 * power_of(of)) * pow(10, -db / 20);
    uint32_t x = 1;

    for (size_t i = 0; i < s.n; i++) {
        x = x * 1664525u + 1013904223u;
        s.pcm[i] += (float)(size * ((double)x / 2147483648.0 - 1));
    }
    return s;
}

/* Cut off at a part of its peak. */
static struct sound clipped(const struct sound *of, float part)
{
    struct sound s = copy(of, 0, 0);
    float peak = 0;

    for (size_t i = 0; i < s.n; i++)
        peak = fmaxf(peak, fabsf(s.pcm[i]));
    for (size_t i = 0; i < s.n; i++)
        s.pcm[i] = fmaxf(-part * peak, fminf(part * peak, s.pcm[i]));
    return s;
}

static struct sound scaled(const struct sound *of, float gain)
{
    struct sound s = copy(of, 0, 0);

    for (size_t i = 0; i < s.n; i++)
        s.pcm[i] *= gain;
    return s;
}

/* ---- what is told ---- */

struct told {
    int warnings, notes;
    char lines[4000];
};

static void listen(void *user, echo_log_level level, const char *line)
{
    struct told *t = user;
    size_t at = strlen(t->lines);

    t->warnings += level == ECHO_LOG_WARNING;
    t->notes += level == ECHO_LOG_INFO;
    snprintf(t->lines + at, sizeof t->lines - at, "%s\n", line);
}

static struct told told_of(const struct sound *s, bool trim)
{
    struct finding_of of = { .name = "x", .gain = 1, .trim = trim };
    struct flat flat = { 0 };
    struct told told = { 0 };

    echo_flat_watch(&flat, s->pcm, s->n);
    of.about.clipped = echo_flat_is_clipped(&flat, RATE);
    CHECK(!echo_examine(&of.found, s->pcm, s->n, NULL));
    echo_findings(&of, listen, &told);
    return told;
}

/* One warning, with these words; words NULL: none. */
static void check_made(const char *name, struct sound s, const char *words)
{
    struct told told = told_of(&s, false);

    CHECK_SAY(told.warnings == (words ? 1 : 0) && (!words || strstr(told.lines, words)),
              "%s: %d warnings: %s", name, told.warnings, told.lines);
    free(s.pcm);
}

static void check_pairs(void)
{
    struct sound part = { joe.pcm + RATE / 2, joe.n - RATE / 2 };

    check_made("clean", copy(&joe, 0, 0), NULL);
    check_made("noise 10 dB below", noisy(&joe, 10), "x: noisy, ");
    check_made("noise 20 dB below", noisy(&joe, 20), NULL);
    check_made("cut at 0.4", clipped(&joe, 0.4f), "x: clipped, ");
    check_made("cut at 0.99", clipped(&joe, 0.99f), NULL);
    check_made("silence before", copy(&joe, 2 * RATE, 0), "silence at its ends, 2.");
    check_made("silence behind", copy(&joe, 0, 2 * RATE), "silence at its ends");
    check_made("a second of silence", copy(&joe, RATE, RATE), NULL);
    check_made("15 dB down", scaled(&joe, 0.178f), "very quiet");
    check_made("8 dB down", scaled(&joe, 0.4f), NULL);
    check_made("12 dB apart", turns(&joe, 6, 0.25f), "two levels, 1");
    check_made("6 dB apart", turns(&joe, 6, 0.5f), NULL);
    check_made("alike", turns(&joe, 6, 1), NULL);
    part.n = RATE / 2;
    check_made("half a second", copy(&part, 0, 0), "only 0.50 s of sound: ");
    part.n = RATE;
    check_made("a second", copy(&part, 0, 0), NULL);
}

/* A pause in the middle. */
static struct sound paused(double seconds)
{
    size_t half = joe.n / 2, pause = (size_t)(seconds * RATE);
    struct sound s = copy(&joe, 0, pause);

    memcpy(s.pcm + half + pause, joe.pcm + half, (joe.n - half) * sizeof *s.pcm);
    memset(s.pcm + half, 0, pause * sizeof *s.pcm);
    return s;
}

static void check_pauses(void)
{
    check_made("a pause of 8 s", paused(8), "most of it is silence");
    check_made("a pause of 1 s", paused(1), NULL);
}

/* Cut silence is told, too, but is no reason for a warning. */
static void check_notes(void)
{
    struct sound s = copy(&joe, 2 * RATE, 0);
    struct told told = told_of(&s, true);

    CHECK_SAY(!told.warnings && told.notes == 1 && strstr(told.lines, "it is cut"), "%s",
              told.lines);
    s.n = 4 * RATE; /* two of them sound */
    told = told_of(&s, true);
    CHECK_SAY(!told.warnings && told.notes == 2 && strstr(told.lines, "3 s or more"), "%s",
              told.lines);
    free(s.pcm);
}

/* Where the sound is; and what is shorter than anything that is measured. */
static void check_extent(void)
{
    struct sound s = copy(&joe, 2 * RATE, RATE);
    struct examined a, b;

    CHECK(!echo_examine(&a, joe.pcm, joe.n, NULL) && !echo_examine(&b, s.pcm, s.n, NULL));
    CHECK(labs((long)(b.sound.begin - a.sound.begin) - 2 * RATE) <= RATE / 50);
    CHECK(labs((long)(b.sound.end - a.sound.end) - 2 * RATE) <= RATE / 50);
    CHECK(b.samples == s.n && fabs(a.noise - b.noise) < 3);
    for (size_t n = 1; n < 2000; n += 441)
        CHECK(!echo_examine(&a, joe.pcm + RATE, n, NULL) && a.sound.end == n &&
              !a.sound.begin && a.noise == INFINITY && !a.apart);
    memset(s.pcm, 0, s.n * sizeof *s.pcm);
    CHECK(!echo_examine(&a, s.pcm, s.n, NULL) && a.level.swing == 0);
    free(s.pcm);
}

/* ---- flat tops ---- */

static void check_flat(void)
{
    float square[] = { 0.5f, 0.5f, 0.5f, 0.5f, -0.5f, -0.5f, -0.5f, -0.5f };
    float steps[] = { 0.1f, 0.1f, 0.1f, 0.1f, 0.2f, 0.2f, 0.2f, 0.2f, 0.3f, 0, 0, 0 };
    struct flat f = { 0 }, whole = { 0 }, parts = { 0 };
    struct sound s = clipped(&joe, 0.5f);

    for (int i = 0; i < 100; i++)
        echo_flat_watch(&f, square, 8);
    CHECK(f.high.tops == 100 && f.low.tops == 100 && echo_flat_is_clipped(&f, RATE));
    f = (struct flat){ 0 };
    for (int i = 0; i < 100; i++)
        echo_flat_watch(&f, steps, 12); /* only what is at the extreme counts */
    CHECK(!f.high.tops && !f.low.tops && !echo_flat_is_clipped(&f, RATE));
    echo_flat_watch(&whole, s.pcm, s.n);
    for (size_t i = 0; i < s.n; i += 100)
        echo_flat_watch(&parts, s.pcm + i, s.n - i < 100 ? s.n - i : 100);
    CHECK(whole.high.tops == parts.high.tops && whole.low.tops == parts.low.tops &&
          whole.high.tops > 3);
    free(s.pcm);
}

/* The clips that ship. */
static void check_clean(const char *models)
{
    const char *const names[] = { "alpha", "bright", "deep", "joe", "kumo" };

    for (int i = 0; i < 5; i++) {
        struct sound s;
        char path[600];
        float *pcm;

        snprintf(path, sizeof path, "%s/small/%s.wav", models, names[i]);
        if (!CHECK(!echo_audio_load(&pcm, &s.n, path, 0, NULL)))
            continue;
        s.pcm = pcm;
        check_made(names[i], copy(&s, 0, 0), NULL);
        if (!strcmp(names[i], "joe"))
            joe = copy(&s, 0, 0);
        echo_free(pcm);
    }
}

int main(int argc, char **argv)
{
    check_clean(argc > 1 ? argv[1] : "models");
    if (joe.n) {
        check_pairs();
        check_pauses();
        check_notes();
        check_extent();
        check_flat();
    }
    free(joe.pcm);
    return unit_report();
}

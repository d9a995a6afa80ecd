/* SPDX-License-Identifier: MIT */
/* test_join.c - pieces of sound to one: what stays as it is, what is cut, and no clicks. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/join.h"
#include "click.h"
#include "echotts.h"
#include "unit.h"

#define RATE   ECHO_SAMPLE_RATE
#define PIECES 6

struct part {
    float *pcm;
    size_t n;
    double pause_s;
};

struct joined {
    float *pcm;
    size_t n, calls, stop_after; /* calls; 0: never */
    size_t began[PIECES], ended[PIECES];
    struct join_level level[PIECES];
    bool settled[PIECES];
    bool good;
};

static bool collect(void *user, const float *pcm, size_t n)
{
    struct joined *out = user;

    out->pcm = realloc(out->pcm, (out->n + n) * sizeof *pcm);
    memcpy(out->pcm + out->n, pcm, n * sizeof *pcm);
    out->n += n;
    return ++out->calls != out->stop_after;
}

/* Join them, written `chunk` samples at a time. */
static struct joined join(const struct part *parts, int n, struct join_opts o, size_t chunk)
{
    struct joined out = { .good = true };
    struct joiner *j;

    o.audio = collect;
    o.user = &out;
    if (!CHECK((j = echo_joiner_open(&o)) != NULL))
        return out;
    for (int i = 0; i < n; i++) {
        for (size_t at = 0, some; at < parts[i].n; at += some) {
            some = parts[i].n - at < chunk ? parts[i].n - at : chunk;
            out.good &= echo_joiner_write(j, parts[i].pcm + at, some);
        }
        out.good &= echo_joiner_end_piece(j, parts[i].pause_s, i == n - 1);
        out.began[i] = echo_joiner_began(j);
        out.ended[i] = echo_joiner_ended(j);
        out.level[i] = echo_joiner_level(j);
        out.settled[i] = echo_joiner_is_settled(j);
    }
    CHECK(echo_joiner_samples(j) == out.n && !echo_joiner_failed(j));
    echo_joiner_close(&j);
    CHECK(!j);
    return out;
}

static void drop(struct joined *out)
{
    free(out->pcm);
    *out = (struct joined){ 0 };
}

static bool same(const struct joined *a, const struct joined *b)
{
    return a->n == b->n && (!a->n || !memcmp(a->pcm, b->pcm, a->n * sizeof *a->pcm));
}

/* ---- sounds ---- */

static float uniform(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (float)(*seed >> 8) / (1 << 23) - 1;
}

/* Noise with the high tones taken away, as speech has few of them; silence around it. */
static struct part noise(double lead, double loud, double tail, float level, uint32_t seed)
{
    size_t a = (size_t)(lead * RATE), b = (size_t)(loud * RATE), c = (size_t)(tail * RATE);
    struct part p = { .pcm = calloc(a + b + c + 1, sizeof(float)), .n = a + b + c };
    float y = 0, z = 0;

    for (size_t i = 0; i < b; i++) {
        y += 0.1f * (uniform(&seed) - y);
        z += 0.1f * (y - z);
        p.pcm[a + i] = 4 * level * z;
    }
    return p;
}

static struct part tone(double seconds, double hertz, double phase, float level)
{
    size_t n = (size_t)(seconds * RATE);
    struct part p = { .pcm = calloc(n + 1, sizeof(float)), .n = n };

    for (size_t i = 0; i < n; i++)
        p.pcm[i] = level * (float)sin(phase + 2 * 3.14159265358979 * hertz * i / RATE);
    return p;
}

static void release(struct part *parts, int n)
{
    for (int i = 0; i < n; i++)
        free(parts[i].pcm);
}

static double decibels(const float *pcm, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)pcm[i] * pcm[i];
    return 10 * log10(sum / (double)n + 1e-30);
}

static float peak(const float *pcm, size_t n)
{
    float most = 0;

    for (size_t i = 0; i < n; i++)
        most = fmaxf(most, fabsf(pcm[i]));
    return most;
}

static const size_t chunks[] = {
#ifndef __SANITIZE_ADDRESS__ /* where a call for each sample takes minutes */
    1,   7,
#endif
    441, 5000, 1000000,
};

#define CHUNKS (int)(sizeof chunks / sizeof *chunks)

/* ---- one piece ---- */

static void check_one(struct part p, struct join_opts o)
{
    for (int i = 0; i < CHUNKS; i++) {
        struct joined out = join(&p, 1, o, chunks[i]);
        size_t pause = (size_t)llround(p.pause_s * RATE);

        CHECK_SAY(out.n == p.n + pause &&
                      (!p.n || !memcmp(out.pcm, p.pcm, p.n * sizeof *p.pcm)),
                  "in chunks of %zu it is another", chunks[i]);
        CHECK(out.n == p.n + pause && (!pause || !peak(out.pcm + p.n, pause)));
        CHECK(out.good && out.began[0] == 0 && out.ended[0] == p.n && out.settled[0]);
        drop(&out);
    }
}

static void check_alone(void)
{
    struct join_opts o = { .match_levels = true };
    struct part parts[] = { noise(0.3, 1.5, 0.4, 0.5f, 1), noise(0, 0.01, 0, 0.5f, 2),
                            noise(1, 0, 0, 0, 3), tone(1, 440, 1, 0.9f), noise(0, 0, 0, 0, 4) };

    for (int i = 0; i < 5; i++)
        for (int k = 0; k < 4; k++) {
            o.hold_s = k & 1 ? 0.5 : 0;
            o.crossfade_s = k & 2 ? 0.25 : 0;
            parts[i].pause_s = 0.25 * k;
            check_one(parts[i], o);
        }
    release(parts, 5);
}

/* ---- silence and pauses ---- */

static void check_pauses(void)
{
    static const double pauses[] = { 0, 0.4, 0.123456, 2, 0.00001 };

    for (int i = 0; i < 5; i++) {
        struct part parts[] = { noise(0.5, 1, 1, 0.5f, 1), noise(0.5, 1, 1, 0.5f, 2) };
        size_t pause = (size_t)llround(pauses[i] * RATE);

        parts[0].pause_s = pauses[i];
        struct joined out = join(parts, 2, (struct join_opts){ 0 }, 3000);

        CHECK_SAY(out.began[1] - out.ended[0] == pause, "%zu samples for %g s",
                  out.began[1] - out.ended[0], pauses[i]);
        CHECK(!peak(out.pcm + out.ended[0], pause));
        /* the first keeps its beginning, the last its end: 60 and 20 ms lie between */
        CHECK(out.ended[0] >= (size_t)(1.5 * RATE) && out.ended[0] <= (size_t)(1.58 * RATE));
        size_t second = out.n - out.began[1];

        CHECK(second >= (size_t)(2 * RATE) && second <= (size_t)(2.035 * RATE));
        CHECK(out.n == out.ended[1]);
        drop(&out);
        release(parts, 2);
    }
}

/* Silence alone is a piece, too, but not a long one. */
static void check_silent(void)
{
    struct part parts[] = { noise(0, 1, 0, 0.5f, 1), noise(2, 0, 0, 0, 2), noise(0, 0, 0, 0, 3),
                            noise(0, 0.002, 0, 0.5f, 4), noise(0, 1, 0, 0.5f, 5) };

    for (int i = 0; i < 4; i++)
        parts[i].pause_s = 0.1;
    struct joined out = join(parts, 5, (struct join_opts){ .match_levels = true }, 1000);

    CHECK(out.good && out.ended[1] - out.began[1] <= (size_t)(0.061 * RATE));
    CHECK(out.ended[2] == out.began[2] && out.ended[3] - out.began[3] == parts[3].n);
    for (int i = 1; i < 5; i++)
        CHECK(out.began[i] - out.ended[i - 1] == RATE / 10);
    CHECK(click_find(out.pcm, out.n, 1) == out.n);
    drop(&out);
    release(parts, 5);
}

/* ---- levels ---- */

/* How much louder the second piece is than the first, in its middle. */
static double difference(const struct joined *out)
{
    size_t some = RATE / 2;

    return decibels(out->pcm + out->began[1] + some, RATE) - decibels(out->pcm + some, RATE);
}

static void check_levels(void)
{
    static const float factors[] = { 0.55f, 0.7f, 0.9f, 1, 1.2f, 1.8f };
    struct join_opts o = { .match_levels = true };

    for (int hold = 0; hold < 2; hold++, o.hold_s = 1) {
        for (int i = 0; i < 6; i++) {
            struct part parts[] = { noise(0, 2, 0, 0.3f, 1),
                                    noise(0.2, 2, 0, 0.3f * factors[i], 2) };
            struct joined out = join(parts, 2, o, 3000);

            CHECK_SAY(fabs(difference(&out)) < 1, "%g dB apart", difference(&out));
            drop(&out);
            release(parts, 2);
        }
        for (int i = 0; i < 2; i++) {
            float factor = i ? 8 : 1 / 8.0f;
            struct part parts[] = { noise(0, 2, 0, 0.1f, 1),
                                    noise(0, 2, 0, 0.1f * factor, 1) };
            struct joined out = join(parts, 2, o, 3000);
            double want = 20 * log10(factor) + (i ? -6 : 6);

            CHECK_SAY(fabs(difference(&out) - want) < 0.1, "%g dB apart, not %g",
                      difference(&out), want);
            drop(&out);
            release(parts, 2);
        }
    }
}

/* Nothing is changed where it was not asked for, or where little was heard. */
static void check_level_kept(void)
{
    for (int i = 0; i < 2; i++) {
        struct part parts[] = { noise(0, i ? 0.4 : 2, 0, 0.4f, 1), noise(0, 2, 0, 0.2f, 2) };
        struct joined out = join(parts, 2, (struct join_opts){ .match_levels = i }, 3000);

        CHECK(!memcmp(out.pcm + out.began[1] + 1000, parts[1].pcm + 1000,
                      80000 * sizeof(float)));
        drop(&out);
        release(parts, 2);
    }
}

/* A quiet piece with one loud sample, at once and after its level was judged; in its last
 * samples, too, which are no whole window. */
static void check_peaks(void)
{
    static const size_t places[] = { 20000, 80000, 2 * RATE - 300 };
    struct join_opts o = { .match_levels = true };

    for (int i = 0; i < 6; i++) {
        struct part parts[] = { noise(0, 2, 0, 0.4f, 1), noise(0, 2, 0, 0.2f, 2) };

        parts[1].pcm[places[i % 3]] = 0.7f;
        parts[1].pcm[places[i % 3] + 100] = -0.99f;
        o.hold_s = i < 3 ? 0 : 1;
        struct joined out = join(parts, 2, o, 2000);

        CHECK_SAY(peak(out.pcm, out.n) <= 0.99f, "hold %g s: a peak of %g", o.hold_s,
                  (double)peak(out.pcm, out.n));
        parts[1].pcm[places[i % 3] + 100] = 0;
        struct joined lower = join(parts, 2, o, 2000);

        CHECK(peak(lower.pcm, lower.n) <= 0.981f && peak(lower.pcm, lower.n) >= 0.69f);
        drop(&out);
        drop(&lower);
        release(parts, 2);
    }
}

/* ---- crossfades ---- */

static void check_crossfade(void)
{
    for (int hold = 0; hold < 2; hold++) {
        struct part parts[] = { noise(0, 2, 0, 0.4f, 1), noise(0, 2, 0, 0.4f, 2),
                                noise(0, 0.15, 0, 0.4f, 3), noise(0, 2, 0, 0.4f, 4) };
        struct join_opts o = { .crossfade_s = 0.1, .hold_s = hold };
        struct joined out = join(parts, 2, o, 3000);
        double loud = decibels(parts[0].pcm, parts[0].n);

        CHECK_SAY(out.n == parts[0].n + parts[1].n - RATE / 10, "%zu samples", out.n);
        CHECK(!out.settled[0] && out.settled[1]);
        CHECK(out.ended[0] == parts[0].n && out.began[1] == parts[0].n - RATE / 10);
        for (int i = 0; i < 4; i++) { /* the fades weigh little there */
            double now = decibels(out.pcm + out.began[1] + RATE / 80 + i * RATE / 60,
                                  RATE / 60);

            CHECK_SAY(fabs(now - loud) < 2, "%g dB in the overlap, %g dB elsewhere", now, loud);
        }
        CHECK(click_find(out.pcm, out.n, 1) == out.n);
        drop(&out);
        out = join(parts, 4, o, 3000); /* a piece that is all overlap */
        CHECK(out.good && click_find(out.pcm, out.n, 1) == out.n);
        drop(&out);
        parts[0].pause_s = 0.01; /* no overlap over a pause */
        out = join(parts, 2, o, 3000);
        CHECK(out.n == parts[0].n + parts[1].n + RATE / 100);
        drop(&out);
        release(parts, 4);
    }
}

/* ---- the same bytes ---- */

static void check_chunks(void)
{
    struct part parts[] = { noise(0.1, 1.3, 0.3, 0.4f, 1), noise(0.25, 2.1, 0.1, 0.25f, 2),
                            noise(0.7, 0, 0, 0, 3), noise(0, 1.7, 0, 0.6f, 4),
                            noise(0.01, 0.2, 0.01, 0.3f, 5), noise(0.1, 1.4, 0.5, 0.2f, 6) };
    static const double holds[] = { 0, 0.5, 1 }, fades[] = { 0, 0.03, 0.3 };

    parts[1].pause_s = 0.3;
    for (int k = 0; k < 9; k++) {
        struct join_opts o = { .match_levels = true, .hold_s = holds[k % 3],
                               .crossfade_s = fades[k / 3] };
        struct joined want = join(parts, 6, o, 1 << 20);

        for (int i = 0; i < CHUNKS - 1; i++) {
            struct joined now = join(parts, 6, o, chunks[i]);

            CHECK_SAY(same(&want, &now),
                      "hold %g s, crossfade %g s, chunks of %zu: other bytes", o.hold_s,
                      o.crossfade_s, chunks[i]);
            CHECK(!memcmp(want.began, now.began, sizeof want.began));
            drop(&now);
        }
        drop(&want);
    }
    release(parts, 6);
}

/* A joiner that goes on after any piece makes the rest as it would have been. */
static void check_resuming(void)
{
    struct part parts[] = { noise(0.1, 1.3, 0.3, 0.4f, 1), noise(0.25, 2.1, 0.1, 0.25f, 2),
                            noise(0.7, 0, 0, 0, 3), noise(0, 1.7, 0, 0.6f, 4),
                            noise(0.1, 1.4, 0.5, 0.2f, 6) };

    for (int k = 0; k < 4; k++) {
        struct join_opts o = { .match_levels = true, .hold_s = k & 1 ? 0.5 : 0,
                               .crossfade_s = k & 2 ? 0.05 : 0 };

        for (int i = 0; i < 4; i++)
            parts[i].pause_s = k & 2 && i != 1 ? 0 : 0.2;
        struct joined whole = join(parts, 5, o, 3000);

        o.goes_on = true;
        for (int i = 0; i < 4; i++) {
            size_t at = whole.began[i + 1];

            CHECK(whole.settled[i] == !(k & 2 && i != 1));
            if (!whole.settled[i])
                continue;
            o.level = whole.level[i];
            struct joined rest = join(parts + i + 1, 4 - i, o, 2000);

            CHECK_SAY(rest.n == whole.n - at && !memcmp(rest.pcm, whole.pcm + at,
                                                        rest.n * sizeof(float)),
                      "after piece %d it goes on otherwise", i);
            drop(&rest);
        }
        drop(&whole);
    }
    release(parts, 5);
}

static void check_stopping(void)
{
    struct part parts[] = { noise(0, 1, 0.2, 0.4f, 1), noise(0, 1, 0.2, 0.4f, 2) };

    for (size_t stop = 1; stop < 50; stop += 6) {
        struct joined out = { .stop_after = stop };
        struct join_opts o = { .hold_s = 0.3, .match_levels = true, .crossfade_s = 0.02,
                               .audio = collect, .user = &out };
        struct joiner *j = echo_joiner_open(&o);
        bool good = echo_joiner_silence(j, 0.2);

        for (int i = 0; i < 2; i++) {
            for (size_t at = 0; at + 2000 <= parts[i].n; at += 2000)
                good = echo_joiner_write(j, parts[i].pcm + at, 2000);
            good = echo_joiner_end_piece(j, 0.3, i);
        }
        CHECK_SAY(out.calls == stop && !good, "%zu calls, not %zu", out.calls, stop);
        CHECK(!echo_joiner_silence(j, 0.1) && !echo_joiner_write(j, parts[0].pcm, 10));
        CHECK(out.calls == stop && !echo_joiner_failed(j));
        echo_joiner_close(&j);
        drop(&out);
    }
    release(parts, 2);
}

/* ---- clicks ---- */

/* The detector finds what is planted, and nothing else. */
static void check_detector(void)
{
    struct part sounds[] = { tone(0.5, 300, 0, 0.5f), noise(0.1, 0.4, 0, 0.5f, 1),
                             tone(0.5, 3000, 0.4, 0.5f) };

    for (size_t i = 1; i < 441; i++)
        sounds[1].pcm[4410 + i - 1] *= (float)i / 441;
    for (int i = 0; i < 3; i++) {
        size_t n = sounds[i].n, at = 12345;

        CHECK(click_find(sounds[i].pcm, n, 1) == n);
        if (i == 2)
            continue; /* a step in a high tone is hidden by it */
        for (size_t k = at; k < n; k++)
            sounds[i].pcm[k] += 0.25f;
        size_t found = click_find(sounds[i].pcm, n, 1);

        CHECK_SAY(found >= at - 2 && found <= at + 2, "a step is found at %zu", found);
        memset(sounds[i].pcm + at, 0, (n - at) * sizeof(float));
        sounds[i].pcm[at - 1] = 0.3f;
        found = click_find(sounds[i].pcm, n, 1);
        CHECK_SAY(found >= at - 2 && found <= at + 2, "a cut is found at %zu", found);
    }
    release(sounds, 3);
    struct part t = tone(0.5, 440, 0, 0.7f); /* a few samples of a tone are missing */

    memmove(t.pcm + 10000, t.pcm + 10050, (t.n - 10050) * sizeof(float));
    CHECK(click_find(t.pcm, t.n - 50, 1) - 9998 < 4);
    release(&t, 1);
}

/* Pieces that begin and end at full level, in the middle of a swing. */
static void check_clicks(void)
{
    struct part parts[] = { tone(1.1, 230, 0.3, 0.7f), tone(0.9, 330, 1.5, 0.4f),
                            noise(0, 1.2, 0, 0.8f, 3), tone(1.0003, 120, 2, 0.9f),
                            noise(0, 0.7, 0, 0.5f, 4), tone(0.8, 440, 1.1, 0.6f) };

    for (int k = 0; k < 16; k++) {
        struct join_opts o = { .match_levels = k & 1, .hold_s = k & 2 ? 0.4 : 0,
                               .crossfade_s = k & 4 ? 0.03 : 0 };

        for (int i = 0; i < 5; i++)
            parts[i].pause_s = k & 8 ? 0.2 : 0;
        for (int i = 0; i < CHUNKS; i += 2) {
            struct joined out = join(parts, 6, o, chunks[i]);
            size_t click = click_find(out.pcm, out.n, 1);

            CHECK_SAY(click == out.n, "options %d: a click at %zu of %zu; pieces begin at %zu, "
                      "%zu, %zu", k, click, out.n, out.began[1], out.began[2], out.began[3]);
            drop(&out);
        }
    }
    release(parts, 6);
}

/* ---- overlaps: both are heard ---- */

/* The pieces as they sound one after the other, each moved to where it began: added up. */
static float *added(const struct joined *apart, const struct joined *out, int n)
{
    float *sum = calloc(out->n + 1, sizeof *sum);

    for (int i = 0; i < n; i++) {
        size_t length = apart->ended[i] - apart->began[i];

        if (CHECK(out->began[i] + length <= out->n))
            for (size_t k = 0; k < length; k++)
                sum[out->began[i] + k] += apart->pcm[apart->began[i] + k];
    }
    return sum;
}

/* The last may be a short one, which is all overlap: ends meet then. */
static void check_overlap_of(double last, double overlap, bool hold)
{
    struct part parts[] = { noise(0, 2, 0.5, 0.2f, 1), noise(0.3, last, 0.3, 0.2f, 2),
                            noise(0, 1.5, 0, 0.2f, 3) };
    struct join_opts o = { .overlap_s = overlap, .hold_s = hold };
    struct joined apart, out;

    apart = join(parts, 3, (struct join_opts){ .hold_s = hold }, 3000);
    parts[0].pause_s = parts[1].pause_s = -overlap;
    for (int c = 0; c < CHUNKS; c++) {
        out = join(parts, 3, o, chunks[c]);
        size_t asked = (size_t)llround(overlap * RATE), n = apart.ended[1] - apart.began[1];
        size_t first = asked < n ? asked : n, second = asked < n - first ? asked : n - first;
        float *sum = added(&apart, &out, 3);

        CHECK_SAY(out.ended[0] - out.began[1] == first && out.ended[1] - out.began[2] == second,
                  "overlaps of %zu and %zu, expected %zu and %zu", out.ended[0] - out.began[1],
                  out.ended[1] - out.began[2], first, second);
        CHECK(out.n == apart.n - first - second && out.n == out.ended[2]);
        size_t same = 0;

        while (same < out.n && sum[same] == out.pcm[same])
            same++;
        CHECK_SAY(same == out.n, "sample %zu of %zu is not the sum", same, out.n);
        CHECK(click_find(out.pcm, out.n, 1) == out.n);
        CHECK(out.settled[0] == !first && out.settled[1] == !second && out.settled[2]);
        free(sum);
        drop(&out);
    }
    drop(&apart);
    release(parts, 3);
}

/* Two loud ones stay below full scale, without a click where they meet. */
static void check_loud_overlap(void)
{
    struct part parts[] = { tone(1, 230, 0.3, 0.9f), tone(1, 330, 0, 0.7f) };
    struct join_opts o = { .overlap_s = 0.5 };

    parts[0].pause_s = -0.5;
    struct joined out = join(parts, 2, o, 3000);

    CHECK_SAY(peak(out.pcm, out.n) > 0.9f && peak(out.pcm, out.n) <= 0.98f, "a peak of %g",
              (double)peak(out.pcm, out.n));
    CHECK(click_find(out.pcm, out.n, 1) == out.n);
    CHECK(!memcmp(out.pcm, parts[0].pcm, out.began[1] * sizeof(float)));
    drop(&out);
    release(parts, 2);
}

static void check_overlaps(void)
{
    for (int hold = 0; hold < 2; hold++) {
        check_overlap_of(2, 0.25, hold);
        check_overlap_of(2, 1.3, hold);
        check_overlap_of(0.4, 1, hold);
        check_overlap_of(0.4, 0.3, hold);
    }
    check_loud_overlap();
}

int main(void)
{
    check_alone();
    check_pauses();
    check_silent();
    check_levels();
    check_level_kept();
    check_peaks();
    check_crossfade();
    check_overlaps();
    check_chunks();
    check_resuming();
    check_stopping();
    check_detector();
    check_clicks();
    return unit_report();
}

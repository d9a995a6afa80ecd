/* SPDX-License-Identifier: MIT */
/* test_pace.c - how many frames a text takes, and how large the blocks of a stream are. */
#include <math.h>
#include <string.h>

#include "engine/blocks.h"
#include "engine/pace.h"
#include "unit.h"

#define FRAME_S (2048.0 / ECHO_SAMPLE_RATE)

/* ---- paces ---- */

static struct settings some_settings(void)
{
    struct settings s = { .frames_per_byte = 1.4f, .frames_margin = 20,
                          .max_sequence_length = 256 };

    return s;
}

static void check_frames(void)
{
    struct settings s = some_settings();
    struct pace p = { 0 };

    CHECK(echo_pace_frames(NULL, &s, 100) == 160 && echo_pace_frames(&p, &s, 100) == 160);
    CHECK(echo_pace_frames(NULL, &s, 0) == 20);
    CHECK(echo_pace_frames(NULL, &s, 5000) == ECHO_MAX_FRAMES);
    CHECK(echo_pace_expected(NULL, &s, 100) > 100 && echo_pace_expected(NULL, &s, 100) < 140);
    for (int frames = 30; frames < 600; frames++) {
        int weight = echo_pace_fits(NULL, &s, frames);

        CHECK_SAY(echo_pace_frames(NULL, &s, weight) <= frames, "%d frames, weight %d", frames,
                  weight);
    }
    CHECK(echo_pace_fits(NULL, &s, 1) == 1);
    CHECK(echo_pace_fits(NULL, &s, 100000) == ECHO_MAX_TEXT);
}

static void check_hearing(void)
{
    struct settings s = some_settings();
    struct pace p = { 0 };
    float before;

    echo_pace_heard(&p, 10, 30); /* too short to say anything */
    echo_pace_heard(&p, 100, 0);
    CHECK(!p.heard);
    echo_pace_heard(&p, 100, 100);
    CHECK(p.heard == 1 && p.slowest == 1);
    CHECK(echo_pace_frames(&p, &s, 100) < echo_pace_frames(NULL, &s, 100));
    CHECK(echo_pace_frames(&p, &s, 100) > 100);
    echo_pace_heard(&p, 100, 130); /* slower counts at once */
    CHECK(p.slowest == 1.3f);
    before = p.slowest;
    for (int i = 0; i < 100; i++) { /* faster little by little */
        echo_pace_heard(&p, 100, 90);
        CHECK(p.slowest < before || fabsf(p.slowest - 0.9f) < 1e-5f);
        CHECK(p.slowest > 0.9f - 1e-5f && before - p.slowest < 0.05f);
        before = p.slowest;
    }
    CHECK(fabsf(p.slowest - 0.9f) < 1e-3f);
    CHECK(fabs(echo_pace_expected(&p, &s, 200) - 180) < 1);
}

/* A voice that is heard again keeps its pace; of many, the last eight are known. */
static void check_voices(void)
{
    struct pace paces[PACES] = { 0 };

    for (uint64_t v = 1; v <= PACES; v++)
        echo_pace_heard(echo_pace_of(paces, v), 100, 100 + (int)v);
    for (uint64_t v = 1; v <= PACES; v++)
        CHECK(echo_pace_of(paces, v)->slowest == (float)(100 + v) / 100);
    CHECK(echo_pace_of(paces, 3)->heard == 1);
    CHECK(echo_pace_of(paces, 99)->heard == 0); /* 1 is gone */
    CHECK(echo_pace_of(paces, 2)->heard == 1 && echo_pace_of(paces, 3)->heard == 1);
    CHECK(echo_pace_of(paces, 1)->heard == 0);
    CHECK(echo_pace_of(paces, 3) == &paces[0] && paces[0].speaker == 3);
}

/* ---- blocks ---- */

/* A stream as a listener has it: what is made, and what has been played. */
struct stream {
    struct blocks b;
    double now, first_sound, made_s; /* clocks; seconds of sound */
    double starved;                  /* of silence within it */
    int sizes[200], n;
};

/* Make frames at this cost each, until all are made. */
static void play(struct stream *t, int frames, double cost)
{
    while (frames && t->n < 200) {
        double ahead = t->first_sound ? t->made_s - (t->now - t->first_sound) : 0;
        int size = echo_blocks_next(&t->b, frames, ahead, t->now);

        if (!CHECK_SAY(size >= 1 && size <= frames, "%d of %d frames", size, frames))
            return;
        t->sizes[t->n++] = size;
        t->now += size * cost;
        ahead = t->first_sound ? t->made_s - (t->now - t->first_sound) : 0;
        if (ahead < 0) {
            t->starved -= ahead;
            t->first_sound -= ahead; /* it is played that much later */
        }
        if (!t->first_sound)
            t->first_sound = t->now;
        t->made_s += size * FRAME_S;
        frames -= size;
    }
}

static const echo_list none;

static struct stream stream_of(int first)
{
    return (struct stream){ .b = { .given = &none, .first = first, .frame_s = FRAME_S },
                            .now = 1000 };
}

/* Fast enough means: no silence, larger and larger blocks, and none much below the first. */
static void check_playback(void)
{
    for (int first = 16; first <= 64; first *= 2)
        for (int percent = 2; percent < 100; percent += 7)
            for (int frames = 1; frames <= 640; frames += 13) {
                struct stream t = stream_of(first);

                play(&t, frames, FRAME_S * percent / 100);
                CHECK_SAY(t.starved < 1e-9, "%d %%, %d frames: silence of %g s", percent,
                          frames, t.starved);
                CHECK(t.sizes[0] >= (frames < first ? frames : first));
                CHECK_SAY(t.sizes[0] < 2 * first, "a first block of %d frames", t.sizes[0]);
                for (int i = 0; i < t.n; i++)
                    CHECK_SAY(t.sizes[i] >= (frames < first ? frames : first / 2),
                              "%d frames: block %d of %d has %d", frames, i, t.n, t.sizes[i]);
            }
}

static void check_growth(void)
{
    struct stream t = stream_of(32);

    play(&t, 640, FRAME_S * 0.2);
    CHECK_SAY(t.n <= 4 && t.sizes[0] == 32 && t.sizes[1] > 32 && t.sizes[2] > t.sizes[1],
              "%d blocks", t.n);
    t = stream_of(32);
    play(&t, 640, FRAME_S * 0.95); /* it just keeps up */
    CHECK(t.n >= 10 && t.sizes[5] == 32);
    t = stream_of(32);
    play(&t, 640, FRAME_S * 2); /* it does not: few large blocks end sooner */
    CHECK_SAY(t.n <= 5 && t.sizes[2] >= 2 * t.sizes[1], "%d blocks", t.n);
}

/* The pieces of a text: what is between them is no block's work, and sizes go on growing. */
static void check_pieces(void)
{
    struct stream t = stream_of(16);
    double cost;

    play(&t, 100, FRAME_S * 0.3);
    echo_blocks_pause(&t.b, t.now);
    cost = t.b.cost;
    CHECK_SAY(fabs(cost - FRAME_S * 0.3) < 1e-9, "%g s a frame, not %g", cost, FRAME_S * 0.3);
    t.now += 0.5;
    for (int i = 0; i < 20; i++) {
        play(&t, 150, FRAME_S * 0.3);
        echo_blocks_pause(&t.b, t.now);
        CHECK(fabs(t.b.cost - cost) < 1e-9);
        t.now += 0.05;
    }
    CHECK(t.starved == 0 && t.sizes[t.n - 1] == 150);
}

static void check_given(void)
{
    static const echo_list given = { 3, { 5, 20, 9 } };
    static const int want[] = { 5, 20, 9, 9, 7, 9, 9, 2 };
    struct blocks b = { .given = &given, .first = 32, .frame_s = FRAME_S };
    int made = 0;

    for (int i = 0; i < 8; i++) {
        int left = (i < 5 ? 50 : 70) - made; /* two pieces */
        int size = echo_blocks_next(&b, left, 100 * i, i);

        CHECK_SAY(size == want[i], "block %d has %d frames", i, size);
        made += size;
    }
}

int main(void)
{
    check_frames();
    check_hearing();
    check_voices();
    check_playback();
    check_growth();
    check_pieces();
    check_given();
    return unit_report();
}

/* SPDX-License-Identifier: MIT */
/* test_speech_end.c - where speech ends, and whether it begins again behind that. */
#include <string.h>

#include "model/speech_end.h"
#include "unit.h"

enum { SIZE = 80,
       FRAMES = 100 };

static float latent[FRAMES][SIZE];

/* Frames whose numbers deviate by so much, around zero. */
static void fill(int first, int n, float deviation)
{
    for (int i = first; i < first + n; i++)
        for (int k = 0; k < SIZE; k++)
            latent[i][k] = k % 2 ? deviation : -deviation;
}

static int end(bool complete)
{
    return echo_speech_end(&latent[0][0], 0, FRAMES, SIZE, complete);
}

static int again(int from)
{
    return echo_speech_again(&latent[0][0], from, FRAMES, SIZE);
}

/* Frames that are settled stay so: no end comes before them, whatever follows. */
static void check_settled(void)
{
    unsigned seed = 1;

    for (int round = 0; round < 200; round++) {
        int made = 1 + round % FRAMES, settled;

        for (int i = 0; i < FRAMES; i++) {
            seed = seed * 1103515245u + 12345u;
            fill(i, 1, seed >> 16 & 3 ? 0.01f : 0.3f);
        }
        settled = echo_speech_settled(&latent[0][0], 0, made, SIZE);
        CHECK(settled >= 0 && settled <= made);
        for (int rest = 0; rest < 3; rest++) {
            int found;

            fill(made, FRAMES - made, rest * 0.02f);
            found = end(true);
            CHECK_SAY(found < 0 || found >= settled, "%d settled of %d, an end at %d", settled,
                      made, found);
        }
    }
    fill(0, FRAMES, 1);
    CHECK(echo_speech_settled(&latent[0][0], 0, 10, SIZE) == 10); /* speech never waits */
    fill(6, 4, 0);
    CHECK(echo_speech_settled(&latent[0][0], 0, 10, SIZE) == 6); /* a pause may be the end */
}

int main(void)
{
    check_settled();
    fill(0, FRAMES, 1);
    CHECK(end(true) == -1 && end(false) == -1); /* to the last frame */
    fill(FRAMES - 1, 1, 0);
    CHECK(end(true) == FRAMES - 1 && end(false) == -1); /* zeros go on behind */
    fill(50, 50, 0.01f);
    CHECK(end(true) == 50 && end(false) == 50 && again(50) == -1);

    fill(75, 4, 1); /* a syllable behind a pause */
    CHECK(end(true) == 50 && again(50) == 75);
    fill(78, 1, 0); /* a click is none, nor are two */
    fill(85, 3, 1);
    CHECK(again(50) == -1);
    fill(FRAMES - 4, 4, 0.5f);
    CHECK(again(50) == FRAMES - 4 && again(FRAMES - 3) == -1);

    /* The limits of a flat window are not loud, by a little. */
    fill(50, 50, 0.22f);
    CHECK(again(50) == -1);
    fill(50, 50, 0.23f);
    CHECK(again(50) == 50);
    return unit_report();
}

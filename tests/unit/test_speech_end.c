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

int main(void)
{
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

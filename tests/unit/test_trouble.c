/* SPDX-License-Identifier: MIT */
/* test_trouble.c - speech that is not all there, or more than was kept, over made latents. */
#include <string.h>

#include "engine/trouble.h"
#include "unit.h"

#define SIZE 8

/* Speech is loud from `again` on, a frame or -1; the rest does not matter. */
static void check(const char *want, int bytes, int letters, int start, int again,
                  echo_stats stats)
{
    static float latent[ECHO_MAX_FRAMES * SIZE];
    echo_model m = { 0 };
    echo_session s = { .model = &m, .latent = latent, .stats = stats };

    m.dit.latent = SIZE;
    m.codec.frame_samples = 2048;
    m.settings.max_sequence_length = 224;
    memset(latent, 0, sizeof latent);
    for (int i = again; i >= 0 && i < stats.frames; i++)
        for (int c = 0; c < SIZE; c++)
            latent[i * SIZE + c] = c & 1 ? 1 : -1;
    struct trouble t = echo_find_trouble(&s, bytes, letters, start);

    CHECK_SAY(want ? t.kind && strstr(t.line, want) : !t.kind && !*t.line, "%s: '%s'",
              want ? want : "nothing", t.line);
}

int main(void)
{
    echo_stats ended = { .frames = 96, .kept = 73, .ended = true };
    echo_stats open = { .frames = 96, .kept = 96 };
    echo_stats wide = { .frames = 224, .kept = 224 };
    echo_stats none = { .frames = 48, .kept = 8, .ended = true };

    check(NULL, 60, 45, 0, -1, ended);
    check("ends after 73 of 96 frames, so words may be missing: the text has 204 bytes, which "
          "take about 204 to 388 frames; give a larger sequence_length, or split the text",
          204, 150, 0, -1, ended);
    check("goes on to the last of the 96 frames, so its end may be", 60, 45, 0, -1, open);
    check("; try another seed", 40, 30, 0, -1, open);
    check("; split the text", 300, 220, 0, -1, wide);
    check("seems to go on at 4.2 s, behind the pause at 3.4 s", 60, 45, 0, 90, ended);
    check("seems to go on", 60, 45, 0, 76, ended);
    check(NULL, 60, 45, 0, 93, ended); /* three frames are no syllable */
    check("made no speech", 40, 30, 8, -1, none);
    check("so words may be said twice", 10, 7, 0, -1,
          (echo_stats){ .frames = 224, .kept = 120, .ended = true });
    return unit_report();
}

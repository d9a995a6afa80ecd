/* SPDX-License-Identifier: MIT */
/*
 * test_player.c - the player over a PortAudio that is ours (tests/cli/fake_portaudio.c), every
 * way it can go.  With the word "broken", over a library that is none.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/player.h"
#include "unit.h"

enum { SECOND = ECHO_SAMPLE_RATE };

static float sound[40 * SECOND];
static char record[] = "/tmp/echotts-player-XXXXXX";

static void set(const char *fail, const char *speed, const char *channels)
{
    setenv("FAKE_PORTAUDIO_FAIL", fail, 1);
    setenv("FAKE_PORTAUDIO_SPEED", speed, 1);
    setenv("FAKE_PORTAUDIO_CHANNELS", channels, 1);
}

static void pause_for(double seconds)
{
    nanosleep(&(struct timespec){ .tv_sec = (time_t)seconds,
                                  .tv_nsec = (long)((seconds - (int)seconds) * 1e9) },
              NULL);
}

/* The recording: its first channel, without zeros at the end.  No sample of `sound` is 0. */
static size_t recorded(float *out, size_t most, int channels, bool *same)
{
    FILE *f = fopen(record, "rb");
    float frame[2];
    size_t n = 0, used = 0;

    *same = true;
    while (f && n < most && fread(frame, sizeof *frame * (size_t)channels, 1, f) == 1) {
        *same = *same && (channels == 1 || frame[0] == frame[1]);
        out[n++] = frame[0];
        if (frame[0] != 0)
            used = n;
    }
    if (f)
        fclose(f);
    return used;
}

/* Without the zeros in the middle; returns how many were left out. */
static size_t drop_silence(float *pcm, size_t *n)
{
    size_t kept = 0, all = *n;

    for (size_t i = 0; i < all; i++)
        if (pcm[i] != 0)
            pcm[kept++] = pcm[i];
    *n = kept;
    return all - kept;
}

static bool is_sound(const float *pcm, size_t n, size_t wanted)
{
    return n == wanted && !memcmp(pcm, sound, n * sizeof *pcm);
}

/* ---- it plays ---- */

static void test_all_arrives(const char *channels, size_t length, size_t piece)
{
    float *got = malloc(sizeof sound);
    struct player *p = NULL;
    echo_error err = { 0 };
    bool same, wrote = true;
    size_t n;

    set("", "40", channels);
    CHECK_SAY(!player_open(&p, NULL, &err), "%s", err.text);
    for (size_t i = 0; i < length; i += piece)
        wrote = wrote && player_write(p, sound + i, i + piece < length ? piece : length - i);
    CHECK(wrote);
    CHECK_SAY(!player_finish(&p, &err), "%s", err.text);
    CHECK(!p);
    n = recorded(got, 40 * SECOND, atoi(channels), &same);
    CHECK(same);
    CHECK_SAY(is_sound(got, n, length), "%zu samples of %zu, in pieces of %zu", n, length,
              piece);
    free(got);
}

/* More than the ring holds: the writer has to wait, and everything arrives in order. */
static void test_waits(void)
{
    struct player *p = NULL;
    echo_error err = { 0 };
    double began = clock_now();

    set("", "20", "1");
    CHECK(!player_open(&p, NULL, &err));
    CHECK(player_write(p, sound, 40 * SECOND));
    CHECK(player_ahead(p) > 25 && player_ahead(p) <= 30);
    CHECK(clock_now() - began > 0.3); /* 10 s of sound at 20 times their speed, nearly */
    player_abort(&p);
    player_abort(&p); /* of nothing */
    test_all_arrives("1", 40 * SECOND, 40 * SECOND);
}

static void test_quiet_before_start(void)
{
    struct player *p = NULL;
    echo_error err = { 0 };

    unlink(record);
    set("", "1", "2");
    CHECK(!player_open(&p, NULL, &err));
    CHECK(player_write(p, sound, SECOND / 20));
    pause_for(0.1);
    CHECK(player_ahead(p) == 0.05);
    CHECK(access(record, F_OK) != 0);
    CHECK(!player_finish(&p, &err));
    CHECK(access(record, F_OK) == 0);

    unlink(record);
    CHECK(!player_open(&p, NULL, &err)); /* nothing at all is to be played */
    CHECK(!player_finish(&p, &err) && !p);
    CHECK(access(record, F_OK) != 0);
}

/* ---- it runs out ---- */

static void test_starves(void)
{
    float *got = malloc(sizeof sound);
    struct player *p = NULL;
    echo_error err = { 0 };
    double seconds;
    bool same;
    size_t n, silence;

    set("", "4", "2");
    CHECK(!player_open(&p, NULL, &err));
    CHECK(player_starved(p, NULL) == 0);
    for (int i = 0; i < 3; i++) {
        CHECK(player_write(p, sound + i * SECOND / 2, SECOND / 2));
        pause_for(0.3); /* 0.5 s of sound take 0.125 */
    }
    CHECK(player_write(p, sound + 3 * SECOND / 2, 100)); /* less than begins by itself */
    CHECK(!player_drain(p, &err));
    CHECK_SAY(player_starved(p, &seconds) == 3, "%d", player_starved(p, &seconds));
    CHECK(!player_finish(&p, &err));
    n = recorded(got, 40 * SECOND, 2, &same);
    silence = drop_silence(got, &n);
    CHECK(is_sound(got, n, 3 * SECOND / 2 + 100));
    CHECK_SAY(silence == (size_t)(seconds * SECOND + 0.5), "%zu, %.1f", silence,
              seconds * SECOND);
    CHECK(seconds > 0.5 && seconds < 20);
    free(got);
}

/* Silence behind the last sample is the end, however late the end is told. */
static void test_end_is_no_gap(void)
{
    struct player *p = NULL;
    echo_error err = { 0 };
    double seconds;

    set("", "10", "2");
    CHECK(!player_open(&p, NULL, &err));
    CHECK(player_write(p, sound, SECOND));
    pause_for(0.3);
    CHECK(!player_drain(p, &err));
    CHECK(player_starved(p, &seconds) == 0 && seconds == 0);
    CHECK(!player_finish(&p, &err));
}

/* ---- it is told to stop ---- */

static atomic_int looks;

static bool stops_soon(void)
{
    return atomic_fetch_add(&looks, 1) > 5;
}

static void test_stops(void)
{
    struct player *p = NULL;
    echo_error err = { 0 };
    double began = clock_now();

    set("", "1", "2");
    looks = 0;
    CHECK(!player_open(&p, stops_soon, &err));
    CHECK(!player_write(p, sound, 40 * SECOND));
    CHECK(!player_write(p, sound, 1));
    CHECK(player_finish(&p, &err) == ECHO_ERR_CANCELLED && !p);
    CHECK(!strcmp(err.text, "stopped"));
    CHECK(!player_open(&p, stops_soon, &err));
    looks = 0;
    CHECK(player_write(p, sound, 20 * SECOND)); /* and while it plays the rest */
    CHECK(player_finish(&p, &err) == ECHO_ERR_CANCELLED);
    CHECK(!player_open(&p, NULL, &err));
    CHECK(player_write(p, sound, 20 * SECOND));
    player_abort(&p);
    CHECK(!p && clock_now() - began < 1.5);
}

/* ---- it fails ---- */

static void test_refused(const char *how, const char *line)
{
    struct player *p = NULL;
    echo_error err = { 0 };
    char why[256];
    bool early = !strcmp(how, "init") || !strcmp(how, "device");

    set(how, "1", "2");
    CHECK(player_available(why, sizeof why) == !early);
    CHECK_SAY(!early == !strstr(why, line), "%s: %s", how, why);
    CHECK(player_open(&p, NULL, &err) == ECHO_ERR_DEVICE && !p);
    CHECK_SAY(strstr(err.text, line) && strstr(err.text, "-o FILE"), "%s: %s", how, err.text);
}

static void test_fails_later(const char *how, const char *line)
{
    struct player *p = NULL;
    echo_error err = { 0 };
    double began = clock_now();

    set(how, "10", "2");
    CHECK(!player_open(&p, NULL, &err));
    if (player_write(p, sound, 20 * SECOND))
        CHECK_SAY(player_drain(p, &err) == ECHO_ERR_DEVICE, "%s", how);
    CHECK(!player_write(p, sound, SECOND));
    CHECK(player_finish(&p, &err) == ECHO_ERR_DEVICE && !p);
    CHECK_SAY(strstr(err.text, line) != NULL, "%s: %s", how, err.text);
    CHECK(clock_now() - began < 6);
}

static void test_failures(void)
{
    test_refused("init", "Internal PortAudio error");
    test_refused("device", "there is no sound card");
    test_refused("open", "fake loudspeaker: Device unavailable");
    test_refused("rate", "44,100");
    test_fails_later("start", "fake loudspeaker: Device unavailable");
    test_fails_later("lost", "fake loudspeaker: the sound device stopped");
    test_fails_later("hang", "fake loudspeaker: the sound device stopped");
}

/* The complaints below PortAudio stay away, and stderr is what it was. */
static void test_hushed(void)
{
    char name[] = "/tmp/echotts-stderr-XXXXXX", seen[256] = "";
    int file = mkstemp(name), before = dup(STDERR_FILENO);
    struct player *p = NULL;
    echo_error err = { 0 };

    set("", "10", "2");
    dup2(file, STDERR_FILENO);
    CHECK(player_available(seen, sizeof seen) && !*seen);
    CHECK(!player_open(&p, NULL, &err));
    player_abort(&p);
    fprintf(stderr, "ours\n");
    dup2(before, STDERR_FILENO);
    CHECK(pread(file, seen, sizeof seen - 1, 0) == 5 && !memcmp(seen, "ours\n", 5));
    close(file);
    close(before);
    unlink(name);
}

static void test_broken(void)
{
    char why[256];

    CHECK(!player_available(why, sizeof why));
    CHECK_SAY(strstr(why, "lacks a function") != NULL, "%s", why);
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "broken")) {
        test_broken();
        return unit_report();
    }
    for (size_t i = 0; i < sizeof sound / sizeof *sound; i++)
        sound[i] = 1e-6f * (float)(i + 1);
    close(mkstemp(record));
    setenv("FAKE_PORTAUDIO_RECORD", record, 1);
    test_all_arrives("2", 2 * SECOND, 700);
    test_all_arrives("1", 2 * SECOND + 1, SECOND);
    test_all_arrives("2", 17, 5);
    test_waits();
    test_quiet_before_start();
    test_starves();
    test_end_is_no_gap();
    test_stops();
    test_failures();
    test_hushed();
    unlink(record);
    return unit_report();
}

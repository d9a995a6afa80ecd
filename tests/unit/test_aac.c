/* SPDX-License-Identifier: MIT */
/* test_aac.c - AAC, by ffmpeg: whole and streamed, by several at once, and when it fails. */
#include <dirent.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audio/audio.h"
#include "base/memory.h"
#include "unit.h"

#define RATE  44100
#define COUNT ((size_t)RATE * 3)

static char folder[] = "/tmp/echotts-aac-XXXXXX", path[64], script[64];
static float tone[COUNT];

struct bytes {
    unsigned char all[1 << 20];
    size_t n;
};

static bool take(void *user, const void *bytes, size_t n)
{
    struct bytes *b = user;

    if (b->n + n > sizeof b->all)
        return false;
    memcpy(b->all + b->n, bytes, n);
    b->n += n;
    return true;
}

static int files_open(void)
{
    DIR *d = opendir("/proc/self/fd");
    int n = 0;

    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n;
}

static echo_status write_all(echo_writer *w, size_t step, echo_error *e)
{
    echo_status s = ECHO_OK;

    for (size_t i = 0; i < COUNT && !s; i += step)
        s = echo_writer_write(w, tone + i, COUNT - i < step ? COUNT - i : step, e);
    return s;
}

/* ---- files ---- */

static double level(const float *pcm, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)pcm[i] * pcm[i];
    return sqrt(sum / (double)n);
}

/* All of it is there: it ends where it should, and is as loud until then. */
static void whole(int rate, int bitrate)
{
    echo_writer_opts o = { .rate = rate, .bitrate = bitrate };
    echo_writer *w = NULL;
    echo_error e = { 0 };
    float *back = NULL;
    struct stat st;
    size_t n;

    CHECK_SAY(!echo_writer_open(&w, path, &o, &e) && !write_all(w, 5000, &e) &&
                  !echo_writer_close(&w, &e), "%s", e.text);
    if (!CHECK_SAY(!echo_audio_load(&back, &n, path, 0, &e), "%s", e.text))
        return;
    CHECK_SAY(n >= COUNT && n < COUNT + RATE / 10, "%d Hz: %zu samples of %zu", rate, n, COUNT);
    CHECK_SAY(fabs(level(back + COUNT - RATE / 10, RATE / 10) / level(tone, COUNT) - 1) < 0.1,
              "its end is missing");
    CHECK(!stat(path, &st));
    CHECK_SAY(!bitrate || fabs((double)st.st_size * 8 / 3 / (1000 * bitrate) - 1) < 0.25,
              "%lld bytes at %d kbit/s", (long long)st.st_size, bitrate);
    echo_free(back);
    unlink(path);
}

static void none_at_all(void)
{
    echo_writer *w = NULL;

    CHECK(!echo_writer_open(&w, path, NULL, NULL) && !echo_writer_close(&w, NULL));
    CHECK(!access(path, F_OK));
    unlink(path);
}

/* ---- streams ---- */

/* Frames in what came: each header says how long its frame is. */
static size_t frames_of(const struct bytes *b)
{
    size_t n = 0;

    for (size_t i = 0; i + 6 < b->n; n++) {
        size_t size = (size_t)((b->all[i + 3] & 3) << 11 | b->all[i + 4] << 3 |
                               b->all[i + 5] >> 5);

        if (!CHECK(b->all[i] == 0xff && (b->all[i + 1] & 0xf0) == 0xf0 && size > 6))
            return 0;
        i += size;
    }
    return n;
}

/* Of each half second nearly all has left before the next comes. */
static void streamed(void)
{
    static struct bytes b;
    echo_writer_opts o = { .format = "aac", .stream = true };
    echo_writer *w = NULL;
    size_t half = RATE / 2;
    echo_error e = { 0 };

    b.n = 0;
    CHECK_SAY(!echo_writer_open_callback(&w, take, &b, &o, &e), "%s", e.text);
    for (size_t i = 0; w && i + half <= COUNT; i += half) {
        CHECK_SAY(!echo_writer_write(w, tone + i, half, &e), "%s", e.text);
        CHECK_SAY(frames_of(&b) * 1024 + RATE / 5 > i + half, "%zu frames of %zu samples",
                  frames_of(&b), i + half);
    }
    CHECK_SAY(!echo_writer_close(&w, &e), "%s", e.text);
    CHECK(frames_of(&b) * 1024 >= COUNT);
}

static void *stream_one(void *bytes)
{
    echo_writer_opts o = { .format = "aac", .stream = true };
    echo_writer *w = NULL;
    echo_error e = { 0 };

    CHECK_SAY(!echo_writer_open_callback(&w, take, bytes, &o, &e) && !write_all(w, 9000, &e) &&
                  !echo_writer_close(&w, &e), "%s", e.text);
    return NULL;
}

static void at_once(void)
{
    static struct bytes b[5];
    pthread_t threads[4];

    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, stream_one, &b[i]);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    stream_one(&b[4]);
    for (int i = 0; i < 4; i++)
        CHECK_SAY(b[i].n == b[4].n && !memcmp(b[i].all, b[4].all, b[i].n), "%zu and %zu bytes",
                  b[i].n, b[4].n);
}

/* ---- failures ---- */

static void program(const char *lines)
{
    FILE *f = fopen(script, "w");

    if (!CHECK(f != NULL))
        return;
    fprintf(f, "#!/bin/sh\n%s\n", lines);
    fclose(f);
    CHECK(!chmod(script, 0700) && !setenv("ECHOTTS_FFMPEG", script, 1));
}

static void fails(const char *lines, const char *words)
{
    echo_writer *w = NULL;
    echo_error e = { 0 };
    echo_status s;

    program(lines);
    if (!(s = echo_writer_open(&w, path, NULL, &e)) && !(s = write_all(w, 4096, &e)))
        s = echo_writer_close(&w, &e);
    echo_writer_abort(&w);
    CHECK_SAY(s == ECHO_ERR_FILE && strstr(e.text, words), "'%s': %d, %s", lines, s, e.text);
    CHECK(access(path, F_OK));
}

static void given_up(void)
{
    echo_writer *w = NULL;

    unsetenv("ECHOTTS_FFMPEG");
    CHECK(!echo_writer_open(&w, path, NULL, NULL) &&
          !echo_writer_write(w, tone, COUNT / 2, NULL));
    echo_writer_abort(&w);
    CHECK(access(path, F_OK));
}

static void absent(void)
{
    static const char *const names[] = { "", "/nowhere/ffmpeg", "no-such-ffmpeg" };
    echo_format f;
    echo_error e;

    for (int i = 0; i < 3; i++) {
        CHECK(!setenv("ECHOTTS_FFMPEG", names[i], 1));
        CHECK(!echo_format_named("aac", &f, NULL) && !f.available);
        CHECK(echo_writer_check("x.aac", NULL, &e) == ECHO_ERR_ARG &&
              !strcmp(e.field, "format") && strstr(e.text, "install ffmpeg"));
    }
    unsetenv("ECHOTTS_FFMPEG");
}

int main(void)
{
    echo_format f;
    int before, status;

    absent();
    if (echo_format_named("aac", &f, NULL) || !f.available || !mkdtemp(folder))
        return unit_report();
    snprintf(path, sizeof path, "%s/x.aac", folder);
    snprintf(script, sizeof script, "%s/ffmpeg", folder);
    for (size_t i = 0; i < COUNT; i++)
        tone[i] = 0.3f * sinf((float)i * 0.05f) + 0.2f * sinf((float)i * 0.21f);
    before = files_open();
    whole(0, 0);
    whole(0, 128);
    whole(16000, 0);
    none_at_all();
    streamed();
    at_once();
    fails("head -c 20000 >/dev/null; echo out of luck >&2; exit 3", "out of luck");
    fails("head -c 20000 >/dev/null; kill -9 $$", "ended too early");
    fails("cat >/dev/null; exit 1", "ended too early");
    fails("exec /nowhere/else", "nowhere");
    given_up();
    CHECK_SAY(files_open() == before, "%d files are open, %d were", files_open(), before);
    CHECK(waitpid(-1, &status, WNOHANG) < 0); /* no child is left */
    unlink(script);
    CHECK(!rmdir(folder));
    return unit_report();
}

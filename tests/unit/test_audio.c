/* SPDX-License-Identifier: MIT */
/* test_audio.c - files out and in again, resampling against exact sines, and files that lie. */
#include <fcntl.h>
#include <math.h>
#include <sndfile.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audio/audio.h"
#include "base/memory.h"
#include "unit.h"

#define PI 3.14159265358979323846

static const char *in_folder(const char *folder, const char *name)
{
    static char path[1024];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *path, int format, int rate, int channels, const float *pcm,
                       sf_count_t frames)
{
    SF_INFO info = { .samplerate = rate, .channels = channels, .format = format };
    SNDFILE *f = sf_open(path, SFM_WRITE, &info);

    if (CHECK_SAY(f != NULL, "%s: cannot be made", path)) {
        CHECK(sf_writef_float(f, pcm, frames) == frames);
        sf_close(f);
    }
}

static void patch(const char *path, off_t at, const void *data, size_t n)
{
    int fd = open(path, O_WRONLY);

    CHECK(fd >= 0 && pwrite(fd, data, n, at) == (ssize_t)n);
    close(fd);
}

static void check_round_trips(const char *folder)
{
    static const float odd[10] = { 0, 1, -1, 0.5f, -0.5f, 1.5f, -7, 1e-5f, 2e-5f,
                                   32766.5f / 32768 };
    static const float want16[10] = { 0, 32767, -32768, 16384, -16384, 32767, -32768, 0, 1,
                                      32766 };
    const char *path = in_folder(folder, "round.wav");
    float pcm[3000], *back = NULL;
    struct stat st;
    size_t n;
    echo_error e;

    for (int i = 0; i < 3000; i++)
        pcm[i] = i < 10 ? odd[i] : 0.9f * sinf((float)i * 0.1f);
    CHECK_SAY(!echo_wav_write(path, pcm, 3000, ECHO_WAV_PCM16, &e), "%s", e.text);
    CHECK(!stat(path, &st) && st.st_size == 44 + 6000);
    if (CHECK_SAY(!echo_audio_load(&back, &n, path, 0, &e), "%s", e.text) && CHECK(n == 3000)) {
        for (int i = 0; i < 10; i++)
            CHECK_SAY(back[i] == want16[i] / 32768, "%d: %g", i, back[i] * 32768);
        for (int i = 10; i < 3000; i++)
            if (!CHECK(fabsf(back[i] - pcm[i]) <= 0.5f / 32768))
                break;
    }
    echo_free(back);
    CHECK(!echo_wav_write(path, pcm, 3000, ECHO_WAV_FLOAT, &e));
    if (CHECK(!echo_audio_load(&back, &n, path, 0, &e)))
        CHECK(n == 3000 && !memcmp(back, pcm, sizeof pcm));
    echo_free(back);
    CHECK(!echo_wav_write(path, pcm, 0, ECHO_WAV_PCM16, &e));
    CHECK(!stat(path, &st) && st.st_size == 44);
    unlink(path);
    CHECK(echo_wav_write("/nowhere/x.wav", pcm, 1, ECHO_WAV_FLOAT, &e) == ECHO_ERR_FILE);
    CHECK_SAY(strstr(e.text, "/nowhere/x.wav: ") == e.text, "%s", e.text);
    CHECK(echo_wav_write("/dev/full", pcm, 9, ECHO_WAV_FLOAT, &e) == ECHO_ERR_FILE);
    CHECK_SAY(strstr(e.text, "No space") != NULL, "%s", e.text);
}

/* A sine keeps its frequency, phase and amplitude.  The first and last 20 ms see the silence
 * around the clip. */
static void check_sine(int rate, double hz, double tolerance)
{
    size_t n_in = (size_t)rate / 2, n, edge = 44100 / 50;
    float *in = malloc(n_in * sizeof *in), *out = NULL;
    double worst = 0;
    echo_error e;

    for (size_t i = 0; i < n_in; i++)
        in[i] = (float)(0.7 * sin(2 * PI * hz * (double)i / rate));
    if (CHECK_SAY(!echo_audio_resample(&out, &n, in, n_in, rate, &e), "%s", e.text)) {
        CHECK_SAY(n == (size_t)((double)n_in * 44100 / rate + 0.5), "%d Hz: %zu", rate, n);
        for (size_t i = edge; i + edge < n; i++)
            worst = fmax(worst, fabs(out[i] - 0.7 * sin(2 * PI * hz * (double)i / 44100)));
        CHECK_SAY(worst < tolerance, "%g Hz at %d: %g", hz, rate, worst);
    }
    echo_free(out);
    free(in);
}

static void check_resampling(void)
{
    static const int rates[] = { 48000, 22050, 16000, 8000, 11025,
                                 44100, 44101, 96000, 192000 };
    float one = 1, *out = NULL;
    size_t n;
    echo_error e;

    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        int lower = rates[i] < 44100 ? rates[i] : 44100;

        check_sine(rates[i], 440, 5e-7); /* float rounding */
        check_sine(rates[i], 0.4 * lower, 1e-4);
        check_sine(rates[i], 0.45 * lower, 1e-3); /* libsoxr lets go by 0.01 dB */
    }
    CHECK(echo_audio_resample(&out, &n, &one, 1, 999, &e) == ECHO_ERR_ARG && !out);
    CHECK_SAY(strstr(e.text, "999 Hz") != NULL, "%s", e.text);
    CHECK(echo_audio_resample(&out, &n, &one, 1, 768001, &e) == ECHO_ERR_ARG);
    CHECK(!echo_audio_resample(&out, &n, &one, 0, 48000, &e) && n == 0);
    echo_free(out);
    CHECK(!echo_audio_resample(&out, &n, &one, 1, 1000, &e) && n == 44);
    echo_free(out);
    CHECK(!echo_audio_resample(&out, &n, &one, 1, 768000, &e) && n == 0);
    echo_free(out);
}

static void check_channels(const char *folder)
{
    static const int counts[] = { 1, 2, 3, 8, 64 };
    const char *path = in_folder(folder, "channels.wav");
    float *pcm = malloc(64 * 5000 * sizeof *pcm), *back = NULL;
    size_t n;
    echo_error e;

    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        int c = counts[k];

        for (int i = 0; i < 5000 * c; i++)
            pcm[i] = (float)(i % c + 1) / 64 * ((i / c) % 7 ? 0.25f : -0.5f);
        write_file(path, SF_FORMAT_WAV | SF_FORMAT_FLOAT, 44100, c, pcm, 5000);
        if (!CHECK(!echo_audio_load(&back, &n, path, 0, &e) && n == 5000))
            continue;
        for (int i = 0; i < 5000; i++) { /* the mean of 1..c is (c + 1) / 2 */
            float want = (float)(c + 1) / 128 * (i % 7 ? 0.25f : -0.5f);

            if (!CHECK(fabsf(back[i] - want) <= 1e-6f))
                break;
        }
        echo_free(back);
    }
    free(pcm);
    unlink(path);
}

static void check_formats(const char *folder)
{
    static const struct {
        int format, rate;
        double tolerance; /* of the amplitude */
    } formats[] = {
        { SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 44100, 1e-3 },
        { SF_FORMAT_FLAC | SF_FORMAT_PCM_24, 22050, 1e-3 },
        { SF_FORMAT_OGG | SF_FORMAT_VORBIS, 44100, 0.03 },
        { SF_FORMAT_OGG | SF_FORMAT_OPUS, 48000, 0.03 },
        { SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, 44100, 0.05 },
        { SF_FORMAT_AIFF | SF_FORMAT_PCM_24, 48000, 1e-3 },
        { SF_FORMAT_AU | SF_FORMAT_ULAW, 44100, 0.02 },
        { SF_FORMAT_CAF | SF_FORMAT_DOUBLE, 16000, 1e-3 },
        { SF_FORMAT_W64 | SF_FORMAT_PCM_32, 96000, 1e-3 },
        { SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 44100, 0.02 },
    };
    const char *path = in_folder(folder, "format.bin");
    float *back = NULL;
    size_t n;
    echo_error e;

    for (size_t k = 0; k < sizeof formats / sizeof *formats; k++) {
        int rate = formats[k].rate;
        float *pcm = malloc((size_t)rate * sizeof *pcm);
        double squares = 0;

        for (int i = 0; i < rate; i++)
            pcm[i] = (float)(0.5 * sin(2 * PI * 500 * i / rate));
        write_file(path, formats[k].format, rate, 1, pcm, rate);
        free(pcm);
        if (!CHECK_SAY(!echo_audio_load(&back, &n, path, 0, &e), "%s", e.text))
            continue;
        /* MP3 frames are padded at both ends */
        CHECK_SAY(n >= 44100 && n <= 44100 + 4000, "%x: %zu samples", formats[k].format, n);
        for (size_t i = 11025; i < 33075; i++)
            squares += (double)back[i] * back[i];
        CHECK_SAY(fabs(sqrt(2 * squares / 22050) - 0.5) < formats[k].tolerance, "%x: %g",
                  formats[k].format, sqrt(2 * squares / 22050));
        echo_free(back);
    }
    unlink(path);
}

/* The count of samples is what is in the file, whatever its header says. */
static void check_lies(const char *folder)
{
    static const uint32_t sizes[] = { 0xffffffff, 0x7fffffff, 4000, 1000 };
    static const size_t want[] = { 1000, 1000, 1000, 500 };
    const char *path = in_folder(folder, "lie.wav");
    float pcm[1000] = { 0.5f }, *back = NULL;
    size_t n;
    echo_error e;

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        CHECK(!echo_wav_write(path, pcm, 1000, ECHO_WAV_PCM16, &e));
        patch(path, 40, &sizes[i], 4);
        if (CHECK_SAY(!echo_audio_load(&back, &n, path, 0, &e), "%u: %s", sizes[i], e.text))
            CHECK_SAY(n == want[i] && back[0] == 0.5f, "%u: %zu samples", sizes[i], n);
        echo_free(back);
    }
    CHECK(!echo_wav_write(path, pcm, 1000, ECHO_WAV_PCM16, &e));
    CHECK(!truncate(path, 44 + 2 * 300));
    CHECK(!echo_audio_load(&back, &n, path, 0, &e) && n == 300);
    echo_free(back);
    unlink(path);
}

static void check_limits(const char *folder)
{
    const char *path = in_folder(folder, "long.wav");
    uint32_t hour = 3600u * 44100 * 2 * 8, rate = 1000;
    float pcm[16] = { 0 }, *back = NULL;
    size_t n;
    echo_error e;

    write_file(path, SF_FORMAT_WAV | SF_FORMAT_PCM_16, 44100, 8, pcm, 1);
    patch(path, 40, &hour, 4);
    CHECK(!truncate(path, 44 + (off_t)hour)); /* a hole: it takes no room */
    CHECK(!echo_audio_load(&back, &n, path, 2, &e) && n == 88200);
    echo_free(back);
    CHECK(!echo_audio_load(&back, &n, path, 0.5 / 44100, &e) && n == 1);
    echo_free(back);
    CHECK(!echo_audio_load(&back, &n, path, 1 / 3.0, &e) && n == 14700);
    echo_free(back);
    write_file(path, SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 44100, 1, pcm, 1);
    patch(path, 24, &rate, 4);
    hour = 25 * 3600 * rate;
    patch(path, 40, &hour, 4);
    CHECK(!truncate(path, 44 + (off_t)hour));
    CHECK(echo_audio_load(&back, &n, path, 0, &e) == ECHO_ERR_FILE && !back);
    CHECK_SAY(strstr(e.text, "longer than 24 hours") != NULL, "%s", e.text);
    CHECK(!echo_audio_load(&back, &n, path, 2, &e) && n == 88200);
    echo_free(back);
    unlink(path);
}

static void check_refused(const char *path, const char *word)
{
    float *pcm = NULL;
    size_t n = 1;
    echo_error e = { 0 };

    CHECK_SAY(echo_audio_load(&pcm, &n, path, 0, &e) == ECHO_ERR_FILE, "accepted: %s", path);
    CHECK(!pcm && !n);
    CHECK_SAY(!strncmp(e.text, path, strlen(path)) && strstr(e.text, word), "no '%s' in: %s",
              word, e.text);
}

static void check_refusals(const char *folder)
{
    static const float bad[] = { NAN, INFINITY, -INFINITY, 1e38f };
    static const uint32_t rates[] = { 0, 999, 768001, 0x7fffffff };
    const char *path = in_folder(folder, "bad.wav");
    float pcm[100] = { 0 };
    FILE *f;
    echo_error e;

    check_refused("/nowhere/voice.wav", "No such file");
    check_refused(folder, "directory");
    CHECK((f = fopen(path, "w")) && !fclose(f));
    check_refused(path, "empty");
    CHECK((f = fopen(path, "w")) && fputs("this is a text, not a sound", f) >= 0 && !fclose(f));
    check_refused(path, "plain text, not audio");
    CHECK((f = fopen(path, "w")) && fputs("neither a text\1nor a sound", f) >= 0 && !fclose(f));
    check_refused(path, "FLAC");
    CHECK(!echo_wav_write(path, pcm, 0, ECHO_WAV_PCM16, &e));
    check_refused(path, "no samples");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        pcm[17] = bad[i];
        write_file(path, SF_FORMAT_WAV | SF_FORMAT_FLOAT, 44100, 1, pcm, 100);
        check_refused(path, "sample 17 ");
    }
    pcm[17] = 0;
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        CHECK(!echo_wav_write(path, pcm, 100, ECHO_WAV_PCM16, &e));
        patch(path, 24, &rates[i], 4);
        check_refused(path, rates[i] ? "sample rate" : "");
    }
    write_file(path, SF_FORMAT_WAV | SF_FORMAT_PCM_16, 44100, 65, pcm, 1);
    check_refused(path, "65 channels");
    chmod(path, 0);
    if (geteuid())
        check_refused(path, "denied");
    unlink(path);
}

int main(void)
{
    char folder[] = "/tmp/echotts-test-XXXXXX";

    check_resampling();
    if (CHECK(mkdtemp(folder) != NULL)) {
        check_round_trips(folder);
        check_channels(folder);
        check_formats(folder);
        check_lies(folder);
        check_limits(folder);
        check_refusals(folder);
        CHECK(!rmdir(folder));
    }
    return unit_report();
}

/* SPDX-License-Identifier: MIT */
/* test_writer.c - sound out in every format and on every way, and back in. */
#include <dirent.h>
#include <ebur128.h>
#include <math.h>
#include <sndfile.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audio/audio.h"
#include "audio/outlet.h"
#include "audio/wav.h"
#include "base/memory.h"
#include "unit.h"

#define PI   3.14159265358979323846
#define RATE ECHO_SAMPLE_RATE

enum way { TO_FILE,
           TO_STREAM,
           TO_CALLBACK,
           TO_CALLBACK_STREAM,
           WAYS };

/* Two tones and some noise in syllables, as loud as speech is; after ten seconds again. */
static float compute(size_t i)
{
    double t = (double)i / RATE, swell = 0.5 + 0.5 * sin(2 * PI * 1.3 * t);
    unsigned noise = (unsigned)i * 2654435761u;

    noise = (noise ^ noise >> 15) * 2246822519u;
    return (float)(0.3 * swell * swell *
                   (sin(2 * PI * 200 * t) + 0.6 * sin(2 * PI * 1210 * t) +
                    0.1 * ((noise >> 8) / 8388608.0 - 1)));
}

static float sample(size_t i)
{
    static float known[10 * RATE];

    if (known[1] == 0)
        for (size_t j = 0; j < 10 * RATE; j++)
            known[j] = compute(j);
    return known[i % (10 * RATE)];
}

static bool to_file(void *file, const void *bytes, size_t n)
{
    return fwrite(bytes, 1, n, file) == n;
}

static const char *in_folder(const char *folder, const char *name)
{
    static char path[1024];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static echo_status feed(echo_writer *w, size_t n, echo_error *e)
{
    float block[1000];
    echo_status s = ECHO_OK;

    for (size_t i = 0, some; i < n && !s; i += some) {
        some = n - i < 1000 ? n - i : 1000;
        for (size_t j = 0; j < some; j++)
            block[j] = sample(i + j);
        s = echo_writer_write(w, block, some, e);
    }
    return s;
}

/* n samples into path. */
static bool make(const char *path, echo_writer_opts o, enum way way, size_t n)
{
    FILE *f = way >= TO_CALLBACK ? fopen(path, "wb") : NULL;
    echo_writer *w = NULL;
    echo_error e = { 0 };

    o.stream = way == TO_STREAM || way == TO_CALLBACK_STREAM;
    bool good = CHECK_SAY(!(f ? echo_writer_open_callback(&w, to_file, f, &o, &e)
                              : echo_writer_open(&w, path, &o, &e)),
                          "%s", e.text) &&
                CHECK_SAY(!feed(w, n, &e), "%s", e.text) &&
                CHECK_SAY(!echo_writer_close(&w, &e), "%s", e.text);

    echo_writer_abort(&w);
    if (f)
        fclose(f);
    return good;
}

static void measure(const float *pcm, size_t n, double *lufs, double *peak)
{
    ebur128_state *r128 = ebur128_init(1, RATE, EBUR128_MODE_I | EBUR128_MODE_TRUE_PEAK);

    ebur128_add_frames_float(r128, pcm, n);
    ebur128_loudness_global(r128, lufs);
    ebur128_true_peak(r128, 0, peak);
    *peak = 20 * log10(*peak);
    ebur128_destroy(&r128);
}

/* The size of n samples, as a mean. */
static double size_of(const float *pcm, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)pcm[i] * pcm[i];
    return sqrt(sum / (double)n);
}

/* ---- formats ---- */

static void check_exact(const char *name, const float *got, size_t n)
{
    float worst = 0;

    for (size_t i = 0; i < n; i++)
        worst = fmaxf(worst, fabsf(got[i] - sample(i)));
    CHECK_SAY(worst <= 0.5f / 32768, "%s: %g steps", name, worst * 32768);
}

static void check_format(const char *folder, const char *name, enum way way, int rate)
{
    echo_writer_opts o = { .format = name, .rate = rate };
    size_t n = 5 * RATE + 321, got;
    const char *path = in_folder(folder, name);
    float *want = malloc(n * sizeof *want), *back = NULL;
    echo_format format;
    echo_error e;

    for (size_t i = 0; i < n; i++)
        want[i] = sample(i);
    CHECK(!echo_format_named(name, &format, &e) && format.available);
    if (make(path, o, way, n) &&
        CHECK_SAY(!echo_audio_load(&back, &got, path, 0, &e), "%s", e.text)) {
        size_t most = format.lossy ? 2 * 1152 * 3 : rate ? 3 : 0;

        CHECK_SAY(got + (rate ? 3 : 0) >= n && got <= n + most, "%s by %d at %d: %zu of %zu",
                  name, way, rate, got, n);
        if (!format.lossy && !rate)
            check_exact(name, back, n);
        CHECK_SAY(fabs(size_of(back, n < got ? n : got) / size_of(want, n) - 1) < 0.03,
                  "%s by %d at %d: its level", name, way, rate);
    }
    echo_free(back);
    free(want);
    unlink(path);
}

static void check_formats(const char *folder)
{
    static const char *const names[] = { "wav", "flac", "mp3", "ogg", "opus" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (int way = 0; way < WAYS; way++) {
            check_format(folder, names[i], (enum way)way, 0);
            check_format(folder, names[i], (enum way)way, i == 4 ? 24000 : 16000);
        }
}

static void check_pcm(const char *folder)
{
    const char *path = in_folder(folder, "raw");
    float back[3000];
    short whole[3000];
    FILE *f;

    for (int way = 0; way < WAYS; way++) {
        make(path, (echo_writer_opts){ .format = "pcm" }, (enum way)way, 3000);
        CHECK((f = fopen(path, "rb")) && fread(whole, 2, 3000, f) == 3000 && fgetc(f) == EOF);
        for (int i = 0; i < 3000; i++)
            back[i] = whole[i] / 32768.0f;
        check_exact("pcm", back, 3000);
        fclose(f);
    }
    make(path, (echo_writer_opts){ .format = "pcm", .as_float = true }, TO_FILE, 3000);
    CHECK((f = fopen(path, "rb")) && fread(back, 4, 3000, f) == 3000 && fgetc(f) == EOF);
    for (size_t i = 0; i < 3000; i++)
        if (!CHECK(back[i] == sample(i)))
            break;
    fclose(f);
    unlink(path);
}

/* Every byte of a plain file, and the sizes that a stream cannot know. */
static void check_wav_bytes(const char *folder)
{
    static const unsigned char want[] = "RIFF\x32\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x44\xac\0\0"
                                        "\x88\x58\1\0\2\0\x10\0data\x0e\0\0\0"
                                        "\0\0\xcd\x0c\x33\xf3\xff\x7f\0\x80\x66\x26\0\0";
    static const float pcm[7] = { 0, 0.1f, -0.1f, 2, -2, 0.3f, 1e-5f };
    const char *path = in_folder(folder, "bytes.wav");
    unsigned char got[100] = "";
    echo_writer_opts o = { .stream = true };
    echo_writer *w = NULL;
    FILE *f;

    CHECK(!echo_wav_write(path, pcm, 7, ECHO_WAV_PCM16, NULL));
    CHECK((f = fopen(path, "rb")) && fread(got, 1, 100, f) == 58 && !memcmp(got, want, 58));
    fclose(f);
    CHECK(!echo_writer_open(&w, path, &o, NULL) && !echo_writer_write(w, pcm, 7, NULL) &&
          !echo_writer_close(&w, NULL));
    CHECK((f = fopen(path, "rb")) && fread(got, 1, 100, f) == 58 &&
          !memcmp(got + 4, "\xff\xff\xff\xff", 4) && !memcmp(got + 40, "\xff\xff\xff\xff", 4) &&
          !memcmp(got + 44, want + 44, 14));
    fclose(f);
    unlink(path);
}

static void check_large_wav(const char *folder)
{
    struct wav wav = { .rate = RATE };
    unsigned char header[WAV_HEADER];
    const char *path = in_folder(folder, "shift");
    struct outlet o = { .name = path };
    char block[9000], back[9100];
    FILE *f;

    CHECK(echo_wav_header(&wav, 4294901716, header) == 44 && !memcmp(header, "RIFF", 4));
    CHECK(echo_wav_header(&wav, 4294901718, header) == 80 && !memcmp(header, "RF64\xff", 5));
    CHECK(!memcmp(header + 12, "ds64\x1c\0\0\0", 8) &&
          !memcmp(header + 28, "\xd6\xff\xfe\xff\0\0\0\0", 8));
    CHECK(!memcmp(header + 72, "data\xff\xff\xff\xff", 8));

    for (int i = 0; i < 9000; i++)
        block[i] = (char)(i * 7 % 251);
    CHECK(!echo_out_open(&o.out, path, NULL) && !echo_outlet_open(&o, NULL));
    echo_outlet_write(&o, block, 9000);
    echo_outlet_shift(&o, 36);
    CHECK(o.bytes == 9036 && !echo_outlet_commit(&o, NULL));
    CHECK((f = fopen(path, "rb")) && fread(back, 1, sizeof back, f) == 9036 &&
          !memcmp(back + 36, block, 9000));
    fclose(f);
    unlink(path);
}

static void check_sizes(const char *folder)
{
    static const struct {
        const char *format;
        int bitrate;
        float quality, most; /* bytes a second, at least the half */
    } rows[] = { { "mp3", 64, 0, 8800 },   { "mp3", 32, 0, 4600 },   { "opus", 24, 0, 4000 },
                 { "opus", 128, 0, 20000 }, { "ogg", 60, 0, 9000 },  { "mp3", 0, 0.05f, 6000 },
                 { "mp3", 0, 1, 40000 },    { "opus", 0, 0.2f, 3000 } };
    const char *path = in_folder(folder, "sized");
    struct stat st;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        echo_writer_opts o = { .format = rows[i].format, .bitrate = rows[i].bitrate,
                               .quality = rows[i].quality };

        if (make(path, o, TO_FILE, 10 * RATE) && CHECK(!stat(path, &st)))
            CHECK_SAY((float)st.st_size < 10 * rows[i].most &&
                          (float)st.st_size > 5 * rows[i].most / 2,
                      "%s, %d kbit/s, quality %g: %ld bytes", rows[i].format, rows[i].bitrate,
                      rows[i].quality, (long)st.st_size);
    }
    unlink(path);
}

static void check_empty(const char *folder)
{
    echo_format format;

    for (int i = 0; echo_format_at(i, &format); i++)
        for (int way = 0; way < WAYS; way++)
            make(in_folder(folder, "empty"), (echo_writer_opts){ .format = format.name },
                 (enum way)way, 0);
    make(in_folder(folder, "empty"), (echo_writer_opts){ .loudness = -16, .speed = 2 }, TO_FILE,
         0);
    unlink(in_folder(folder, "empty"));
}

/* ---- loudness, speed, tags ---- */

static void check_loudness(const char *folder)
{
    static const struct {
        float loudness, peak, speed, within;
        enum way way;
        double seconds;
    } rows[] = {
        { -16, 0, 0, 0.5f, TO_FILE, 12 },    { -23, 0, 0, 0.5f, TO_FILE, 12 },
        { -30, 0, 0, 0.5f, TO_FILE, 12 },    { -10, 0, 0, 0.5f, TO_FILE, 12 },
        { -12, -2, 0, 0.5f, TO_CALLBACK, 12 }, { -5, -6, 0, 10, TO_FILE, 12 },
        { -16, 0, 0, 0.5f, TO_FILE, 0.25 },  { -16, 0, 1.3f, 0.5f, TO_FILE, 12 },
        { -16, 0, 0, 2, TO_STREAM, 12 },     { -12, -2, 0, 2, TO_STREAM, 12 },
        { -23, 0, 0.8f, 2, TO_STREAM, 12 },  { -30, 0, 0, 2, TO_CALLBACK_STREAM, 12 },
    };
    const char *path = in_folder(folder, "loud.wav");
    float *back = NULL;
    double lufs, peak;
    size_t n;
    echo_error e;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        echo_writer_opts o = { .format = "wav", .loudness = rows[i].loudness,
                               .true_peak = rows[i].peak, .speed = rows[i].speed };
        double most = rows[i].peak < 0 ? rows[i].peak : -1;

        if (!make(path, o, rows[i].way, (size_t)(rows[i].seconds * RATE)) ||
            !CHECK(!echo_audio_load(&back, &n, path, 0, &e)))
            continue;
        if (rows[i].speed == 0)
            CHECK_SAY(n == (size_t)(rows[i].seconds * RATE), "%zu", n);
        measure(back, n, &lufs, &peak);
        if (rows[i].seconds > 1)
            CHECK_SAY(fabs(lufs - rows[i].loudness) <= rows[i].within,
                      "row %zu: %.2f LUFS, not %g", i, lufs, rows[i].loudness);
        CHECK_SAY(peak <= most + 0.01, "row %zu: %.2f dB, above %g", i, peak, most);
        echo_free(back);
    }
    unlink(path);
}

static void check_silence(const char *folder)
{
    const char *path = in_folder(folder, "still.wav");
    static float still[RATE * 2];
    float *back = NULL;
    size_t n;

    for (int stream = 0; stream < 2; stream++) {
        echo_writer_opts o = { .loudness = -16, .stream = stream };
        echo_writer *w = NULL;

        CHECK(!echo_writer_open(&w, path, &o, NULL) &&
              !echo_writer_write(w, still, RATE * 2, NULL) && !echo_writer_close(&w, NULL));
        if (CHECK(!echo_audio_load(&back, &n, path, 0, NULL) && n == RATE * 2))
            CHECK(size_of(back, n) == 0);
        echo_free(back);
    }
    unlink(path);
}

/* The period, in samples, after which the sound is most like itself. */
static int period(const float *pcm, size_t n, int from, int to)
{
    double most = -1;
    int best = 0;

    for (int lag = from; lag <= to; lag++) {
        double sum = 0;

        for (size_t i = 0; i + (size_t)to < n; i++)
            sum += (double)pcm[i] * pcm[i + (size_t)lag];
        if (sum > most) {
            most = sum;
            best = lag;
        }
    }
    return best;
}

static void check_speed(const char *folder)
{
    static const float speeds[] = { 0.25f, 0.5f, 0.75f, 0.9f, 1.1f, 1.5f, 2, 4 };
    const char *path = in_folder(folder, "fast.wav");
    float *back = NULL;
    const size_t count = sizeof speeds / sizeof *speeds;
    size_t n;
    echo_error e;

    for (size_t i = 0; i < 2 * count; i++) {
        float speed = speeds[i % count];
        size_t from = i < count ? 5 * RATE : 2 * RATE; /* a long one, and a word */
        echo_writer_opts o = { .speed = speed };

        if (!make(path, o, TO_FILE, from) || !CHECK(!echo_audio_load(&back, &n, path, 0, &e)))
            continue;
        CHECK_SAY(fabs((double)n * speed / (double)from - 1) < 0.01, "speed %g: %zu of %zu",
                  speed, n, from);
        int lag = period(back + n / 4, 12000, 150, 300);

        CHECK_SAY(abs(lag - 220) <= 3, "speed %g: a period of %d, not 220", speed, lag);
        echo_free(back);
    }
    unlink(path);
}

static void check_tags(const char *folder)
{
    static char text[9000];
    static const echo_tag tags[] = {
        { "title", "Der Gr\xc3\xbc\xc3\x9f"
                   "ende" },
        { "artist", "echo" }, { "text", text }, { "comment", "spoken by a machine" },
        { "license", "CC0" }, { "software", "echotts" }, { "album", NULL } };
    static const char *const names[] = { "wav", "flac", "mp3", "ogg", "opus" };
    const char *path = in_folder(folder, "tagged");

    for (size_t i = 0; i < 10; i++) {
        size_t kept = i < 2 ? 1500 : 8990; /* libsndfile reads no more of a WAV file */

        for (size_t j = 0; j < kept; j++)
            text[j] = "tell me a tale. "[j % 16];
        echo_writer_opts o = { .format = names[i / 2], .tags = tags, .n_tags = 7 };
        SF_INFO info = { 0 };
        SNDFILE *f;

        text[kept] = 0;
        if (!make(path, o, i % 2 ? TO_STREAM : TO_FILE, RATE) ||
            !CHECK((f = sf_open(path, SFM_READ, &info)) != NULL))
            continue;
        const char *title = sf_get_string(f, SF_STR_TITLE);
        const char *comment = sf_get_string(f, SF_STR_COMMENT);

        CHECK_SAY(title && !strcmp(title, tags[0].value), "%s: '%s'", o.format,
                  title ? title : "");
        CHECK_SAY(comment && strstr(comment, "spoken by a machine") == comment, "%s: '%.40s'",
                  o.format, comment ? comment : "");
        if (i / 2 != 2 && comment) /* MP3 has lyrics */
            CHECK_SAY(strstr(comment, "tale") && strlen(comment) > (i < 2 ? 1500 : 8000),
                      "%s: %zu", o.format, strlen(comment));
        sf_close(f);
    }
    unlink(path);
}

/* ---- what cannot be ---- */

static void check_refused(const char *path, echo_writer_opts o, const char *field,
                          const char *words)
{
    echo_writer *w = (void *)&o;
    echo_error e = { 0 };

    CHECK_SAY(echo_writer_check(path, &o, &e) == ECHO_ERR_ARG, "not refused: %s", words);
    CHECK_SAY(echo_writer_open(&w, path, &o, &e) == ECHO_ERR_ARG && !w, "opened: %s", words);
    CHECK_SAY(!strcmp(e.field, field) && strstr(e.text, words), "no '%s' in: %s: %s", words,
              e.field, e.text);
}

static void check_refusals(const char *folder)
{
    static const echo_tag bad = { "colour", "red" };
    const char *path = in_folder(folder, "refused");

    check_refused(path, (echo_writer_opts){ .format = "m4a" }, "format", "wav, pcm, flac, mp3");
    check_refused("x.m4a", (echo_writer_opts){ 0 }, "format", "ffmpeg -i x.wav x.m4a");
    check_refused("x.flac", (echo_writer_opts){ .format = "mp3" }, "format", "says FLAC");
    check_refused(path, (echo_writer_opts){ .rate = 7999 }, "rate", "8000 to 48000");
    check_refused(path, (echo_writer_opts){ .rate = -1 }, "rate", "8000 to 48000");
    check_refused(path, (echo_writer_opts){ .format = "opus", .rate = 44100 }, "rate", "24000");
    check_refused(path, (echo_writer_opts){ .format = "mp3", .rate = 44000 }, "rate", "44100");
    check_refused(path, (echo_writer_opts){ .bitrate = 64 }, "bitrate", "WAV");
    check_refused(path, (echo_writer_opts){ .format = "flac", .quality = 1 }, "quality",
                  "FLAC");
    check_refused(path, (echo_writer_opts){ .format = "mp3", .bitrate = 31 }, "bitrate", "32");
    check_refused(path, (echo_writer_opts){ .format = "mp3", .bitrate = 64, .quality = 1 },
                  "bitrate", "one of them");
    check_refused(path, (echo_writer_opts){ .format = "ogg", .quality = 1.1f }, "quality", "1");
    check_refused(path, (echo_writer_opts){ .format = "ogg", .quality = NAN }, "quality", "1");
    check_refused(path, (echo_writer_opts){ .format = "mp3", .as_float = true }, "as_float",
                  "MP3");
    check_refused(path, (echo_writer_opts){ .loudness = -41 }, "loudness", "-40 to -5");
    check_refused(path, (echo_writer_opts){ .loudness = NAN }, "loudness", "-40 to -5");
    check_refused(path, (echo_writer_opts){ .loudness = -16, .true_peak = 1 }, "true_peak",
                  "-20 to 0");
    check_refused(path, (echo_writer_opts){ .true_peak = -2 }, "true_peak", "loudness");
    check_refused(path, (echo_writer_opts){ .speed = 4.1f }, "speed", "0.25 to 4");
    check_refused(path, (echo_writer_opts){ .speed = 0.24f }, "speed", "0.25 to 4");
    check_refused(path, (echo_writer_opts){ .tags = &bad, .n_tags = 1 }, "tags", "title");
    CHECK(!echo_writer_check("x.ogg", &(echo_writer_opts){ .format = "opus" }, NULL));
    CHECK(!echo_writer_check("x.v2", NULL, NULL) && !echo_writer_check(NULL, NULL, NULL));
}

static void check_by_path(void)
{
    static const struct {
        const char *path, *name, *ending;
    } rows[] = { { "a.mp3", "mp3", "mp3" }, { "a/b.FLAC", "flac", "flac" },
                 { "x.oga", "ogg", "ogg" }, { "x.wave", "wav", "wav" },
                 { "x", "wav", NULL },      { "-", "wav", NULL },
                 { "x.mp3/y", "wav", NULL } };
    echo_format f;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK_SAY(!echo_format_of_path(rows[i].path, &f, NULL) &&
                      !strcmp(f.name, rows[i].name) &&
                      (f.ending ? rows[i].ending && !strcmp(f.ending, rows[i].ending)
                                : !rows[i].ending),
                  "%s", rows[i].path);
    CHECK(echo_format_at(3, &f) && !strcmp(f.mime, "audio/mpeg") && !echo_format_at(7, &f));
    CHECK(!echo_format_named("OPUS", &f, NULL) && !echo_format_at(-1, &f));
}

static int files_in(const char *folder)
{
    DIR *d = opendir(folder);
    int n = -2;

    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static bool refuse(void *left, const void *bytes, size_t n)
{
    (void)bytes;
    *(long *)left -= (long)n;
    return *(long *)left > 0;
}

static void check_failures(const char *folder)
{
    const char *path = in_folder(folder, "given-up");
    float bad[3] = { 0, INFINITY, 0 };
    echo_format format;
    echo_writer *w = NULL;
    echo_error e;

    for (int i = 0; echo_format_at(i, &format); i++)
        for (int stream = 0; stream < 2; stream++) {
            echo_writer_opts o = { .format = format.name, .stream = stream,
                                   .loudness = -16 };
            long left = 3000;
            echo_status s;

            CHECK(!echo_writer_open(&w, path, &o, &e) && !feed(w, RATE, &e));
            echo_writer_abort(&w);
            CHECK(!w && files_in(folder) == 0);

            if (!(s = echo_writer_open(&w, "/dev/full", &o, &e)) &&
                !(s = feed(w, RATE * 4, &e)))
                s = echo_writer_close(&w, &e);
            CHECK_SAY(s == ECHO_ERR_FILE && strstr(e.text, "No space"), "%s: %s", format.name,
                      e.text);
            echo_writer_abort(&w);

            if (!(s = echo_writer_open_callback(&w, refuse, &left, &o, &e)) &&
                !(s = feed(w, RATE * 4, &e)))
                s = echo_writer_close(&w, &e);
            CHECK_SAY(s == ECHO_ERR_FILE && strstr(e.text, "no more"), "%s", format.name);
            echo_writer_abort(&w);
        }
    CHECK(!echo_writer_open(&w, path, NULL, &e));
    CHECK(echo_writer_write(w, bad, 3, &e) == ECHO_ERR_ARG && strstr(e.text, "sample 1 "));
    e.text[0] = 0;
    CHECK(echo_writer_write(w, bad, 1, &e) == ECHO_ERR_ARG && strstr(e.text, "sample 1 ") &&
          !strcmp(e.field, "pcm"));
    CHECK(echo_writer_close(&w, &e) == ECHO_ERR_ARG && !w && files_in(folder) == 0);
    CHECK(echo_writer_open(&w, "/nowhere/x.wav", NULL, &e) == ECHO_ERR_FILE && !w);
    CHECK(!echo_writer_close(&w, &e));
}

#ifndef __SANITIZE_ADDRESS__
/* Of the whole process, in kB, the most so far. */
static long memory(void)
{
    struct rusage use;

    getrusage(RUSAGE_SELF, &use);
    return use.ru_maxrss;
}

static void check_memory(const char *folder)
{
    const char *path = in_folder(folder, "long");
    static const echo_writer_opts rows[] = { { .format = "flac", .loudness = -25 },
                                             { .loudness = -16, .rate = 16000 },
                                             { .format = "pcm", .speed = 1.5f } };

    for (int i = 0; i < 3; i++) {
        echo_writer_opts o = rows[i];
        enum way way = i == 1 ? TO_STREAM : TO_FILE;

        make(path, o, way, 20 * RATE);
        long before = memory();

        make(path, o, way, 90 * RATE); /* 16 MB as float */
        CHECK_SAY(memory() - before < 2048, "%ld kB more for 90 s", memory() - before);
    }
    unlink(path);
}
#endif

int main(void)
{
    char folder[] = "/tmp/echotts-test-XXXXXX";

    check_by_path();
    if (CHECK(mkdtemp(folder) != NULL)) {
        check_wav_bytes(folder);
        check_large_wav(folder);
        check_pcm(folder);
        check_formats(folder);
        check_sizes(folder);
        check_empty(folder);
        check_loudness(folder);
        check_silence(folder);
        check_speed(folder);
        check_tags(folder);
        check_refusals(folder);
        check_failures(folder);
#ifndef __SANITIZE_ADDRESS__ /* which keeps what was freed */
        check_memory(folder);
#endif
        CHECK(!rmdir(folder));
    }
    return unit_report();
}

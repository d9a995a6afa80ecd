/* SPDX-License-Identifier: MIT */
/*
 * test_container.c - sound files as recorders and taggers leave them: lengths that were never
 * filled in, and MPEG frames among tags and junk.  Each gives the samples of the good file.
 */
#include <math.h>
#include <sndfile.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audio/audio.h"
#include "audio/loudness.h"
#include "base/memory.h"
#include "base/signature.h"
#include "unit.h"

#define FRAMES 8000
#define ROOM   200000

/* A file in memory. */
struct bytes {
    unsigned char data[ROOM];
    size_t n;
};

static void append(struct bytes *b, const void *data, size_t n)
{
    if (CHECK(b->n + n <= ROOM)) {
        memcpy(b->data + b->n, data, n);
        b->n += n;
    }
}

static void append_zeros(struct bytes *b, size_t n)
{
    static const unsigned char zeros[100000];

    append(b, zeros, n);
}

#define APPEND(b, text) append(b, text, sizeof text - 1)

static void fill(void *at, size_t n, int byte)
{
    memset(at, byte, n);
}

/* A good one, by libsndfile. */
static bool encode(struct bytes *b, const char *folder, int format)
{
    SF_INFO info = { .samplerate = 44100, .channels = 1, .format = format };
    float pcm[FRAMES];
    char path[1024];
    SNDFILE *f;
    FILE *in;

    for (int i = 0; i < FRAMES; i++)
        pcm[i] = 0.5f * sinf((float)i * 0.1f);
    snprintf(path, sizeof path, "%s/good", folder);
    if (!CHECK_SAY((f = sf_open(path, SFM_WRITE, &info)) != NULL, "%x", format))
        return false;
    CHECK(sf_writef_float(f, pcm, FRAMES) == FRAMES);
    sf_close(f);
    if (!CHECK((in = fopen(path, "rb")) != NULL))
        return false;
    b->n = fread(b->data, 1, ROOM, in);
    fclose(in);
    unlink(path);
    return CHECK(b->n > 44 && b->n < ROOM);
}

/* The place of these four letters. */
static size_t find(const struct bytes *b, const char *name)
{
    for (size_t i = 0; i + 4 <= b->n; i++)
        if (!memcmp(b->data + i, name, 4))
            return i;
    CHECK_SAY(false, "no %s", name);
    return 0;
}

static void check_same(const char *what, const struct bytes *b, const float *want,
                       size_t n_want)
{
    float *pcm = NULL;
    size_t n;
    echo_error e = { 0 };

    if (CHECK_SAY(!echo_audio_load_memory(&pcm, &n, b->data, b->n, "it", 0, &e), "%s: %s", what,
                  e.text) &&
        CHECK_SAY(n == n_want, "%s: %zu samples, not %zu", what, n, n_want))
        CHECK_SAY(!memcmp(pcm, want, n * sizeof *pcm), "%s: other samples", what);
    echo_free(pcm);
}

static void check_refused(const char *what, const struct bytes *b, const char *word)
{
    float *pcm = NULL;
    size_t n;
    echo_error e = { 0 };

    CHECK_SAY(echo_audio_load_memory(&pcm, &n, b->data, b->n, "it", 0, &e) == ECHO_ERR_FILE &&
                  !pcm,
              "%s: accepted", what);
    CHECK_SAY(strstr(e.text, word) != NULL, "%s: no '%s' in: %s", what, word, e.text);
}

static float *load(const struct bytes *b, size_t *n)
{
    float *pcm = NULL;
    echo_error e = { 0 };

    CHECK_SAY(!echo_audio_load_memory(&pcm, n, b->data, b->n, "it", 0, &e), "%s", e.text);
    return pcm;
}

/* ---- lengths ---- */

static void check_lengths(const char *folder)
{
    static const struct {
        const char *what;
        int format;
        const char *chunk; /* whose length is behind its name; NULL: at 8 in the file */
        size_t behind, n;  /* bytes from the name to the length; of it */
        int byte;          /* all of them */
    } cases[] = {
        { "WAV 0", SF_FORMAT_WAV, "data", 4, 4, 0 },
        { "WAV -1", SF_FORMAT_WAV, "data", 4, 4, 0xff },
        { "WAV extensible 0", SF_FORMAT_WAVEX, "data", 4, 4, 0 },
        { "RIFX 0", SF_FORMAT_WAV | SF_ENDIAN_BIG, "data", 4, 4, 0 },
        { "RF64 0", SF_FORMAT_RF64, "ds64", 16, 8, 0 },
        { "RF64 -1", SF_FORMAT_RF64, "ds64", 16, 8, 0xff },
        { "RF64 all 0", SF_FORMAT_RF64, "ds64", 8, 24, 0 },
        { "AIFF 0", SF_FORMAT_AIFF, "SSND", 4, 4, 0 },
        { "AIFC 0", SF_FORMAT_AIFF | SF_ENDIAN_LITTLE, "SSND", 4, 4, 0 },
        { "AU 0", SF_FORMAT_AU, NULL, 0, 4, 0 },
        { "AU -1", SF_FORMAT_AU, NULL, 0, 4, 0xff },
        { "AU, little, 0", SF_FORMAT_AU | SF_ENDIAN_LITTLE, NULL, 0, 4, 0 },
        { "CAF 0", SF_FORMAT_CAF, "data", 4, 8, 0 },
        { "CAF -1", SF_FORMAT_CAF, "data", 4, 8, 0xff },
        { "W64 0", SF_FORMAT_W64, "data", 16, 8, 0 },
    };
    static struct bytes b;
    size_t n, at;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (!encode(&b, folder, cases[i].format | SF_FORMAT_PCM_16))
            continue;
        float *want = load(&b, &n);

        CHECK(n == FRAMES);
        at = cases[i].chunk ? find(&b, cases[i].chunk) + cases[i].behind : 8;
        fill(b.data + at, cases[i].n, cases[i].byte);
        check_same(cases[i].what, &b, want, n);
        if (b.data[0] == 'R' || b.data[0] == 'F') { /* the whole file's, too */
            fill(b.data + 4, 4, 0);
            check_same(cases[i].what, &b, want, n);
        }
        echo_free(want);
    }
    if (encode(&b, folder, SF_FORMAT_AIFF | SF_FORMAT_PCM_16)) { /* its own 8 bytes count */
        float *want = load(&b, &n);

        memcpy(b.data + find(&b, "SSND") + 4, "\0\0\0\10", 4);
        check_same("AIFF 8", &b, want, n);
        echo_free(want);
    }
    if (encode(&b, folder, SF_FORMAT_CAF | SF_FORMAT_PCM_16)) {
        float *want = load(&b, &n);

        memcpy(b.data + find(&b, "data") + 4, "\0\0\0\0\0\0\0\4", 8);
        check_same("CAF 4", &b, want, n);
        echo_free(want);
    }
    if (encode(&b, folder, SF_FORMAT_RF64 | SF_FORMAT_PCM_16)) {
        float *want = load(&b, &n);

        memcpy(b.data, "BW64", 4);
        check_same("BW64", &b, want, n);
        fill(b.data + find(&b, "ds64") + 16, 8, 0);
        check_same("BW64 0", &b, want, n);
        echo_free(want);
    }
}

/* Nothing behind the length, or whole chunks alone: the file is empty indeed. */
static void check_empty(const char *folder)
{
    static struct bytes b;

    if (!encode(&b, folder, SF_FORMAT_WAV | SF_FORMAT_PCM_16))
        return;
    b.n = find(&b, "data") + 8;
    fill(b.data + b.n - 4, 4, 0);
    check_refused("nothing", &b, "no samples");
    APPEND(&b, "LIST\3\0\0\0abc\0id3 \4\0\0\0abcd");
    check_refused("chunks", &b, "no samples");
    APPEND(&b, "bext\1\0\0\0x"); /* without its filling byte */
    check_refused("an odd chunk", &b, "no samples");
    APPEND(&b, "more that is no chunk");
    float *pcm = NULL;
    size_t n;
    echo_error e;

    CHECK(!echo_audio_load_memory(&pcm, &n, b.data, b.n, "it", 0, &e) && n == 27);
    echo_free(pcm);
}

/* ---- MPEG ---- */

/* The tags and junk before and behind frames. */
static const struct wrapping {
    const char *what, *before;
    size_t before_n, zeros; /* zeros behind what is before */
    const char *behind;
    size_t behind_n, behind_zeros;
} wrappings[] = {
#define TAG(text) text, sizeof text - 1
    { "nothing", TAG(""), 0, TAG(""), 0 },
    { "zeros", TAG(""), 1000, TAG(""), 0 },
    { "more zeros", TAG(""), 20000, TAG(""), 0 },
    { "junk", TAG("it says \xff\xfb\x90 here, and \xff\xfb\x90\x44 there"), 0, TAG(""), 0 },
    { "ID3v2", TAG("ID3\3\0\0\0\0\0\12"), 10, TAG(""), 0 },
    { "ID3v2 and zeros", TAG("ID3\3\0\0\0\0\0\12"), 2000, TAG(""), 0 },
    { "ID3v2 and many zeros", TAG("ID3\3\0\0\0\0\0\12"), 16010, TAG(""), 0 },
    { "zeros without end, nearly", TAG("ID3\3\0\0\0\0\0\12"), 100000, TAG(""), 0 },
    { "ID3v2, too long", TAG("ID3\3\0\0\0\0\20\0"), 30, TAG(""), 0 },
    { "ID3v2, longer than the file", TAG("ID3\3\0\0\177\177\177\177"), 30, TAG(""), 0 },
    { "ID3v2, not in seven bits", TAG("ID3\3\0\0\0\0\0\200"), 128, TAG(""), 0 },
    { "ID3v2 with a footer", TAG("ID3\4\0\20\0\0\0\4abcd3DI\4\0\20\0\0\0\4"), 0, TAG(""), 0 },
    { "two ID3v2", TAG("ID3\3\0\0\0\0\0\2xxID3\3\0\0\0\0\0\3xxx"), 0, TAG(""), 0 },
    { "APE before",
      TAG("APETAGEX\320\7\0\0\44\0\0\0\1\0\0\0\0\0\0\240\0\0\0\0\0\0\0\0nameAPETAGEX"
          "\320\7\0\0\44\0\0\0\1\0\0\0\0\0\0\200\0\0\0\0\0\0\0\0"),
      0, TAG(""), 0 },
    { "ID3v1", TAG(""), 0, TAG("TAG"), 125 },
    { "APE behind", TAG(""), 0,
      TAG("APETAGEX\320\7\0\0\44\0\0\0\1\0\0\0\0\0\0\240\0\0\0\0\0\0\0\0nameAPETAGEX"
          "\320\7\0\0\44\0\0\0\1\0\0\0\0\0\0\200\0\0\0\0\0\0\0\0"),
      0 },
    { "APE without its header", TAG(""), 0,
      TAG("APETAGEX\320\7\0\0\40\0\0\0\1\0\0\0\0\0\0\200\0\0\0\0\0\0\0\0"), 0 },
    { "Lyrics3", TAG(""), 0, TAG("LYRICSBEGINla la la000019LYRICS200TAG"), 125 },
    { "Lyrics3 v1", TAG(""), 0, TAG("LYRICSBEGINla la laLYRICSENDTAG"), 125 },
    { "ID3v2 behind", TAG(""), 0, TAG("ID3\4\0\20\0\0\0\4abcd3DI\4\0\20\0\0\0\4"), 0 },
#undef TAG
};

static void wrap(struct bytes *out, const struct bytes *frames, const struct wrapping *w)
{
    out->n = 0;
    append(out, w->before, w->before_n);
    append_zeros(out, w->zeros);
    append(out, frames->data, frames->n);
    append(out, w->behind, w->behind_n);
    append_zeros(out, w->behind_zeros);
}

static void check_mpeg(const char *folder)
{
    static struct bytes good, b;
    size_t n, cut;
    float *want;

    if (!encode(&good, folder, SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III))
        return;
    want = load(&good, &n);
    CHECK(n == FRAMES); /* without what the encoder padded */
    for (size_t i = 0; i < sizeof wrappings / sizeof *wrappings; i++) {
        wrap(&b, &good, &wrappings[i]);
        check_same(wrappings[i].what, &b, want, n);
    }
    echo_free(want);

    /* Cut out of a stream: without its first frames, which say what was padded. */
    b = good;
    cut = good.n / 3;
    memmove(b.data, b.data + cut, b.n -= cut);
    want = load(&b, &n);
    CHECK_SAY(n > FRAMES / 3, "%zu samples", n);
    echo_free(want);

    /* Junk between the frames is passed over. */
    b.n = 0;
    append(&b, good.data, good.n / 2);
    append_zeros(&b, 20000);
    append(&b, good.data + good.n / 2, good.n - good.n / 2);
    want = load(&b, &n);
    CHECK_SAY(n > FRAMES * 2 / 3, "%zu samples behind junk", n);
    echo_free(want);
}

/* Other bytes do not pass for MPEG. */
static void check_no_mpeg(void)
{
    static struct bytes b;
    uint64_t x = 1;

    for (int seed = 0; seed < 20; seed++) {
        for (b.n = 0; b.n < ROOM; b.n++) {
            x = x * 6364136223846793005u + 1442695040888963407u;
            b.data[b.n] = (unsigned char)(x >> 56);
        }
        memcpy(b.data, "\xff\xfb\x90\x44", 4); /* one header is none */
        check_refused("noise", &b, "not an audio file");
        memcpy(b.data, "ID3\3\0\0\0\0\0\12", 10);
        check_refused("noise with a tag", &b, "damaged");
    }
    for (b.n = 0; b.n < ROOM; b.n++)
        b.data[b.n] = (unsigned char)"a line of text\n"[b.n % 15];
    check_refused("text", &b, "plain text");
    for (b.n = 0; b.n < ROOM; b.n += 4)
        memcpy(b.data + b.n, "\xff\xfb\x90\x44", 4);
    check_refused("headers alone", &b, "not an audio file");
    fill(b.data, ROOM, 0xff);
    check_refused("ones", &b, "not an audio file");
    fill(b.data, ROOM, 0);
    check_refused("zeros", &b, "not an audio file");
    b.n = 0;
    check_refused("nothing", &b, "not an audio file");
}

/* ---- channels and loudness ---- */

/* Stereo of a sine and `gain` times it. */
static void check_pair(float gain, int want)
{
    static unsigned char data[44 + 8 * FRAMES];
    struct audio_about about;
    struct source source;
    uint32_t rate = 44100, bytes = 8 * FRAMES;
    float *pcm = NULL, *frames = malloc(bytes);
    size_t n;
    echo_error e;

    for (int i = 0; i < FRAMES; i++) {
        frames[2 * i] = 0.5f * sinf((float)i * 0.1f);
        frames[2 * i + 1] = frames[2 * i] * gain;
    }
    memcpy(data, "RIFF\0\0\0\0WAVEfmt \20\0\0\0\3\0\2\0", 24);
    memcpy(data + 24, &rate, 4);
    rate *= 8;
    memcpy(data + 28, &rate, 4);
    memcpy(data + 32, "\10\0\40\0data", 8);
    memcpy(data + 40, &bytes, 4);
    memcpy(data + 44, frames, bytes);
    echo_source_memory(&source, data, sizeof data, "it");
    if (CHECK(!echo_audio_load_source(&pcm, &n, &source, 0, &about, &e) && n == FRAMES)) {
        CHECK_SAY(about.channel == want && about.channels == 2, "gain %g: channel %d", gain,
                  about.channel);
        for (size_t i = 0; i < n; i++) /* to the last bit */
            if (!CHECK(pcm[i] == (want ? frames[2 * i + (size_t)want - 1]
                                       : (frames[2 * i] + frames[2 * i + 1]) / 2)))
                break;
    }
    echo_free(pcm);
    free(frames);
}

static void check_loudness(void)
{
    static float pcm[2 * ECHO_SAMPLE_RATE];
    static const size_t lengths[] = { 2 * ECHO_SAMPLE_RATE, ECHO_SAMPLE_RATE / 5 };
    struct loudness l;
    float lift;

    for (size_t k = 0; k < 2; k++) /* long, and shorter than R 128 has it */
        for (float gain = 1; gain > 1e-5f; gain /= 4) {
            for (size_t i = 0; i < lengths[k]; i++)
                pcm[i] = gain * sinf((float)i * (float)(2 * 3.14159265 * 997 / 44100));
            CHECK(!echo_loudness(&l, pcm, lengths[k], NULL));
            /* A sine of full scale has -3.01 LUFS in one channel, by the standard. */
            CHECK_SAY(fabs(l.lufs - (20 * log10(gain) - 3.01)) < 0.1, "%g: %g", gain, l.lufs);
            CHECK(fabsf(l.swing / gain - 1) < 1e-2f && fabsf(l.peak / gain - 1) < 1e-2f);
            lift = echo_loudness_lift(&l);
            if (l.lufs >= LOUDNESS_QUIET)
                CHECK(lift == 1);
            else
                CHECK_SAY(fabs(l.lufs + 20 * log10(lift) - LOUDNESS_ORDINARY) < 0.01, "%g",
                          lift);
        }
    fill(pcm, sizeof pcm, 0);
    for (size_t i = 0; i < ECHO_SAMPLE_RATE; i++)
        pcm[i] = 1e-3f * sinf((float)i * 0.1f);
    pcm[50000] = 0.5f; /* a click does not get louder than 1 */
    CHECK(!echo_loudness(&l, pcm, 2 * ECHO_SAMPLE_RATE, NULL));
    lift = echo_loudness_lift(&l);
    CHECK_SAY(lift > 1 && lift * 0.5f < 1, "%g at %g LUFS", lift, l.lufs);
    for (size_t i = 0; i < 2 * ECHO_SAMPLE_RATE; i++)
        pcm[i] = 0.25f;
    CHECK(!echo_loudness(&l, pcm, 2 * ECHO_SAMPLE_RATE, NULL) && l.swing == 0);
    CHECK(!echo_loudness(&l, pcm, 0, NULL) && l.swing == 0);
}

/* ---- what is no sound ---- */

static void check_signatures(void)
{
    static const struct {
        const char *bytes;
        size_t n;
        enum signature_kind kind;
        const char *word;
    } cases[] = {
#define B(text) text, sizeof text - 1
        { B("RIFF\1\2\3\4WAVE"), SIGNATURE_SOUND, "WAV" },
        { B("RIFF\1\2\3\4AVI "), SIGNATURE_MEDIA, "AVI" },
        { B("\0\0\0\34ftypM4A "), SIGNATURE_MEDIA, "M4A" },
        { B("\xff\xf1\x50\x80"), SIGNATURE_MEDIA, "AAC" },
        { B("\xff\xfb\x90\x44"), SIGNATURE_MPEG, "MP3" },
        { B("\x1a\x45\xdf\xa3\1"), SIGNATURE_MEDIA, "Matroska" },
        { B("\x40\0\0\0\0\0\0\0{\"a"), SIGNATURE_SAFETENSORS, "safetensors" },
        { B("PK\3\4\24\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\16\0\0\0voice/data.pkl"),
          SIGNATURE_NUMBERS, "PyTorch file" },
        { B("PK\3\4\24\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\5\0\0\0a.npy"),
          SIGNATURE_NUMBERS, ".npz" },
        { B("PK\3\4"), SIGNATURE_NUMBERS, "ZIP" },
        { B("\x93NUMPY\1\0"), SIGNATURE_NUMBERS, ".npy" },
        { B("version https://git-lfs.github.com/spec/v1\n"), SIGNATURE_POINTER, "LFS" },
        { B("\r\n <!DOCTYPE html>"), SIGNATURE_PAGE, "web page" },
        { B("\xef\xbb\xbf[1, 2]"), SIGNATURE_OTHER, "JSON" },
        { B("Voil\xc3\xa0.\r\n"), SIGNATURE_OTHER, "text" },
        { B("text\1"), SIGNATURE_UNKNOWN, NULL },
        { B(""), SIGNATURE_UNKNOWN, NULL },
#undef B
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct signature s = echo_signature(cases[i].bytes, cases[i].n);

        CHECK_SAY(s.kind == cases[i].kind && !s.what == !cases[i].word &&
                      (!s.what || strstr(s.what, cases[i].word)),
                  "%zu: kind %d, %s", i, (int)s.kind, s.what ? s.what : "nothing");
        for (size_t n = 0; n < cases[i].n; n++) { /* nothing is read behind the end */
            char *cut = malloc(n + !n);

            memcpy(cut, cases[i].bytes, n);
            s = echo_signature(cut, n);
            CHECK(s.kind == SIGNATURE_UNKNOWN || s.what);
            free(cut);
        }
    }
}

int main(void)
{
    static const float cancelled[] = { -1, -0.9f, -0.6f, -1.4f };
    static const float others[] = { 1, 0, -0.4f, 0.5f, -2.5f };
    char folder[] = "/tmp/echotts-test-XXXXXX";

    if (CHECK(mkdtemp(folder) != NULL)) {
        check_lengths(folder);
        check_empty(folder);
        check_mpeg(folder);
        CHECK(!rmdir(folder));
    }
    check_no_mpeg();
    for (size_t i = 0; i < sizeof cancelled / sizeof *cancelled; i++)
        check_pair(cancelled[i], cancelled[i] < -1 ? 2 : 1);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        check_pair(others[i], 0);
    check_loudness();
    check_signatures();
    return unit_report();
}

/* SPDX-License-Identifier: MIT */
#include "audio/format.h"

#include <math.h>
#include <sndfile.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "audio/ffmpeg.h"
#include "base/error.h"

#define MIN_RATE 8000
#define MAX_RATE 48000

/* Headers before 1.1 do not know it; the library is asked. */
#define SNDFILE_MP3 (0x230000 | 0x82)

/* Of sound up to this rate: the lowest and the highest, which is `top` of the way from the most
 * to the least compression. */
struct bitrate {
    int rate, min, max;
    double top;
};

/* How libsndfile counts, by version of MPEG. */
static const struct bitrate of_mp3[] = {
    { 15999, 8, 64, 1 }, { 31999, 8, 160, 1 }, { MAX_RATE, 32, 320, 1 } };
static const struct bitrate of_opus[] = { { MAX_RATE, 6, 256, 1 } };
/* Measured, as its files say it, at qualities 0 and 8: between them it is nearly straight. */
static const struct bitrate of_vorbis[] = {
    { 8999, 14, 36, 0.8 },  { 14999, 20, 60, 0.8 }, { 18999, 24, 85, 0.8 },
    { 25999, 24, 74, 0.8 }, { 39999, 36, 110, 0.8 }, { MAX_RATE, 48, 140, 0.8 } };

/* At most 6 bits a sample, as AAC has it. */
static const struct bitrate of_aac[] = {
    { 10999, 8, 48, 1 }, { 15999, 8, 64, 1 }, { 31999, 12, 96, 1 }, { MAX_RATE, 24, 192, 1 } };

static const int mp3_rates[] = { 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000,
                                 0 };
static const int opus_rates[] = { 8000, 12000, 16000, 24000, 48000, 0 };

static double straight(double quality)
{
    return 1 - quality;
}

/* Opus counts up to 256 kbit/s; one voice is good at 64 (quality 0.5). */
static double curved(double quality)
{
    return 1 - quality * quality;
}

static const struct format formats[] = {
    { { "wav", "wav", "audio/wav", "WAV", false, true },
      "wave", 0, true, ECHO_SAMPLE_RATE, NULL, NULL, NULL, false },
    { { "pcm", "pcm", "audio/L16", "raw samples", false, true },
      "raw", 0, false, ECHO_SAMPLE_RATE, NULL, NULL, NULL, false },
    { { "flac", "flac", "audio/flac", "FLAC", false, true },
      NULL, SF_FORMAT_FLAC | SF_FORMAT_PCM_16, true, ECHO_SAMPLE_RATE, NULL, NULL, NULL,
      false },
    { { "mp3", "mp3", "audio/mpeg", "MP3", true, true },
      NULL, SNDFILE_MP3, true, ECHO_SAMPLE_RATE, mp3_rates, of_mp3, straight, false },
    { { "ogg", "ogg", "audio/ogg", "Ogg Vorbis", true, true },
      "oga", SF_FORMAT_OGG | SF_FORMAT_VORBIS, true, ECHO_SAMPLE_RATE, NULL, of_vorbis,
      straight, false },
    { { "opus", "opus", "audio/ogg; codecs=opus", "Opus", true, true },
      NULL, SF_FORMAT_OGG | SF_FORMAT_OPUS, true, 48000, opus_rates, of_opus, curved, false },
    { { "aac", "aac", "audio/aac", "AAC", true, true },
      "adts", 0, false, ECHO_SAMPLE_RATE, mp3_rates, of_aac, curved, true },
};

#define FORMATS ((int)(sizeof formats / sizeof *formats))

/* Endings of sound that cannot be written. */
static const char *const foreign[] = { "mp2", "spx", "m4a", "m4b", "mp4", "mov", "3gp",
                                       "wma", "webm", "weba", "mka", "mkv", "aif", "aiff",
                                       "aifc", "au", "snd", "caf", "amr", "ac3", "w64", "wv",
                                       "ape", "tta", "mpc", "dsf", NULL };

/* ---- by number, name and path ---- */

static bool can_encode(const struct format *f)
{
    SF_INFO info = { .samplerate = f->rate, .channels = 1, .format = f->sndfile };

    if (f->by_ffmpeg)
        return echo_ffmpeg_is_there();
    return !f->sndfile || sf_format_check(&info);
}

static void describe(const struct format *f, echo_format *out)
{
    *out = f->about;
    out->available = can_encode(f);
}

bool echo_format_at(int i, echo_format *out)
{
    if (i < 0 || i >= FORMATS)
        return false;
    describe(&formats[i], out);
    return true;
}

static const struct format *find(const char *name)
{
    for (int i = 0; i < FORMATS; i++)
        if (!strcasecmp(name, formats[i].about.name) ||
            (formats[i].also && !strcasecmp(name, formats[i].also)))
            return &formats[i];
    return NULL;
}

static echo_status named(const char *name, const struct format **f, echo_error *err)
{
    char list[128] = "";
    size_t n = 0;

    if ((*f = find(name)))
        return ECHO_OK;
    for (int i = 0; i < FORMATS; i++)
        n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", i ? ", " : "",
                              formats[i].about.name);
    return echo_fail_field(err, "format", "no format '%.40s' is known: there are %s", name,
                           list);
}

/* The ending of a file name, behind its last dot, or NULL. */
static const char *ending(const char *path)
{
    const char *dot = strrchr(path, '.');

    return dot && !strchr(dot, '/') ? dot + 1 : NULL;
}

/* *f is NULL where the ending says nothing. */
static echo_status of_path(const char *path, const struct format **f, echo_error *err)
{
    const char *end = ending(path);
    int stem;

    if (!end || (*f = find(end)))
        return ECHO_OK;
    stem = (int)(end - 1 - path);
    for (int i = 0; foreign[i]; i++)
        if (!strcasecmp(end, foreign[i]))
            return echo_fail_field(err, "format",
                                   "%s: this format is not written: name it %.*s.mp3 (or .wav, "
                                   ".flac, .ogg, .opus), or convert it then, `ffmpeg -i "
                                   "%.*s.wav %s`",
                                   path, stem, path, stem, path, path);
    return ECHO_OK;
}

echo_status echo_format_named(const char *name, echo_format *out, echo_error *err)
{
    const struct format *f;
    echo_status s = named(name, &f, err);

    if (!s)
        describe(f, out);
    return s;
}

echo_status echo_format_of_path(const char *path, echo_format *out, echo_error *err)
{
    const struct format *f = NULL;
    echo_status s = of_path(path, &f, err);

    if (s)
        return s;
    describe(f ? f : formats, out);
    if (!f)
        out->ending = NULL;
    return ECHO_OK;
}

/* ---- what is asked for ---- */

/* An ending may name the container alone: Opus in a file ".ogg". */
static bool share_ending(const struct format *a, const struct format *b)
{
    size_t n = strcspn(a->about.mime, ";");

    return a == b || (n == strcspn(b->about.mime, ";") &&
                      !strncmp(a->about.mime, b->about.mime, n));
}

static echo_status choose_format(struct encoding *e, const char *path, const char *name,
                                 echo_error *err)
{
    const struct format *by_path = NULL;
    echo_status s = path ? of_path(path, &by_path, err) : ECHO_OK;

    if (!s && name)
        s = named(name, &e->format, err);
    if (s)
        return s;
    if (!name)
        e->format = by_path ? by_path : formats;
    if (by_path && !share_ending(e->format, by_path))
        return echo_fail_field(err, "format", "%s: %s is asked for, but the name says %s", path,
                               e->format->about.title, by_path->about.title);
    if (e->format->by_ffmpeg && !can_encode(e->format))
        return echo_fail_field(err, "format", "%s is written by ffmpeg, and there is none: "
                                              "install ffmpeg, or name it by $ECHOTTS_FFMPEG",
                               e->format->about.title);
    if (!can_encode(e->format))
        return echo_fail_field(err, "format", "%s cannot be written: %s has no encoder for it",
                               e->format->about.title, sf_version_string());
    return ECHO_OK;
}

static echo_status choose_rate(struct encoding *e, int rate, echo_error *err)
{
    const int *rates = e->format->rates;
    char list[96] = "";
    size_t n = 0;

    e->rate = rate ? rate : e->format->rate;
    if (e->rate < MIN_RATE || e->rate > MAX_RATE)
        return echo_fail_field(err, "rate", "a rate of %d Hz is outside %d to %d", rate,
                               MIN_RATE, MAX_RATE);
    for (int i = 0; rates && rates[i] != e->rate; i++) {
        if (!rates[i])
            return echo_fail_field(err, "rate", "a rate of %d Hz: %s has %s", rate,
                                   e->format->about.title, list);
        n += (size_t)snprintf(list + n, sizeof list - n, "%s%d", i ? ", " : "", rates[i]);
    }
    return ECHO_OK;
}

static echo_status choose_level(struct encoding *e, int bitrate, float quality, echo_error *err)
{
    const struct format *f = e->format;
    const struct bitrate *b = f->bitrates;

    if (!f->about.lossy)
        return bitrate || quality != 0
                   ? echo_fail_field(err, bitrate ? "bitrate" : "quality",
                                     "%s has no %s: it keeps every sample", f->about.title,
                                     bitrate ? "bitrate" : "quality")
                   : ECHO_OK;
    if (bitrate && quality != 0)
        return echo_fail_field(err, "bitrate", "bitrate and quality: give one of them");
    if (!(quality >= 0 && quality <= 1))
        return echo_fail_field(err, "quality", "a quality of %g is outside 0 to 1", quality);
    e->level = f->level(quality > 0 ? quality : 0.5);
    while (e->rate > b->rate)
        b++;
    e->bitrate = bitrate ? bitrate : (int)lround(b->min + (1 - e->level) * (b->max - b->min));
    if (!bitrate)
        return ECHO_OK;
    if (bitrate < b->min || bitrate > b->max)
        return echo_fail_field(err, "bitrate",
                               "%d kbit/s is outside %d to %d, which %s has at %d Hz", bitrate,
                               b->min, b->max, f->about.title, e->rate);
    e->constant = true;
    e->level = 1 - b->top * (bitrate - b->min) / (b->max - b->min);
    return ECHO_OK;
}

echo_status echo_encoding_choose(struct encoding *e, const char *path,
                                 const echo_writer_opts *opts, echo_error *err)
{
    echo_status s;

    *e = (struct encoding){ .as_float = opts->as_float, .stream = opts->stream };
    if ((s = choose_format(e, path, opts->format, err)) ||
        (s = choose_rate(e, opts->rate, err)))
        return s;
    if (e->as_float && (e->format->sndfile || e->format->by_ffmpeg))
        return echo_fail_field(err, "as_float", "%s has no float samples: wav and pcm have",
                               e->format->about.title);
    return choose_level(e, opts->bitrate, opts->quality, err);
}

/* SPDX-License-Identifier: MIT */
#include "audio/decoder.h"

#include <mpg123.h>
#include <sndfile.h>
#include <string.h>

#include "audio/audio.h"
#include "base/error.h"

#define MAX_CHANNELS 64

/* ---- the view, for the libraries ---- */

static int64_t seek(struct view *v, int64_t offset, int whence)
{
    int64_t from = (int64_t)(whence == SEEK_END ? v->bytes : v->at), to;

    if (whence == SEEK_SET)
        from = 0;
    if (__builtin_add_overflow(from, offset, &to) || to < 0) /* headers ask for any place */
        return -1;
    v->at = (uint64_t)to;
    return to;
}

static size_t read_on(struct view *v, void *out, size_t n)
{
    size_t got = echo_view_read(v, v->at, out, n);

    v->at += got;
    return got;
}

static sf_count_t sndfile_length(void *view)
{
    return (sf_count_t)((struct view *)view)->bytes;
}

static sf_count_t sndfile_seek(sf_count_t offset, int whence, void *view)
{
    return seek(view, offset, whence);
}

static sf_count_t sndfile_read(void *out, sf_count_t n, void *view)
{
    return n > 0 ? (sf_count_t)read_on(view, out, (size_t)n) : 0;
}

static sf_count_t sndfile_write(const void *data, sf_count_t n, void *view)
{
    (void)data, (void)n, (void)view;
    return 0;
}

static sf_count_t sndfile_tell(void *view)
{
    return (sf_count_t)((struct view *)view)->at;
}

static ssize_t mpg123_read_view(void *view, void *out, size_t n)
{
    return (ssize_t)read_on(view, out, n);
}

static off_t mpg123_seek_view(void *view, off_t offset, int whence)
{
    return (off_t)seek(view, offset, whence);
}

/* ---- opening ---- */

static bool open_sndfile(struct decoder *d)
{
    SF_VIRTUAL_IO io = { sndfile_length, sndfile_seek, sndfile_read, sndfile_write,
                         sndfile_tell };
    SF_INFO info = { 0 };

    if (!(d->sndfile = sf_open_virtual(&io, SFM_READ, &info, &d->in.view)))
        return false;
    d->rate = info.samplerate;
    d->channels = info.channels;
    d->frames = info.frames < SF_COUNT_MAX ? info.frames : -1;
    return true;
}

/* As libsndfile opens it, but in silence, and going on behind junk of any length. */
static bool open_mpg123(struct decoder *d)
{
    mpg123_handle *h;
    long rate;
    int encoding;

    mpg123_init(); /* does nothing in new versions */
    if (!(h = d->mpg123 = mpg123_new(NULL, NULL)))
        return false;
    mpg123_param(h, MPG123_REMOVE_FLAGS, MPG123_AUTO_RESAMPLE, 0);
    mpg123_param(h, MPG123_ADD_FLAGS, MPG123_QUIET | MPG123_FORCE_FLOAT | MPG123_GAPLESS, 0);
#if MPG123_API_VERSION >= 45
    mpg123_param(h, MPG123_ADD_FLAGS, MPG123_NO_FRANKENSTEIN, 0);
#endif
    mpg123_param(h, MPG123_RESYNC_LIMIT, -1, 0);
    if (mpg123_replace_reader_handle(h, mpg123_read_view, mpg123_seek_view, NULL) ||
        mpg123_open_handle(h, &d->in.view) ||
        mpg123_getformat(h, &rate, &d->channels, &encoding))
        return false;
    if (mpg123_length(h) <= 0 && mpg123_scan(h)) /* a scan changes the samples behind it */
        return false;
    if (encoding != MPG123_ENC_FLOAT_32 &&
        mpg123_format(h, rate, d->channels, MPG123_ENC_FLOAT_32))
        return false;
    d->rate = (int)rate;
    d->frames = mpg123_length(h);
    return true;
}

/* One line: what the file is, and what helps. */
static echo_status refuse(const struct decoder *d, const char *name, echo_error *err)
{
    struct signature kind = d->in.kind;
    char line[160];

    if (kind.kind == SIGNATURE_MEDIA)
        return echo_fail(err, ECHO_ERR_FILE, "%s: this is %s, which is not read here: convert "
                                             "it, `ffmpeg -i %s out.wav`",
                         name, kind.what, strcmp(name, "standard input") ? name : "-");
    if (kind.kind == SIGNATURE_NUMBERS)
        return echo_fail(err, ECHO_ERR_FILE, "%s: this is %s, not audio; latents are read from "
                                             "safetensors (docs/CLIPS.md says how to convert)",
                         name, kind.what);
    if (kind.kind == SIGNATURE_SOUND)
        return echo_fail(err, ECHO_ERR_FILE, "%s: this begins as %s, but it is damaged or "
                                             "encoded in a way that is not read: "
                                             "`ffmpeg -i %s out.wav` may help",
                         name, kind.what, strcmp(name, "standard input") ? name : "-");
    if (kind.what && kind.kind != SIGNATURE_MPEG) {
        echo_signature_line(line, sizeof line, kind, "audio");
        return echo_fail(err, ECHO_ERR_FILE, "%s: this is %s", name, line);
    }
    return echo_fail(err, ECHO_ERR_FILE,
                     "%s: not an audio file that can be read (WAV, FLAC, Ogg Vorbis, Opus, "
                     "MP3, AIFF, AU, CAF and others can), or damaged",
                     name);
}

echo_status echo_decoder_open(struct decoder *d, struct source *s, echo_error *err)
{
    echo_status status;

    *d = (struct decoder){ 0 };
    if (!echo_container_find(&d->in, s))
        return refuse(d, s->name, err);
    if (s->is_stream) { /* its head was good: look at all of it */
        if ((status = echo_source_spool(s, err)))
            return status;
        if (!echo_container_find(&d->in, s))
            return refuse(d, s->name, err);
    }
    if (!d->in.is_mpeg && !echo_container_repair(&d->in))
        return refuse(d, s->name, err);
    if (!(d->in.is_mpeg ? open_mpg123(d) : open_sndfile(d)))
        return refuse(d, s->name, err);
    if (d->channels < 1 || d->channels > MAX_CHANNELS)
        return echo_fail(err, ECHO_ERR_FILE, "%s: %d channels, 1 to %d are read", s->name,
                         d->channels, MAX_CHANNELS);
    if (d->rate < AUDIO_MIN_RATE || d->rate > AUDIO_MAX_RATE)
        return echo_fail(err, ECHO_ERR_FILE, "%s: a sample rate of %d Hz is outside %d to %d",
                         s->name, d->rate, AUDIO_MIN_RATE, AUDIO_MAX_RATE);
    return ECHO_OK;
}

size_t echo_decoder_read(struct decoder *d, float *out, size_t n)
{
    size_t frame = (size_t)d->channels * sizeof *out, got = 0;

    if (d->mpg123) {
        int status = mpg123_read(d->mpg123, (void *)out, n * frame, &got);

        return status == MPG123_OK || status == MPG123_DONE ? got / frame : 0;
    }
    sf_count_t frames = sf_readf_float(d->sndfile, out, (sf_count_t)n);

    return frames > 0 ? (size_t)frames : 0;
}

int64_t echo_decoder_length(struct decoder *d)
{
    if (d->mpg123 && !mpg123_scan(d->mpg123))
        d->frames = mpg123_length(d->mpg123);
    return d->frames;
}

void echo_decoder_close(struct decoder *d)
{
    sf_close(d->sndfile);
    if (d->mpg123)
        mpg123_delete(d->mpg123);
    *d = (struct decoder){ 0 };
}

/* SPDX-License-Identifier: MIT */
#include "audio/encoder.h"

#include <math.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>

#include "audio/ffmpeg.h"
#include "audio/wav.h"
#include "base/error.h"

#define BLOCK   ((size_t)4096) /* samples converted at a time */
#define PAGE_MS 200.0          /* of a stream: no listener waits longer for a page of Ogg */

/* ---- the outlet, for libsndfile ---- */

static sf_count_t length_of(void *user)
{
    const struct encoder *e = user;

    return (sf_count_t)(e->to->bytes - e->base);
}

static sf_count_t tell(void *user)
{
    const struct encoder *e = user;

    return (sf_count_t)(e->to->at - e->base);
}

static sf_count_t seek(sf_count_t offset, int whence, void *user)
{
    struct encoder *e = user;

    offset += whence == SEEK_CUR ? tell(e) : whence == SEEK_END ? length_of(e) : 0;
    if (offset < 0 || offset > length_of(e))
        return -1;
    e->to->at = e->base + (uint64_t)offset;
    return offset;
}

static sf_count_t read_back(void *out, sf_count_t n, void *user)
{
    struct encoder *e = user;

    return n > 0 ? (sf_count_t)echo_outlet_read(e->to, out, (size_t)n) : 0;
}

/* Failures stay with the outlet. */
static sf_count_t write_on(const void *data, sf_count_t n, void *user)
{
    struct encoder *e = user;

    echo_outlet_write(e->to, data, (size_t)n);
    return n;
}

/* ---- opening ---- */

static echo_status cannot_encode(const struct encoder *e, echo_error *err)
{
    return echo_fail(err, ECHO_ERR_MEMORY, "%s: cannot be encoded as %s: %s", e->to->name,
                     e->how.format->about.title, sf_strerror(e->sndfile));
}

/* libsndfile's own ID3 tags are not in UTF-8. */
static echo_status write_id3(struct encoder *e, const struct tags *tags, echo_error *err)
{
    unsigned char *bytes;
    size_t n;
    echo_status s = echo_tags_id3(tags, &bytes, &n, err);

    if (bytes)
        echo_outlet_write(e->to, bytes, n);
    free(bytes);
    e->base = e->to->bytes;
    return s;
}

static echo_status open_sndfile(struct encoder *e, struct tags *tags, echo_error *err)
{
    SF_VIRTUAL_IO io = { length_of, seek, read_back, write_on, tell };
    SF_INFO info = { .samplerate = e->how.rate, .channels = 1,
                     .format = e->how.format->sndfile };
    bool is_mp3 = (info.format & SF_FORMAT_TYPEMASK) == 0x230000;
    int mode = e->how.constant ? SF_BITRATE_MODE_CONSTANT : SF_BITRATE_MODE_VARIABLE;
    double level = e->how.level, page_ms = PAGE_MS;
    echo_status s = is_mp3 ? write_id3(e, tags, err) : echo_tags_fold_text(tags, err);

    if (s)
        return s;
    if (!(e->sndfile = sf_open_virtual(&io, SFM_WRITE, &info, e)))
        return cannot_encode(e, err);
    if (is_mp3) /* before the level, which it gives its meaning */
        sf_command(e->sndfile, SFC_SET_BITRATE_MODE, &mode, sizeof mode);
    else
        echo_tags_set(tags, e->sndfile);
    if (e->how.format->about.lossy &&
        !sf_command(e->sndfile, SFC_SET_COMPRESSION_LEVEL, &level, sizeof level))
        return cannot_encode(e, err);
    if (e->how.stream)
        sf_command(e->sndfile, SFC_SET_OGG_PAGE_LATENCY_MS, &page_ms, sizeof page_ms);
    return ECHO_OK;
}

/* ---- AAC, by ffmpeg ---- */

#define FRAME      1024 /* samples in a frame of AAC */
#define BEHIND     4096 /* samples that ffmpeg may have and not yet given back */
#define START_MS   1000 /* for the first frame of a stream, which waits for ffmpeg to load */
#define FRAME_MS    100 /* for another */

/* Count the frames: six bytes of a header tell how long each is. */
static void count_frames(struct encoder *e, const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t left = n - i;

        if (e->skip) {
            size_t some = e->skip < left ? e->skip : left;

            e->skip -= some;
            i += some - 1;
            continue;
        }
        e->head[e->head_bytes++] = bytes[i];
        if (e->head_bytes < sizeof e->head)
            continue;
        e->skip = (size_t)((e->head[3] & 3) << 11 | e->head[4] << 3 | e->head[5] >> 5);
        e->skip -= e->skip > sizeof e->head ? sizeof e->head : e->skip;
        e->head_bytes = 0;
        e->frames++;
    }
}

static void take(void *user, const void *bytes, size_t n)
{
    struct encoder *e = user;

    count_frames(e, bytes, n);
    echo_outlet_write(e->to, bytes, n);
}

static echo_status ffmpeg_failed(const struct encoder *e, echo_error *err)
{
    return echo_fail(err, ECHO_ERR_FILE, "%s: ffmpeg cannot encode it as %s: %s", e->to->name,
                     e->how.format->about.title, e->ffmpeg.line);
}

static echo_status open_ffmpeg(struct encoder *e, const struct tags *tags, echo_error *err)
{
    char rate[16], bitrate[16];
    const char *words[] = { echo_ffmpeg(), "-nostdin", "-v", "error", "-probesize", "32",
                            "-analyzeduration", "0", "-f", "f32le", "-ar", rate, "-ac", "1",
                            "-i", "pipe:0", "-c:a", "aac", "-b:a", bitrate,
                            "-flush_packets", "1", "-f", "adts", "pipe:1", NULL };
    echo_status s = write_id3(e, tags, err);

    if (s)
        return s;
    snprintf(rate, sizeof rate, "%d", e->how.rate);
    snprintf(bitrate, sizeof bitrate, "%dk", e->how.bitrate);
    e->ffmpeg.take = take;
    e->ffmpeg.user = e;
    return echo_filter_open(&e->ffmpeg, words) ? ECHO_OK : ffmpeg_failed(e, err);
}

static bool write_ffmpeg(struct encoder *e, const float *pcm, size_t n)
{
    float block[BLOCK];

    for (size_t i = 0; i < n; i++)
        block[i] = fminf(fmaxf(pcm[i], -1), 1);
    return echo_filter_write(&e->ffmpeg, block, n * sizeof *block);
}

/* Of a stream, what was made leaves now, not with the next samples. */
static void await_frames(struct encoder *e)
{
    while (e->how.stream && e->samples > (e->frames * FRAME) + BEHIND &&
           echo_filter_wait(&e->ffmpeg, e->frames ? FRAME_MS : START_MS))
        continue;
}

/* ---- plain samples ---- */

static size_t sample_bytes(const struct encoder *e)
{
    return e->how.as_float ? sizeof(float) : sizeof(short);
}

static echo_status write_header(struct encoder *e, uint64_t bytes, echo_error *err)
{
    struct wav wav = { .rate = e->how.rate, .as_float = e->how.as_float, .chunks = e->chunks,
                       .chunk_bytes = e->chunk_bytes };
    unsigned char *header = malloc(WAV_HEADER + e->chunk_bytes);
    size_t n;

    if (!header)
        return echo_fail_memory(err, WAV_HEADER + e->chunk_bytes, e->to->name);
    n = echo_wav_header(&wav, bytes, header);
    if (e->to->bytes && n > e->base) /* it has become too long for a plain one */
        echo_outlet_shift(e->to, n - e->base);
    e->to->at = 0;
    echo_outlet_write(e->to, header, n);
    e->base = n;
    free(header);
    return ECHO_OK;
}

static echo_status open_wav(struct encoder *e, struct tags *tags, echo_error *err)
{
    echo_status s = echo_tags_fold_text(tags, err);

    if (!s)
        s = echo_tags_list(tags, &e->chunks, &e->chunk_bytes, err);
    return s ? s : write_header(e, e->how.stream ? UINT64_MAX : 0, err);
}

echo_status echo_encoder_open(struct encoder *e, const struct encoding *how, struct tags *tags,
                              struct outlet *to, echo_error *err)
{
    echo_status s = ECHO_OK;

    *e = (struct encoder){ .how = *how, .to = to };
    if (how->format->by_ffmpeg)
        s = open_ffmpeg(e, tags, err);
    else if (how->format->sndfile)
        s = open_sndfile(e, tags, err);
    else if (how->format->header)
        s = open_wav(e, tags, err);
    return s ? s : echo_outlet_status(to, err);
}

/* ---- samples ---- */

static void write_plain(struct encoder *e, const float *pcm, size_t n)
{
    short block[BLOCK];

    if (e->how.as_float) {
        echo_outlet_write(e->to, pcm, n * sizeof *pcm);
        return;
    }
    echo_pcm16(block, pcm, n);
    echo_outlet_write(e->to, block, n * sizeof *block);
}

static bool write_sndfile(struct encoder *e, const float *pcm, size_t n)
{
    union {
        short whole[BLOCK];
        float part[BLOCK];
    } block;

    if (!e->how.format->about.lossy) {
        echo_pcm16(block.whole, pcm, n);
        return sf_write_short(e->sndfile, block.whole, (sf_count_t)n) == (sf_count_t)n;
    }
    for (size_t i = 0; i < n; i++) /* encoders are not made for more */
        block.part[i] = fminf(fmaxf(pcm[i], -1), 1);
    return sf_write_float(e->sndfile, block.part, (sf_count_t)n) == (sf_count_t)n;
}

echo_status echo_encoder_write(struct encoder *e, const float *pcm, size_t n, echo_error *err)
{
    for (size_t i = 0, some; i < n; i += some) {
        some = n - i < BLOCK ? n - i : BLOCK;
        e->samples += some;
        if (e->how.format->by_ffmpeg) {
            if (!write_ffmpeg(e, pcm + i, some))
                return ffmpeg_failed(e, err);
        } else if (!e->sndfile)
            write_plain(e, pcm + i, some);
        else if (!write_sndfile(e, pcm + i, some))
            return cannot_encode(e, err);
    }
    if (e->how.format->by_ffmpeg)
        await_frames(e);
    return echo_outlet_status(e->to, err);
}

static int close_sndfile(struct encoder *e)
{
    int why = e->sndfile ? sf_close(e->sndfile) : 0;

    e->sndfile = NULL;
    return why;
}

echo_status echo_encoder_finish(struct encoder *e, echo_error *err)
{
    echo_status s = ECHO_OK;
    float nothing = 0;

    if (e->how.format->by_ffmpeg) {
        if (!e->samples)
            s = echo_encoder_write(e, &nothing, 1, err);
        if (!s && !echo_filter_finish(&e->ffmpeg))
            s = ffmpeg_failed(e, err);
    } else if (e->sndfile) {
        if (!e->samples) /* some would have no header */
            s = echo_encoder_write(e, &nothing, 1, err);
        if (!s && close_sndfile(e))
            s = echo_fail(err, ECHO_ERR_MEMORY, "%s: cannot be encoded as %s", e->to->name,
                          e->how.format->about.title);
    } else if (e->how.format->header && !e->how.stream) {
        s = write_header(e, e->samples * sample_bytes(e), err);
    }
    return s ? s : echo_outlet_status(e->to, err);
}

void echo_encoder_close(struct encoder *e)
{
    close_sndfile(e);
    echo_filter_close(&e->ffmpeg);
    free(e->chunks);
    *e = (struct encoder){ 0 };
}

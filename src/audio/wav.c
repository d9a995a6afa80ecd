/* SPDX-License-Identifier: MIT */
/*
 * wav.c - WAV files: encoded in memory, then written by the one way out that files and
 * standard output share.  The same samples give the same bytes: no date gets into the file.
 */
#include <math.h>
#include <sndfile.h>
#include <stdint.h>
#include <string.h>

#include "audio/audio.h"
#include "base/error.h"
#include "base/file_out.h"
#include "base/memory.h"

#define HEADER_BYTES 4096          /* more than any WAV header libsndfile writes */
#define MAX_RIFF    0xffff0000ull /* sizes in plain WAV files have 32 bits */

/* A file in memory of at most `room` bytes. */
struct memory_file {
    unsigned char *data;
    sf_count_t bytes, capacity, at;
};

static sf_count_t memory_length(void *user)
{
    return ((struct memory_file *)user)->bytes;
}

static sf_count_t memory_tell(void *user)
{
    return ((struct memory_file *)user)->at;
}

static sf_count_t memory_seek(sf_count_t offset, int whence, void *user)
{
    struct memory_file *m = user;

    offset += whence == SEEK_CUR ? m->at : whence == SEEK_END ? m->bytes : 0;
    if (offset < 0 || offset > m->bytes)
        return -1;
    return m->at = offset;
}

static sf_count_t memory_read(void *out, sf_count_t n, void *user)
{
    struct memory_file *m = user;

    if (n > m->bytes - m->at)
        n = m->bytes - m->at;
    memcpy(out, m->data + m->at, (size_t)n);
    m->at += n;
    return n;
}

static sf_count_t memory_write(const void *data, sf_count_t n, void *user)
{
    struct memory_file *m = user;

    if (n > m->capacity - m->at)
        n = m->capacity - m->at;
    memcpy(m->data + m->at, data, (size_t)n);
    m->at += n;
    if (m->bytes < m->at)
        m->bytes = m->at;
    return n;
}

/* Rounded to nearest; libsndfile's own clipping rounds down, half a step of bias. */
static sf_count_t write_pcm16(SNDFILE *file, const float *pcm, size_t n)
{
    short block[1024];
    sf_count_t written = 0;

    for (size_t i = 0; i < n; i += sizeof block / sizeof *block) {
        size_t m = n - i < 1024 ? n - i : 1024;

        for (size_t j = 0; j < m; j++)
            block[j] = (short)lrintf(fminf(fmaxf(pcm[i + j] * 32768, -32768), 32767));
        written += sf_write_short(file, block, (sf_count_t)m);
    }
    return written;
}

static bool encode(struct memory_file *m, const float *pcm, size_t n, echo_wav_format format)
{
    SF_VIRTUAL_IO io = { memory_length, memory_seek, memory_read, memory_write, memory_tell };
    int encoding = format == ECHO_WAV_FLOAT ? SF_FORMAT_FLOAT : SF_FORMAT_PCM_16;
    SF_INFO info = { .samplerate = ECHO_SAMPLE_RATE, .channels = 1 };
    SNDFILE *file;
    sf_count_t written;

    info.format = (uint64_t)m->capacity > MAX_RIFF ? SF_FORMAT_RF64 : SF_FORMAT_WAV;
    info.format |= encoding;
    if (!(file = sf_open_virtual(&io, SFM_WRITE, &info, m)))
        return false;
    sf_command(file, SFC_SET_ADD_PEAK_CHUNK, NULL, SF_FALSE); /* it holds the time of day */
    written = format == ECHO_WAV_FLOAT ? sf_write_float(file, pcm, (sf_count_t)n)
                                       : write_pcm16(file, pcm, n);
    return !sf_close(file) && written == (sf_count_t)n;
}

echo_status echo_audio_save_wav(const char *path, const float *pcm, size_t n,
                                echo_wav_format format, echo_error *err)
{
    size_t bytes = echo_product(n, format == ECHO_WAV_FLOAT ? sizeof(float) : sizeof(short));
    struct memory_file m = { 0 };
    struct file_out *out = NULL;
    echo_status s;

    if (bytes == SIZE_MAX || !(m.data = echo_alloc(bytes + HEADER_BYTES)))
        return echo_fail_memory(err, bytes, path);
    m.capacity = (sf_count_t)(bytes + HEADER_BYTES);
    if (!encode(&m, pcm, n, format)) {
        s = echo_fail(err, ECHO_ERR_MEMORY, "%s: cannot be encoded as WAV", path);
        goto done;
    }
    if ((s = echo_out_open(&out, path, err)))
        goto done;
    echo_out_write(out, m.data, (size_t)m.bytes);
    s = echo_out_commit(&out, err);
done:
    echo_free(m.data);
    return s;
}

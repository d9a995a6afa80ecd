/* SPDX-License-Identifier: MIT */
#include "audio/flac.h"

#include <math.h>
#include <sndfile.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define BLOCK ((size_t)4096) /* samples converted at a time */
#define FULL  8388608.0f     /* 2^23, as readers have it: whole numbers come back */

/* A file in memory, which grows. */
struct memory {
    unsigned char *data;
    size_t at, bytes, room;
};

static sf_count_t length_of(void *user)
{
    return (sf_count_t)((struct memory *)user)->bytes;
}

static sf_count_t tell(void *user)
{
    return (sf_count_t)((struct memory *)user)->at;
}

static sf_count_t seek(sf_count_t offset, int whence, void *user)
{
    struct memory *m = user;

    offset += whence == SEEK_CUR ? tell(m) : whence == SEEK_END ? length_of(m) : 0;
    if (offset < 0 || offset > length_of(m))
        return -1;
    m->at = (size_t)offset;
    return offset;
}

static sf_count_t read_back(void *out, sf_count_t n, void *user)
{
    struct memory *m = user;
    size_t some = m->bytes - m->at;

    if (n < 0)
        return 0;
    if (some > (size_t)n)
        some = (size_t)n;
    memcpy(out, m->data + m->at, some);
    m->at += some;
    return (sf_count_t)some;
}

static sf_count_t write_on(const void *data, sf_count_t n, void *user)
{
    struct memory *m = user;
    size_t end = m->at + (size_t)n;

    if (end > m->room) {
        size_t room = end + end / 2 + 65536;
        unsigned char *grown = realloc(m->data, room);

        if (!grown)
            return 0;
        m->data = grown;
        m->room = room;
    }
    memcpy(m->data + m->at, data, (size_t)n);
    m->at = end;
    if (m->bytes < end)
        m->bytes = end;
    return n;
}

/* libsndfile takes whole numbers from the top of 32 bits. */
static bool write_samples(SNDFILE *f, const float *pcm, size_t n)
{
    int block[BLOCK];

    for (size_t i = 0, some; i < n; i += some) {
        some = n - i < BLOCK ? n - i : BLOCK;
        for (size_t j = 0; j < some; j++) {
            float x = rintf(pcm[i + j] * FULL);

            block[j] = (int)fminf(fmaxf(x, -FULL), FULL - 1) * 256;
        }
        if (sf_write_int(f, block, (sf_count_t)some) != (sf_count_t)some)
            return false;
    }
    return true;
}

echo_status echo_flac_make(unsigned char **out, size_t *bytes, const float *pcm, size_t n,
                           echo_error *err)
{
    SF_VIRTUAL_IO io = { length_of, seek, read_back, write_on, tell };
    SF_INFO info = { .samplerate = ECHO_SAMPLE_RATE, .channels = 1,
                     .format = SF_FORMAT_FLAC | SF_FORMAT_PCM_24 };
    struct memory m = { 0 };
    SNDFILE *f = sf_open_virtual(&io, SFM_WRITE, &info, &m);
    bool good = f && write_samples(f, pcm, n);

    *out = NULL;
    *bytes = 0;
    if (f && sf_close(f))
        good = false;
    if (!good || !echo_flac_is(m.data, m.bytes)) {
        free(m.data);
        return echo_fail_memory(err, n * 3, "a clip in FLAC");
    }
    *out = m.data;
    *bytes = m.bytes;
    return ECHO_OK;
}

bool echo_flac_is(const void *data, size_t bytes)
{
    return bytes > 4 && !memcmp(data, "fLaC", 4);
}

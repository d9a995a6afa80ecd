/* SPDX-License-Identifier: MIT */
/*
 * wav.c - the same samples give the same bytes: no date gets into the file.
 *
 * Sizes in plain WAV files have 32 bits.  Of a longer one they are in a chunk before all others
 * (RF64, EBU 3306).
 */
#include "audio/wav.h"

#include <math.h>
#include <string.h>

static unsigned char *put(unsigned char *to, const void *bytes, size_t n)
{
    memcpy(to, bytes, n);
    return to + n;
}

/* The lowest byte first. */
static unsigned char *number(unsigned char *to, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        *to++ = (unsigned char)(value >> 8 * i);
    return to;
}

static unsigned char *put_form(const struct wav *w, unsigned char *at)
{
    int bytes = w->as_float ? 4 : 2;

    at = number(put(at, "fmt ", 4), 16, 4);
    at = number(at, w->as_float ? 3 : 1, 2);
    at = number(at, 1, 2);
    at = number(at, (uint64_t)w->rate, 4);
    at = number(at, (uint64_t)(w->rate * bytes), 4);
    at = number(at, (uint64_t)bytes, 2);
    return number(at, (uint64_t)(8 * bytes), 2);
}

size_t echo_wav_header(const struct wav *w, uint64_t bytes, unsigned char *out)
{
    bool open = bytes == UINT64_MAX;
    uint64_t samples = open ? UINT32_MAX : bytes / (w->as_float ? 4 : 2);
    uint64_t plain = 12 + 24 + (w->as_float ? 12 : 0) + w->chunk_bytes + 8;
    bool large = !open && bytes > WAV_MOST - plain;
    unsigned char *at = out;

    at = put(at, large ? "RF64" : "RIFF", 4);
    at = number(at, open || large ? UINT32_MAX : plain - 8 + bytes, 4);
    at = put(at, "WAVE", 4);
    if (large) {
        at = number(put(at, "ds64", 4), WAV_GROWTH - 8, 4);
        at = number(at, plain + WAV_GROWTH - 8 + bytes, 8);
        at = number(at, bytes, 8);
        at = number(at, samples, 8);
        at = number(at, 0, 4);
    }
    at = put_form(w, at);
    if (w->as_float)
        at = number(number(put(at, "fact", 4), 4, 4), large ? UINT32_MAX : samples, 4);
    if (w->chunk_bytes)
        at = put(at, w->chunks, w->chunk_bytes);
    at = number(put(at, "data", 4), open || large ? UINT32_MAX : bytes, 4);
    return (size_t)(at - out);
}

/* libsndfile's own clipping rounds down, half a step of bias. */
void echo_pcm16(short *out, const float *pcm, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (short)lrintf(fminf(fmaxf(pcm[i] * 32768, -32768), 32767));
}

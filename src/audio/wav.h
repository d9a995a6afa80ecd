/* SPDX-License-Identifier: MIT */
/* wav.h - headers of WAV files, mono. */
#ifndef ECHO_WAV_H
#define ECHO_WAV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WAV_HEADER 128 /* bytes at most, without the chunks of the caller */
#define WAV_MOST   0xffff0000ull /* a file of more bytes needs the chunk ds64 */
#define WAV_GROWTH 36 /* bytes that this takes */

struct wav {
    int rate;
    bool as_float;
    const unsigned char *chunks; /* to stand before the samples, or NULL */
    size_t chunk_bytes;
};

/* The header for so many bytes of samples into out, of WAV_HEADER + chunk_bytes; returns its
 * length.  UINT64_MAX: the length is not known, readers go on to the end. */
size_t echo_wav_header(const struct wav *w, uint64_t bytes, unsigned char *out);

/* Rounded to nearest and clipped. */
void echo_pcm16(short *out, const float *pcm, size_t n);

#endif

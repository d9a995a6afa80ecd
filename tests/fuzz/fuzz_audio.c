/* SPDX-License-Identifier: MIT */
/*
 * fuzz_audio.c - any bytes: refused with a line, or finite samples, no more than asked for; and
 * the same of a file as of memory.
 */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "audio/audio.h"
#include "audio/loudness.h"
#include "base/error.h"
#include "base/memory.h"

#define SECONDS 2

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_samples(const float *pcm, size_t n)
{
    struct loudness level;

    ECHO_ASSERT(n <= SECONDS * ECHO_SAMPLE_RATE);
    for (size_t i = 0; i < n; i++)
        ECHO_ASSERT(isfinite(pcm[i]));
    ECHO_ASSERT(!echo_loudness(&level, pcm, n, NULL));
    ECHO_ASSERT(echo_loudness_lift(&level) >= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("input", 0);
    float *pcm = NULL, *again = NULL;
    size_t n = 1, n_again = 1;
    echo_error e = { 0 }, e_again = { 0 };
    echo_status status;
    char path[64];

    setenv("ECHOTTS_FFMPEG", "", 1); /* others' decoders are not what is tested */
    ECHO_ASSERT(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    status = echo_audio_load(&pcm, &n, path, SECONDS, &e);
    if (status)
        ECHO_ASSERT(!pcm && !n && e.status == status && strstr(e.text, path) == e.text);
    else
        check_samples(pcm, n);
    if (size) {
        ECHO_ASSERT(echo_audio_load_memory(&again, &n_again, data, size, path, SECONDS,
                                           &e_again) == status);
        ECHO_ASSERT(n == n_again && (!n || !memcmp(pcm, again, n * sizeof *pcm)));
        ECHO_ASSERT(!strcmp(e.text, e_again.text));
    }
    echo_free(pcm);
    echo_free(again);
    close(fd);
    return 0;
}

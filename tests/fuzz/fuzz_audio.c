/* SPDX-License-Identifier: MIT */
/* fuzz_audio.c - any file: refused with a line, or finite samples, no more than asked for. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "audio/audio.h"
#include "base/error.h"
#include "base/memory.h"

#define SECONDS 2

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("input", 0);
    echo_error e = { 0 };
    float *pcm = NULL;
    char path[64];
    size_t n = 1;

    ECHO_ASSERT(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (echo_audio_load(&pcm, &n, path, SECONDS, &e)) {
        ECHO_ASSERT(!pcm && !n && e.status && strstr(e.text, path) == e.text);
    } else {
        ECHO_ASSERT(n <= SECONDS * ECHO_SAMPLE_RATE);
        for (size_t i = 0; i < n; i++)
            ECHO_ASSERT(isfinite(pcm[i]));
    }
    echo_free(pcm);
    close(fd);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * signature.h - the kind of a file by its first bytes, in words for a person who handed over
 * something else than was wanted.
 */
#ifndef ECHO_SIGNATURE_H
#define ECHO_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>

#define SIGNATURE_BYTES 512 /* so many of a file's first ones are enough */

enum signature_kind {
    SIGNATURE_UNKNOWN,
    SIGNATURE_SOUND, /* of a format that is read here */
    SIGNATURE_MPEG,  /* MPEG frames without a tag, perhaps: two bytes are all there is */
    SIGNATURE_MEDIA, /* sound or video of another format */
    SIGNATURE_SAFETENSORS,
    SIGNATURE_NUMBERS, /* tensors as other programs keep them */
    SIGNATURE_POINTER, /* stands for a file that was not fetched */
    SIGNATURE_PAGE,    /* what a server sends instead of the file */
    SIGNATURE_OTHER,
};

struct signature {
    enum signature_kind kind;
    const char *what; /* "a WAV file"; NULL if unknown */
    size_t bytes;     /* that tell it: with less than 3 it may be chance */
};

/* Of the first n bytes of a file. */
struct signature echo_signature(const void *head, size_t n);

/* "a web page, not WANTED; download it again" */
void echo_signature_line(char *out, size_t size, struct signature s, const char *wanted);

#endif

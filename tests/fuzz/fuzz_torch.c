/* SPDX-License-Identifier: MIT */
/*
 * fuzz_torch.c - any bytes: refused with a line, or every number can be read, and lies in the
 * file or in a copy.  Bytes that begin as an archive are one, others the pickle in one.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "../unit/archive.h"
#include "model/checkpoint.h"
#include "weights/torch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NUMBERS 256 /* bytes of the storage "0" */

static void read_all(const uint8_t *data, size_t size)
{
    struct safetensors *f = NULL;
    echo_error e = { 0 };
    float x[64];

    if (echo_torch_parse(&f, "input", data, size, &e)) {
        ECHO_ASSERT(!f && e.status && !strncmp(e.text, "input: ", 7));
        return;
    }
    for (size_t i = 0; i < f->n; i++) {
        const struct array *a = &f->arrays[i];
        const uint8_t *p = a->data;
        bool inside = p >= data && p <= data + size;
        size_t n = a->count < 64 ? a->count : 64;

        ECHO_ASSERT(echo_safetensors_find(f, a->name) == a && a->place < f->n);
        ECHO_ASSERT(inside || f->copies);
        ECHO_ASSERT(a->bytes <= size);
        if (inside)
            ECHO_ASSERT(a->bytes <= (size_t)(data + size - p));
        if (!echo_array_is_float(a))
            continue;
        echo_array_floats(a, 0, n, x);
        echo_array_floats(a, a->count - n, n, x);
        ECHO_ASSERT(echo_array_not_finite(a) <= a->count);
    }
    for (int kind = CHECKPOINT_DIT; kind <= CHECKPOINT_CODEC; kind++) {
        char prefix[CHECKPOINT_PREFIX];

        if (echo_checkpoint_settle(f, (enum checkpoint)kind, prefix, &e))
            break;
    }
    echo_safetensors_close(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t numbers[NUMBERS];
    struct archive a;

    if (size < 2 || !memcmp(data, "PK", 2)) {
        read_all(data, size);
        return 0;
    }
    a = archive_begin(size + NUMBERS);
    ECHO_ASSERT(a.at);
    archive_add(&a, "a/data.pkl", data, size);
    archive_add(&a, "a/data/0", numbers, NUMBERS);
    archive_end(&a);
    read_all(a.at, a.bytes);
    free(a.at);
    return 0;
}

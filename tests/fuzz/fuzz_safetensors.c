/* SPDX-License-Identifier: MIT */
/* fuzz_safetensors.c - any bytes: refused with a line, or every number can be read, and names
 * can be made those of a model. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "model/checkpoint.h"
#include "weights/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct safetensors *f = NULL;
    echo_error e = { 0 };
    float x[64];

    if (echo_safetensors_parse(&f, "input", data, size, &e)) {
        ECHO_ASSERT(!f && e.status && !strncmp(e.text, "input: ", 7));
        return 0;
    }
    for (size_t i = 0; i < f->n; i++) {
        const struct array *a = &f->arrays[i];
        size_t n = a->count < 64 ? a->count : 64;

        ECHO_ASSERT(echo_safetensors_find(f, a->name) == a);
        ECHO_ASSERT((const uint8_t *)a->data >= data && a->bytes <= size);
        ECHO_ASSERT((const uint8_t *)a->data + a->bytes <= data + size);
        if (echo_array_is_panels(a))
            ECHO_ASSERT(a->dims == 2 && a->bytes == echo_array_bytes(a));
        if (a->type <= ARRAY_F16) {
            echo_array_floats(a, 0, n, x);
            echo_array_floats(a, a->count - n, n, x);
        }
    }
    if (!echo_safetensors_verify(f, &e)) /* reads all that has a checksum */
        ECHO_ASSERT(!e.status);
    else
        ECHO_ASSERT(!strncmp(e.text, "input: ", 7));
    const char *note = echo_safetensors_note(f, "echotts_packed");

    ECHO_ASSERT(!note || strlen(note) < size);
    char prefix[CHECKPOINT_PREFIX];

    e = (echo_error){ 0 };
    if (echo_checkpoint_settle(f, size % 2 ? CHECKPOINT_CODEC : CHECKPOINT_DIT, prefix, &e))
        ECHO_ASSERT(e.status && !strncmp(e.text, "input: ", 7));
    else
        for (size_t i = 0; i < f->n; i++)
            ECHO_ASSERT(echo_safetensors_find(f, f->arrays[i].name) == &f->arrays[i]);
    echo_safetensors_close(&f);
    return 0;
}

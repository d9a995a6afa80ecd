/* SPDX-License-Identifier: MIT */
/*
 * safetensors_write.c - the writer: a header of the arrays in the order given, then their data.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/panels.h"
#include "weights/safetensors.h"

#define LENGTH_BYTES 8

size_t echo_array_bytes(const struct array *a)
{
    size_t bytes = echo_array_type_size(a->type);

    if (echo_array_is_panels(a))
        return panels_bytes((int)bytes, (int)a->shape[0], (int)a->shape[1]);
    for (int i = 0; i < a->dims; i++)
        bytes = echo_product(bytes, (size_t)a->shape[i]);
    return bytes;
}

/* NULL without memory, or for a name that is not UTF-8. */
static json_t *describe(const struct array *a, size_t begin, size_t end)
{
    json_t *shape = json_array(), *entry;
    char sum[20];

    for (int i = 0; i < a->dims; i++)
        if (json_array_append_new(shape, json_integer(a->shape[i])))
            goto fail;
    entry = json_pack("{s:s, s:o, s:[I, I]}", "dtype", echo_array_type_name(a->type), "shape",
                      shape, "data_offsets", (json_int_t)begin, (json_int_t)end);
    snprintf(sum, sizeof sum, "%016llx", (unsigned long long)a->checksum);
    if (a->checksum && json_object_set_new(entry, "xxh3", json_string(sum))) {
        json_decref(entry);
        return NULL;
    }
    return entry;
fail:
    json_decref(shape);
    return NULL;
}

#define DATA_ALIGN 64 /* a panel's line is not cut by cache lines */

/* The JSON text, padded so that the data starts at a multiple of 64; for free(). */
static char *header_text(const struct array *arrays, size_t n, json_t *notes, size_t *bytes)
{
    json_t *header = json_object();
    char *text = NULL;
    size_t at = 0;

    if (notes && json_object_set(header, "__metadata__", notes))
        goto done;
    for (size_t i = 0; i < n; i++) {
        size_t end = at + echo_array_bytes(&arrays[i]);

        /* jansson keeps the order of insertion */
        if (json_object_set_new(header, arrays[i].name, describe(&arrays[i], at, end)))
            goto done;
        at = end;
    }
    *bytes = json_dumpb(header, NULL, 0, JSON_COMPACT);
    if (!*bytes || !(text = malloc(*bytes + DATA_ALIGN)))
        goto done;
    if (json_dumpb(header, text, *bytes, JSON_COMPACT) != *bytes) { /* it takes memory too */
        free(text);
        text = NULL;
        goto done;
    }
    while ((LENGTH_BYTES + *bytes) % DATA_ALIGN)
        text[(*bytes)++] = ' ';
done:
    json_decref(header);
    return text;
}

echo_status echo_safetensors_write(const char *path, const struct array *arrays, size_t n,
                                   json_t *notes, safetensors_fill *fill, void *user,
                                   echo_error *err)
{
    unsigned char length[LENGTH_BYTES];
    struct file_out *out = NULL;
    char *header;
    size_t bytes;
    echo_status s;

    for (size_t i = 0; i < n; i++)
        ECHO_ASSERT(arrays[i].type < ARRAY_OTHER && (fill || arrays[i].data));
    if (!(header = header_text(arrays, n, notes, &bytes)))
        return echo_fail_memory(err, n * sizeof *arrays, "a safetensors header");
    if ((s = echo_out_open(&out, path, err)))
        goto done;
    for (int i = 0; i < LENGTH_BYTES; i++)
        length[i] = (unsigned char)((uint64_t)bytes >> 8 * i);
    echo_out_write(out, length, sizeof length);
    echo_out_write(out, header, bytes);
    for (size_t i = 0; i < n && !echo_out_failed(out); i++) {
        if (arrays[i].data) {
            echo_out_write(out, arrays[i].data, echo_array_bytes(&arrays[i]));
        } else if (!fill(user, i, out) && !echo_out_failed(out)) {
            s = echo_fail(err, ECHO_ERR_CANCELLED, "%s: writing was cancelled", path);
            goto done;
        }
    }
    s = echo_out_commit(&out, err);
done:
    echo_out_abort(&out);
    free(header);
    return s;
}

/* SPDX-License-Identifier: MIT */
#include "engine/identity.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "base/error.h"
#include "engine/placement.h"

#define PLACES 4 /* that are looked at in a tensor: its ends, and two between */
#define SAMPLE ((size_t)64)

/* Hashes go on from the one before. */
static uint64_t add(uint64_t hash, const void *data, size_t bytes)
{
    return XXH3_64bits_withSeed(data, bytes, hash);
}

static uint64_t add_text(uint64_t hash, const char *text)
{
    return add(hash, text, strlen(text) + 1);
}

uint64_t echo_identity_latents(const echo_model *m)
{
    static const char *const names[] = { "pca_components", "pca_mean", "latent_scale" };
    uint64_t hash = 0;
    float block[256];

    for (int i = 0; i < 3; i++) {
        const struct array *a = echo_safetensors_find(m->pca_file, names[i]);

        for (size_t at = 0, n; a && echo_array_is_float(a) && at < a->count; at += n) {
            n = a->count - at < 256 ? a->count - at : 256;
            echo_array_floats(a, at, n, block);
            hash = add(hash, block, n * sizeof *block);
        }
    }
    return hash ? hash : 1;
}

void echo_identity_text(char out[IDENTITY_TEXT], uint64_t identity)
{
    snprintf(out, IDENTITY_TEXT, "%016llx", (unsigned long long)identity);
    if (!identity)
        *out = '\0';
}

echo_status echo_identity_check(const echo_model *m, const char *note, const char *path,
                                echo_error *err)
{
    char own[IDENTITY_TEXT];

    echo_identity_text(own, echo_identity_latents(m));
    if (!note || !*note || !strcmp(note, own))
        return ECHO_OK;
    return echo_fail(err, ECHO_ERR_FILE,
                     "%s: these latents are of another codec than the model's: make them again "
                     "of the recording, with this model", path);
}

static uint64_t add_array(uint64_t hash, const struct array *a)
{
    const unsigned char *data = a->data;

    hash = add_text(hash, a->name);
    hash = add(hash, &a->type, sizeof a->type);
    hash = add(hash, a->shape, (size_t)a->dims * sizeof *a->shape);
    if (a->checksum)
        return add(hash, &a->checksum, sizeof a->checksum);
    if (a->bytes <= PLACES * SAMPLE)
        return add(hash, data, a->bytes);
    for (size_t i = 0; i < PLACES; i++)
        hash = add(hash, data + (a->bytes - SAMPLE) / (PLACES - 1) * i, SAMPLE);
    return hash;
}

static uint64_t add_file(uint64_t hash, const struct safetensors *f, const char *path)
{
    struct stat st;

    for (size_t i = 0; i < f->n; i++)
        hash = add_array(hash, &f->arrays[i]);
    hash = add(hash, &f->bytes, sizeof f->bytes);
    if (!stat(path, &st))
        hash = add(hash, &st.st_mtim, sizeof st.st_mtim);
    return hash;
}

/* "cpu: avx512, 2 threads" without the threads, which change nothing. */
static uint64_t add_device(uint64_t hash, const struct device *d)
{
    return add(hash, d->name, strcspn(d->name, ","));
}

uint64_t echo_identity_encoder(const echo_model *m)
{
    const char *precision = echo_precision_name(m->precisions.codec);
    uint64_t hash = add_text(add_text(0, precision), echo_version());

    if (m->codec_device)
        hash = add_device(hash, m->codec_device);
    hash = add_file(hash, m->dac_file, m->files.dac);
    if (!m->packed)
        hash = add_file(hash, m->pca_file, m->files.pca);
    return hash;
}

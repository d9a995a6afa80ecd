/* SPDX-License-Identifier: MIT */
/*
 * synth.c - writes a random model: three lists of arrays, filled and written one after the
 * other in small blocks.
 */
#include "synth/synth.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.h"
#include "synth/names.h"
#include "synth/numbers.h"
#include "synth/recipes.h"

enum { ECHO_FILE, DAC_FILE, PCA_FILE, FILES };

static const char *const file_names[FILES] = { "echo.safetensors", "dac.safetensors",
                                               "pca.safetensors" };

static const struct model_sizes {
    const char *name;
    double latent_scale;
    struct echo_sizes echo;
    struct dac_sizes dac;
} known[] = {
    { .name = "base", /* as published */
      .latent_scale = 0.0556,
      .echo = { .latent = 80, .patch = 4, .time = 512,
                .layers = 24, .size = 2048, .heads = 16, .head = 128, .hidden = 5888,
                .rank = 256,
                .text = { 14, 1280, 10, 3328 },
                .speaker = { 14, 1280, 10, 3328 },
                .past = { 14, 1280, 10, 3328 } },
      .dac = { .strides = { 2, 4, 8, 8 },
               .encoder_width = 64, .encoder_layers = 4, .encoder_hidden = 3072,
               .encoder_positions = 16384,
               .latent = 1024, .layers = 8, .hidden = 3072, .positions = 4096,
               .code_dim = 8, .semantic_entries = 4096, .residual_entries = 1024,
               .residual_books = 9,
               .decoder_width = 1536 } },
    { .name = "small", /* as the voice that ships */
      .latent_scale = 1,
      .echo = { .latent = 80, .patch = 4, .time = 64,
                .layers = 6, .size = 128, .heads = 4, .head = 32, .hidden = 352,
                .rank = 32,
                .text = { 3, 128, 4, 352 },
                .speaker = { 2, 128, 4, 352 },
                .past = { 2, 128, 4, 352 } },
      .dac = { .strides = { 2, 4, 8, 8 },
               .encoder_width = 8, .encoder_layers = 1, .encoder_hidden = 384,
               .latent = 128, .layers = 1, .hidden = 256,
               .code_dim = 8, .semantic_entries = 1024, .residual_entries = 1024,
               .residual_books = 9,
               .decoder_width = 128 } },
};

struct synth {
    const char *dir;
    struct array_list lists[FILES];
    double latent_scale;
    struct numbers *numbers;
    struct meter meter;
    bool made_dir;
    int written; /* files, in their final place */
    char *paths[FILES];
    const struct array_list *now; /* the file being written */
};

static char *path_of(const char *dir, const char *name)
{
    size_t bytes = strlen(dir) + strlen(name) + 2;
    char *path = malloc(bytes);

    if (path)
        snprintf(path, bytes, "%s/%s", dir, name);
    return path;
}

static void list_known(struct synth *s, const struct model_sizes *z)
{
    echo_list_echo(&s->lists[ECHO_FILE], &z->echo);
    echo_list_dac(&s->lists[DAC_FILE], &z->dac);
    echo_list_pca(&s->lists[PCA_FILE], z->echo.latent, z->dac.latent);
    s->latent_scale = z->latent_scale;
}

static echo_status list_file(struct array_list *list, const char *path, echo_error *err)
{
    struct safetensors *f = NULL;
    echo_status s = echo_safetensors_open(&f, path, err);

    if (s)
        return s;
    for (size_t i = 0; i < f->n && !s; i++) {
        const struct array *a = &f->arrays[i];

        if (a->type == ARRAY_OTHER)
            s = echo_fail(err, ECHO_ERR_FILE, "%s: tensor '%.80s' has a dtype that is not made",
                          path, a->name);
        else
            echo_list_add_like(list, a);
    }
    echo_safetensors_close(&f);
    return s;
}

static echo_status list_directory(struct synth *s, const char *from, echo_error *err)
{
    for (int i = 0; i < FILES; i++) {
        char *path = path_of(from, file_names[i]);
        echo_status status = path ? list_file(&s->lists[i], path, err)
                                  : echo_fail_memory(err, 1, "a path");

        free(path);
        if (status)
            return status;
    }
    s->latent_scale = 1;
    return ECHO_OK;
}

static echo_status list_arrays(struct synth *s, const char *size, echo_error *err)
{
    struct stat st;
    bool found = false;
    echo_status status = ECHO_OK;

    for (size_t i = 0; i < sizeof known / sizeof *known && !found; i++)
        if (!strcmp(known[i].name, size)) {
            list_known(s, &known[i]);
            found = true;
        }
    if (!found && stat(size, &st))
        return echo_fail(err, ECHO_ERR_ARG,
                         "a model of size '%.200s' is not known: base, small, or the directory "
                         "of a model",
                         size);
    if (!found && (status = list_directory(s, size, err)))
        return status;
    for (int i = 0; i < FILES; i++) {
        if (s->lists[i].failed)
            return echo_fail_memory(err, s->lists[i].n * sizeof(struct array), "tensor names");
        s->meter.total += echo_list_bytes(&s->lists[i]);
    }
    return ECHO_OK;
}

/* The directory, made if missing, with room for everything. */
static echo_status prepare(struct synth *s, echo_error *err)
{
    struct statvfs fs;

    s->made_dir = !mkdir(s->dir, 0777);
    if (!s->made_dir && errno != EEXIST)
        return echo_fail(err, ECHO_ERR_FILE, "%s: cannot be made: %s", s->dir, strerror(errno));
    if (!statvfs(s->dir, &fs) && fs.f_blocks &&
        (double)fs.f_bavail * (double)fs.f_frsize < (double)s->meter.total)
        return echo_fail(err, ECHO_ERR_FILE, "%s: %.1f GB are needed, %.1f GB are free", s->dir,
                         (double)s->meter.total / 1e9,
                         (double)fs.f_bavail * (double)fs.f_frsize / 1e9);
    for (int i = 0; i < FILES; i++)
        if (!(s->paths[i] = path_of(s->dir, file_names[i])))
            return echo_fail_memory(err, 1, "a path");
    return ECHO_OK;
}

static bool fill(void *user, size_t index, struct file_out *out)
{
    struct synth *s = user;

    return echo_recipe_write(s->numbers, s->now, index, s->latent_scale, out, &s->meter);
}

echo_status echo_synthesize(const char *size, const char *dir, uint64_t seed,
                            bool (*progress)(void *user, double done), void *user,
                            echo_error *err)
{
    struct synth s = { .dir = dir, .meter = { .progress = progress, .user = user } };
    echo_status status;

    if ((status = list_arrays(&s, size, err)) ||
        (status = echo_numbers_open(&s.numbers, seed, err)) ||
        (status = prepare(&s, err)))
        goto done;
    for (; s.written < FILES; s.written++) {
        s.now = &s.lists[s.written];
        status = echo_safetensors_write(s.paths[s.written], s.now->arrays, s.now->n, NULL, fill,
                                        &s, err);
        if (status)
            goto done;
    }
done:
    while (status && s.written > 0)
        unlink(s.paths[--s.written]);
    if (status && s.made_dir)
        rmdir(dir);
    echo_numbers_close(&s.numbers);
    for (int i = 0; i < FILES; i++) {
        echo_list_free(&s.lists[i]);
        free(s.paths[i]);
    }
    return status;
}

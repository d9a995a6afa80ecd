/* SPDX-License-Identifier: MIT */
/* model.c - the model to measure; for who has none a random, temporary one. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench.h"
#include "echotts_dev.h"
#include "common/failure.h"

/* Makes the directory, and says in dir which. */
static echo_status make_directory(char *dir, size_t size, echo_error *err)
{
    const char *parent = getenv("TMPDIR");

    if (!parent || !*parent)
        parent = "/tmp";
    if ((size_t)snprintf(dir, size, "%s/echotts-bench-XXXXXX", parent) >= size)
        errno = ENAMETOOLONG;
    else if (mkdtemp(dir))
        return ECHO_OK;
    return echo_fail(err, ECHO_ERR_FILE, "%.200s: no directory can be made there: %s", parent,
                     strerror(errno));
}

static void remove_directory(const char *dir)
{
    DIR *d = opendir(dir);
    struct dirent *entry;

    if (!d)
        return;
    while ((entry = readdir(d)))
        unlinkat(dirfd(d), entry->d_name, 0);
    closedir(d);
    rmdir(dir);
}

/* The model in every place.  All stay open, so that they can be measured in turns. */
static echo_status open_all(struct bench *b, const char *path, echo_error *err)
{
    echo_status status = ECHO_OK;

    for (int i = 0; i < b->n_places && !status; i++) {
        struct bench_place *p = &b->places[i];
        struct common common = b->common;

        common.model = path;
        common.device = p->device;
        common.codec_device = p->codec_device;
        status = runtime_open(&p->runtime, &common, err);
        p->info = p->runtime.info;
        if (b->n_places > 1 && (status == ECHO_ERR_DEVICE || status == ECHO_ERR_ARG)) {
            echo_error why = *err;

            echo_fail(err, status, "%s: %s", p->name, why.text);
        }
    }
    return status;
}

/* It is taken away as soon as it is open, which its mapped files survive: nothing is left
 * behind, however the program ends. */
static echo_status open_random(struct bench *b, echo_error *err)
{
    struct progress *bar = &b->places[0].runtime.bar;
    char dir[4096];
    echo_status status;

    if (make_directory(dir, sizeof dir, err))
        return err->status;
    progress_open(bar, b->common.quiet);
    status = echo_model_synthesize(b->synthetic, dir, 0, progress_write, bar, err);
    progress_clear(bar);
    if (!status)
        status = open_all(b, dir, err);
    remove_directory(dir);
    return status;
}

echo_status bench_models_open(struct bench *b, echo_error *err)
{
    echo_status status =
        b->synthetic ? open_random(b, err) : open_all(b, b->common.model, err);

    if (status)
        return status;
    for (int i = 0; i < b->n_places && b->synthetic; i++)
        b->places[i].info.path = strcmp(b->synthetic, "base") ? "synthetic small"
                                                              : "synthetic base";
    if (!b->frames && !b->blocks.n)
        b->frames = echo_params_default(b->places[0].runtime.model).sequence_length;
    b->threads = b->common.threads ? b->common.threads : b->machine.cores;
    return ECHO_OK;
}

void bench_models_close(struct bench *b)
{
    for (int i = 0; i < b->n_places; i++) {
        for (int k = 0; k < BENCH_LISTED; k++)
            echo_voice_close(&b->places[i].voices[k].voice);
        runtime_close(&b->places[i].runtime);
    }
}

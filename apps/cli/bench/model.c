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

/* It is taken away as soon as it is open, which its mapped files survive: nothing is left
 * behind, however the program ends. */
static echo_status open_random(struct bench *b, struct runtime *e, echo_error *err)
{
    struct common common = b->common;
    char dir[4096];
    echo_status status;

    if (make_directory(dir, sizeof dir, err))
        return err->status;
    progress_open(&e->bar, common.quiet);
    status = echo_model_synthesize(b->synthetic, dir, 0, progress_write, &e->bar, err);
    progress_clear(&e->bar);
    common.model = dir;
    if (!status)
        status = runtime_open(e, &common, err);
    remove_directory(dir);
    return status;
}

echo_status bench_model_open(struct bench *b, struct runtime *e, echo_error *err)
{
    echo_status status =
        b->synthetic ? open_random(b, e, err) : runtime_open(e, &b->common, err);

    if (status)
        return status;
    b->info = e->info;
    if (b->synthetic)
        b->info.path = strcmp(b->synthetic, "base") ? "synthetic small" : "synthetic base";
    if (!b->frames)
        b->frames = echo_params_default(e->model).sequence_length;
    b->threads = b->common.threads ? b->common.threads : b->machine.cores;
    return ECHO_OK;
}

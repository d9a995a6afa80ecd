/* SPDX-License-Identifier: MIT */
/* pack.c - a model in one file, ready for use in place. */
#include <string.h>
#include <sys/stat.h>

#include "clock.h"
#include "commands.h"
#include "failure.h"
#include "output.h"
#include "progress.h"

struct pack {
    struct common common;
    const char *output;
    struct progress bar;
};

#define AT(field) offsetof(struct pack, field)

static const struct option own_options[] = {
    { "output", 'o', OPTION_STRING, AT(output), "FILE.echo", "the file to write", NO_RANGE },
    { 0 },
};

static const struct option_group groups[] = {
    { "Packing", own_options },
    { "Model", common_model_options },
    { "Other", common_options },
    { 0 },
};

static echo_status run(void *job, echo_error *err)
{
    struct pack *pack = job;
    echo_model_opts opts = { .threads = pack->common.threads,
                             .precision = pack->common.precision,
                             .codec_precision = pack->common.codec_precision,
                             .progress = progress_pack,
                             .user = &pack->bar };
    double began = clock_now();
    struct stat st;
    echo_status status;

    if (!pack->output)
        return failure(err, ECHO_ERR_ARG, "nowhere to write to: give -o FILE.echo");
    if (output_check_named(pack->output, err))
        return err->status;
    progress_open(&pack->bar, pack->common.quiet);
    status = echo_model_pack(pack->common.model, pack->output, &opts, err);
    progress_clear(&pack->bar);
    if (!status && !stat(pack->output, &st))
        progress_done(&pack->bar, "%s  %.2f GB in %.1f s", pack->output,
                      (double)st.st_size / 1e9, clock_now() - began);
    return status;
}

const struct command pack_command = {
    .name = "pack",
    .synopsis = "[-m DIR] --precision bf16|int8 -o FILE.echo [options]",
    .summary = "put a model into one file that is ready for use (-m FILE.echo)",
    .job_size = sizeof(struct pack),
    .groups = groups,
    .run = run,
};

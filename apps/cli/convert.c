/* SPDX-License-Identifier: MIT */
/* convert.c - a checkpoint as trainers save it to one plain safetensors file. */
#include <string.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "commands.h"
#include "common/failure.h"
#include "common/output.h"
#include "progress.h"
#include "runtime.h"

struct convert {
    struct common common;
    const char *input, *output, *dtype;
    struct runtime runtime;
};

#define AT(field) offsetof(struct convert, field)

static const struct option own_options[] = {
    { .name = "output", .letter = 'o', .kind = OPTION_STRING, .at = AT(output),
      .value = "OUT.safetensors", .once = true,
      .help = "the file to write" },
    { .name = "dtype", .kind = OPTION_STRING, .at = AT(dtype), .value = "TYPE",
      .values = "keep,f32,bf16,f16",
      .help = "what floats are stored as (default: keep)" },
    { 0 },
};

static const struct option_group groups[] = {
    { "Converting", own_options },
    { "Other", common_options },
    { 0 },
};

static void print_log(void *user, echo_log_level level, const char *line)
{
    struct convert *convert = user;

    if (level == ECHO_LOG_WARNING)
        runtime_warn(&convert->runtime, "%s", line);
    else if (convert->runtime.bar.shown)
        runtime_note(&convert->runtime, "%s", line);
}

static bool write_part(void *user, double done)
{
    return progress_write(&((struct convert *)user)->runtime.bar, done);
}

static echo_status check(const struct convert *convert, echo_error *err)
{
    if (!convert->common.word)
        return echo_fail(err, ECHO_ERR_ARG, "nothing to convert: give a checkpoint (*.pt or "
                                            "*.safetensors)");
    if (!convert->output)
        return echo_fail(err, ECHO_ERR_ARG, "nowhere to write to: give -o OUT.safetensors");
    if (!strcmp(convert->output, "-"))
        return echo_fail(err, ECHO_ERR_ARG, "a model goes to a file, not to standard output");
    return output_check(convert->output, err);
}

static echo_status run(void *job, echo_error *err)
{
    struct convert *convert = job;
    struct runtime *e = &convert->runtime;
    echo_convert_opts opts = { .dtype = convert->dtype, .progress = write_part,
                               .log = print_log, .user = convert };
    double began = clock_now();
    struct stat st;
    echo_status status;

    if (check(convert, err))
        return err->status;
    progress_open(&e->bar, convert->common.quiet);
    status = echo_model_convert(convert->common.word, convert->output, &opts, err);
    progress_clear(&e->bar);
    if (status || stat(convert->output, &st))
        return status;
    progress_done(&e->bar, "%s  %.2f GB in %.1f s", convert->output, (double)st.st_size / 1e9,
                  clock_now() - began);
    return ECHO_OK;
}

static const struct example examples[] = {
    { "convert echo_step1000.pt -o echo.safetensors",
      "beside dac.safetensors and pca.safetensors it is a model" },
    { "convert echo.safetensors -o half.safetensors --dtype bf16", "half as large" },
    { 0 },
};

const struct command convert_command = {
    .name = "convert",
    .word = "checkpoint",
    .words = "FILE",
    .synopsis = "IN -o OUT.safetensors [options]",
    .summary = "write a checkpoint (*.pt, or in shards) as one plain safetensors file",
    .details = "Prefixes of tensor names are taken off. Optimizers and other tensors are left "
               "out. Nothing in a PyTorch file is executed.",
    .examples = examples,
    .job_size = sizeof(struct convert),
    .groups = groups,
    .run = run,
};
